"""Downloads over a local server: one entry an address, complete or not there, the right hash."""

import hashlib
import multiprocessing
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from mmcontrast.weights import load_checkpoint
from mmcontrast.weights.download import DownloadError, download, expected_hash

CONTENT = {"/a/w.pth": b"first", "/b/w.pth": b"second", "/a/w.pth?v=2": b"third"}
SHA = hashlib.sha256(b"hashed").hexdigest()
RIGHT, WRONG = f"/w-{SHA[:8]}.pth", "/w-0123abcd.pth"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        content = self.server.content.get(self.path)
        if content is None:
            self.send_error(404)
            return
        time.sleep(self.server.delay)
        self.send_response(200)
        missing = 100 if "broken" in self.path else 0
        self.send_header("Content-Length", str(len(content) + missing))
        self.end_headers()
        if self.path == "/slow.pth" and not self.server.halfway.is_set():
            self.wfile.write(content[:2])
            self.wfile.flush()
            self.server.halfway.set()
            self.server.killed.wait(10)
            return
        self.wfile.write(content)

    def log_message(self, *_):
        return


@pytest.fixture
def server(tmp_path):
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path / "hub")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.delay = [], 0
    server.halfway, server.killed = threading.Event(), threading.Event()
    server.content = {**CONTENT, RIGHT: b"hashed", WRONG: b"other", "/broken.pth": b"half"}
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    yield server
    torch.hub.set_dir(before)
    server.shutdown()
    thread.join()
    server.server_close()


def cached(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_addresses_with_the_same_file_name_have_entries_of_their_own(server):
    for _ in range(2):
        for path, content in CONTENT.items():
            assert download(server.url + path).read_bytes() == content
            assert download(server.url + path).name == "w.pth"
    assert server.requests == list(CONTENT)


def test_without_a_network_the_cache_is_enough(server):
    paths = [download(server.url + path) for path in ("/a/w.pth", RIGHT)]
    server.content.clear()
    assert paths == [download(server.url + path) for path in ("/a/w.pth", RIGHT)]
    with pytest.raises(DownloadError, match=r"/b/w\.pth cannot be downloaded: .*404.*give its"):
        download(f"{server.url}/b/w.pth")


def test_a_wrong_hash_is_not_kept(server, tmp_path):
    actual = hashlib.sha256(b"other").hexdigest()[:8]
    with pytest.raises(DownloadError, match=f"{WRONG} .*begins with {actual}, .* be 0123abcd"):
        download(server.url + WRONG)
    assert cached(tmp_path) == []
    path = download(server.url + RIGHT)
    path.write_bytes(b"damaged on the disk")
    assert download(server.url + RIGHT) == path and path.read_bytes() == b"hashed"


def test_a_file_that_torch_has_downloaded_is_taken_if_its_hash_is_right(server, tmp_path):
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    (folder / RIGHT[1:]).write_bytes(b"hashed")
    (folder / "w.pth").write_bytes(b"of another address")
    assert download(server.url + RIGHT) == folder / RIGHT[1:]
    assert server.requests == []
    assert download(f"{server.url}/a/w.pth").read_bytes() == b"first"


def test_a_download_that_broke_off_is_not_kept(server, tmp_path):
    with pytest.raises(DownloadError, match="broke off after 4 of 104 bytes"):
        download(f"{server.url}/broken.pth")
    assert cached(tmp_path) == []


def test_a_kill_in_the_middle_leaves_nothing_that_is_used(server, tmp_path):
    server.content["/slow.pth"] = b"whole"
    url = f"{server.url}/slow.pth"
    process = multiprocessing.get_context("fork").Process(target=download, args=[url])
    process.start()
    assert server.halfway.wait(30)
    process.kill()
    process.join()
    server.killed.set()
    assert download(url).read_bytes() == b"whole"
    assert [path.name for path in cached(tmp_path)] == ["slow.pth"]


def test_a_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "hub").write_text("")
    with pytest.raises(DownloadError, match=r"cannot be downloaded: .*hub"):
        download(f"{server.url}/a/w.pth")


def test_a_web_page_is_no_file(server, tmp_path):
    server.content["/w.pth"] = b"\n<!doctype html>"
    with pytest.raises(DownloadError, match="answers with a web page"):
        download(f"{server.url}/w.pth")
    assert cached(tmp_path) == []


def test_several_processes_download_once(server):
    server.delay = 0.3
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    def ask():
        queue.put(download(f"{server.url}/a/w.pth").read_bytes())

    processes = [context.Process(target=ask) for _ in range(3)]
    for process in processes:
        process.start()
    assert [queue.get(timeout=60) for _ in processes] == [b"first"] * 3
    for process in processes:
        process.join()
    assert server.requests == ["/a/w.pth"]


def test_a_checkpoint_with_a_query_behind_its_name(server, tmp_path):
    from safetensors.torch import save

    server.content["/w.safetensors?download=true"] = save(dict(w=torch.ones(2)))
    content = load_checkpoint(f"{server.url}/w.safetensors?download=true")
    assert content["state_dict"]["w"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet50-0676ba61.pth", "0676ba61"),
        ("a_20200130-047c8118.pth", "047c8118"),
        ("a-0123abcd.pth.tar", "0123abcd"),
        ("a-20200130.pth", ""),
        ("a-20200130142353.pth", ""),
        ("a-abc.pth", ""),
        ("resnet50.pth", ""),
    ],
)
def test_hashes_in_names(name, expected):
    assert expected_hash(name) == expected
