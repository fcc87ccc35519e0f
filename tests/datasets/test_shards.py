import io
import re
import tarfile
from itertools import chain

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from mmcontrast.datasets import collate
from mmcontrast.datasets.shards.counting import settle_number
from mmcontrast.registry import DATASETS
from tests.datasets.conftest import photo

pytest.importorskip("webdataset")

PIPELINE = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", size=16),
    dict(type="PackInputs"),
]


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def shards(tmp_path):
    """Four tar files of six images each, labeled by their number."""
    for shard in range(4):
        with tarfile.open(tmp_path / f"train-{shard}.tar", "w") as tar:
            for number in range(6):
                buffer = io.BytesIO()
                Image.fromarray(photo(40, 30, shard * 6 + number)).save(buffer, "JPEG")
                add(tar, f"{shard}{number}.jpg", buffer.getvalue())
                add(tar, f"{shard}{number}.cls", str(shard * 6 + number).encode())
    return str(tmp_path / "train-{0..3}.tar")


def dataset_of(shards, **kwargs):
    config = dict(type="TarShards", shards=shards, pipeline=PIPELINE, batch_size=2)
    return DATASETS.build(config | dict(shuffle_buffer=4) | kwargs)


def loader_of(dataset, workers=0, **kwargs):
    return DataLoader(
        dataset, batch_size=2, num_workers=workers, collate_fn=collate, drop_last=True, **kwargs
    )


def flat(lists):
    return list(chain.from_iterable(lists))


def labels(loader):
    return [[s["label"] for s in batch["data_samples"]] for batch in loader]


def test_an_epoch_has_every_image_once_and_ends(shards):
    dataset = dataset_of(shards)
    loader = loader_of(dataset)
    assert dataset.num_samples == 24 and len(dataset) == 24 and len(loader) == 12
    seen = flat(labels(loader))
    assert sorted(seen) == list(range(24)) and seen != list(range(24))
    sample = next(iter(dataset))
    assert sample["inputs"]["view0"].shape == (3, 16, 16)
    assert sample["data_sample"]["path"].split("/")[-2].startswith("train-")


def test_epochs_differ_and_repeat_exactly(shards):
    dataset = dataset_of(shards, seed=1)
    first = labels(loader_of(dataset))
    dataset.set_epoch(1)
    second = labels(loader_of(dataset))
    assert first != second and sorted(flat(second)) == list(range(24))
    dataset.set_epoch(0)
    assert labels(loader_of(dataset)) == first
    assert labels(loader_of(dataset_of(shards, seed=2))) != first


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("done", [1, 2, 5])
def test_resumed_in_the_middle_equals_uninterrupted(shards, workers, done):
    whole = list(loader_of(dataset_of(shards), workers))
    dataset = dataset_of(shards)
    dataset.set_epoch(0)
    dataset.start = done * 2
    rest = list(loader_of(dataset, workers))
    assert len(rest) == 12 - done
    for expected, found in zip(whole[done:], rest, strict=True):
        assert expected["data_samples"] == found["data_samples"]
        assert torch.equal(expected["inputs"]["view0"], found["inputs"]["view0"])


def test_two_workers_share_the_shards(shards):
    loader = loader_of(dataset_of(shards), 2)
    assert len(loader) == 12
    assert sorted(flat(labels(loader))) == list(range(24))


def test_persistent_workers_see_the_next_epoch(shards):
    dataset = dataset_of(shards)
    loader = loader_of(dataset, 1, persistent_workers=True)
    first = labels(loader)
    dataset.set_epoch(1)
    assert labels(loader) != first


def test_processes_share_the_shards(shards, monkeypatch):
    seen = []
    for rank in range(2):
        monkeypatch.setattr("mmcontrast.datasets.shards.get_dist_info", lambda rank=rank: (rank, 2))
        dataset = dataset_of(shards)
        assert len(dataset) == 12
        seen += flat(labels(loader_of(dataset)))
    assert sorted(seen) == list(range(24))


def test_a_image_looks_the_same_whoever_reads_it(shards):
    def images(workers):
        loader = loader_of(dataset_of(shards), workers)
        return {
            sample["label"]: view
            for batch in loader
            for view, sample in zip(batch["inputs"]["view0"], batch["data_samples"], strict=True)
        }

    alone, shared = images(0), images(2)
    assert all(torch.equal(alone[label], shared[label]) for label in range(24))


def test_unreadable_images(shards, tmp_path):
    with tarfile.open(tmp_path / "train-2.tar", "a") as tar:
        add(tar, "bad.jpg", b"no image")
        add(tar, "text.txt", b"a sample without an image")
    with pytest.raises(OSError, match=r"train-2\.tar/(bad|text).*on_error='skip'"):
        list(dataset_of(shards, num_samples=26))
    samples = [s["data_sample"] for s in dataset_of(shards, num_samples=26, on_error="skip")]
    skipped = flat(s.get("skipped", []) for s in samples)
    assert len(samples) == 26
    assert {path.split("/")[-1] for path in skipped} == {"bad.jpg", "text"}


@pytest.mark.parametrize("damage", ["header", "cut in a header"])
def test_a_damaged_header_is_named(shards, tmp_path, damage):
    path = tmp_path / "train-2.tar"
    with tarfile.open(path) as tar:
        offset = tar.getmember("23.jpg").offset
    content = bytearray(path.read_bytes())
    content[offset + 150] ^= 255  # in the checksum of the header
    path.write_bytes(content if damage == "header" else content[: offset + 200])
    message = rf"the header at byte {offset} of \S*train-2\.tar is damaged"
    with pytest.raises(ValueError, match=f"{message}.*on_error='skip'"):
        dataset_of(shards)
    # Reading continues at the next header.
    expected = [*range(15), *range(16 if damage == "header" else 18, 24)]
    dataset = dataset_of(shards, on_error="skip", batch_size=len(expected), shuffle_buffer=1)
    assert dataset.num_samples == len(expected)
    samples = [sample["data_sample"] for sample in dataset]
    assert sorted(sample["label"] for sample in samples) == expected
    assert re.search(message, " ".join(flat(s.get("skipped", []) for s in samples)))


@pytest.mark.parametrize("local", [True, False])
def test_every_damaged_header_loses_its_sample_only(shards, tmp_path, local):
    path = tmp_path / "train-2.tar"
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        for name in ("20.jpg", "22.cls", "24.jpg", "25.cls"):
            content[tar.getmember(name).offset + 3] ^= 1
    path.write_bytes(content)
    names = shards if local else f"pipe:cat {shards}"
    expected = sorted({*range(24)} - {12, 14, 16, 17})
    settings = dict(batch_size=20, shuffle_buffer=1, num_samples=None if local else 20)
    dataset = dataset_of(names, on_error="skip", **settings)
    assert dataset.num_samples == 20
    samples = [sample["data_sample"] for sample in dataset]
    assert sorted(sample["label"] for sample in samples) == expected
    with pytest.raises(OSError, match=r"byte 0 of .*train-2\.tar is damaged.*on_error='skip'"):
        dataset.on_error = "raise"  # as if the shard were damaged after it was counted
        list(dataset)


def test_num_samples_is_compared_with_the_shards(shards, tmp_path, caplog):
    message = r"num_samples=30 is 7\.5 in each shard, but 24 samples are counted in 4 shards \(6 in"
    with pytest.raises(ValueError, match=message):
        dataset_of(shards, num_samples=30)
    assert dataset_of(shards, num_samples=30, on_error="skip").num_samples == 24
    assert dataset_of(shards, num_samples=20).num_samples == 20
    path = tmp_path / "train-2.tar"
    path.write_bytes(path.read_bytes()[:5120])  # between two members, which is no damage
    with pytest.raises(ValueError, match=r"num_samples=24 .* 20 samples .*\(2 in \S*train-2\.tar"):
        settle_number([str(tmp_path / f"train-{i}.tar") for i in range(4)], 24, "raise")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"train-2\.tar is empty"),
        (b"<html>not found</html>", r"train-2\.tar is not a complete tar file"),
        (bytes(10240), r"train-2\.tar has no members"),
        (None, r"train-2\.tar ends within \S+, whose header is at byte \d+"),
    ],
)
@pytest.mark.parametrize("local", [True, False])
def test_shards_that_are_not_tar_files(shards, tmp_path, content, message, local):
    path = tmp_path / "train-2.tar"
    path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    settings = dict(batch_size=18, shuffle_buffer=1, num_samples=None if local else 18)
    names = shards if local else f"pipe:cat {shards}"
    with pytest.raises(ValueError if local else OSError, match=f"{message}.*on_error='skip'"):
        list(dataset_of(names, **settings))
    samples = [s["data_sample"] for s in dataset_of(names, on_error="skip", **settings)]
    assert re.search(message, " ".join(flat(s.get("skipped", []) for s in samples)))


def test_a_pipe_without_a_sample_ends(shards):
    dataset = dataset_of("pipe:exit 3", num_samples=2, on_error="skip")
    with pytest.raises(OSError, match="no sample can be read from pipe:exit 3"):
        next(iter(dataset))


def test_a_label_that_is_no_number_is_named(shards, tmp_path):
    with tarfile.open(tmp_path / "one.tar", "w") as tar:
        for number in (0, 1):
            add(tar, f"{number}.jpg", b"an image")
            add(tar, f"{number}.cls", b"7" if number else b"dog")
    with pytest.raises(OSError, match=r"one\.tar/0: its label is b'dog', which is not an integer"):
        list(dataset_of(str(tmp_path / "one.tar"), shuffle_buffer=1))


def test_a_plain_tar_without_labels(folder, tmp_path):
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.add(folder, "photos")
    samples = list(dataset_of(str(tmp_path / "all.tar")))
    assert len(samples) == 6 and "label" not in samples[0]["data_sample"]


def test_clear_errors(shards, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-4\.tar does not exist"):
        dataset_of(str(tmp_path / "train-{0..4}.tar"))
    with pytest.raises(ValueError, match="give num_samples"):
        dataset_of("https://example.org/a.tar")
    with pytest.raises(ValueError, match="24 samples are less than a batch of 32"):
        dataset_of(shards, batch_size=32)
    with pytest.raises(ValueError, match="on_error is 'raise' or 'skip', got 'ignore'"):
        dataset_of(shards, on_error="ignore")
    with pytest.raises(ValueError, match="must be that of the data loader"):
        dataset_of(shards).start = 3
    with pytest.raises(ValueError, match="4 shards are too few for 5 readers"):
        next(dataset_of(shards)._stream(0, 4, 5))
    (tmp_path / "broken.tar").write_bytes(b"x" * 2000)
    with pytest.raises(ValueError, match=r"broken\.tar is not a complete tar file"):
        dataset_of(str(tmp_path / "broken.tar"))
