"""Features without a Runner are those of the project's evaluation."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmcontrast.apis import FeatureExtractor
from mmcontrast.datasets.collate import collate
from mmcontrast.datasets.video import open_video
from mmcontrast.registry import DATASETS, MODELS
from mmcontrast.utils.errors import UserError
from tests.toy import ROOT, write_config


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A config, a checkpoint of its untrained method, and 24 images of two classes."""
    folder = tmp_path_factory.mktemp("toy")
    config = write_config(folder)
    cfg = Config.fromfile(config)
    torch.manual_seed(1)
    method = MODELS.build(cfg.model)
    checkpoint = folder / "epoch_1.pth"
    torch.save(dict(state_dict=method.state_dict(), meta=dict(cfg=cfg.pretty_text)), checkpoint)
    return config, checkpoint, folder / "images"


@pytest.fixture(scope="module")
def extractor(toy):
    return FeatureExtractor(toy[1], toy[0], device="cpu", batch_size=5)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in ((40, 60, 3), (50, 33, 3))]


def test_a_folder_gives_what_evaluation_sees(toy, extractor):
    cfg = Config.fromfile(toy[0])
    dataset = DATASETS.build(cfg.test_dataloader.dataset.datasets[0])
    batch = collate([dataset[i] for i in range(len(dataset))])
    method = MODELS.build(cfg.model)
    method.load_state_dict(torch.load(toy[1])["state_dict"])
    expected = method.extract(method.data_preprocessor(batch)["inputs"])

    found = extractor(toy[2])
    assert found["global"].shape == (24, 24) and found["dense"].shape == (24, 24, 2, 2)
    torch.testing.assert_close(found["global"], expected["global"])
    torch.testing.assert_close(found["dense"], expected["dense"])
    assert [sample["path"] for sample in found["data_samples"]] == [
        sample["path"] for sample in batch["data_samples"]
    ]
    torch.testing.assert_close(extractor(dataset)["global"], expected["global"])


def test_every_form_of_a_image_gives_the_same(extractor, arrays, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(arrays[0]).save(path)
    expected = extractor(path)["global"]
    forms = [
        str(path), [path], arrays[0], arrays[0][None], arrays[:1],
        torch.from_numpy(arrays[0]).permute(2, 0, 1),
        torch.from_numpy(arrays[0]).permute(2, 0, 1)[None],
        extractor.pipeline(dict(path=str(path))), Image.open(path), [Image.fromarray(arrays[0])],
    ]  # fmt: skip
    for form in forms:
        torch.testing.assert_close(extractor(form)["global"], expected)
    # What is normalized already goes to the network as it is.
    view = extractor.pipeline(dict(path=str(path)))["inputs"]["view0"].float()
    mean, std = extractor.data_preprocessor.mean, extractor.data_preprocessor.std
    prepared = (view - mean[:, None, None]) / std[:, None, None]
    for dtype in (torch.float32, torch.float64):
        for form in (prepared.to(dtype), [prepared.to(dtype)], prepared.to(dtype)[None]):
            torch.testing.assert_close(extractor(form)["global"], expected)
    half = extractor(prepared.half())["global"]
    torch.testing.assert_close(half, expected, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("1", "png"), ("L", "png"), ("LA", "png"), ("P", "png"), ("RGBA", "png"), ("I;16", "png"),
     ("CMYK", "tif"), ("LAB", "tif")],
)  # fmt: skip
def test_pillow_images_of_any_mode_are_those_of_files(extractor, arrays, tmp_path, mode, suffix):
    if mode == "I;16":
        image = Image.fromarray(arrays[0][..., 0].astype(np.uint16) * 257)
    elif mode == "LAB":
        image = Image.frombytes("LAB", (60, 40), arrays[0].tobytes())
    else:
        image = Image.fromarray(arrays[0]).convert(mode)
    path = tmp_path / f"a.{suffix}"
    image.save(path)
    with Image.open(path) as opened:
        assert torch.equal(extractor(opened)["global"], extractor(path)["global"])
    torch.testing.assert_close(extractor([image])["global"], extractor(path)["global"])


def test_a_pillow_image_is_turned_upright(extractor, arrays, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png"):
        path = tmp_path / name
        Image.fromarray(arrays[0]).save(path, exif=exif)
        with Image.open(path) as opened:
            (sample,) = extractor(opened)["data_samples"]
            assert sample["view0"]["size"] == (40, 60)
            torch.testing.assert_close(extractor(opened)["global"], extractor(path)["global"])


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize(("num_frames", "frames"), [(1, [[5], [15], [22]]), (2, None)])
def test_features_over_time(toy, tmp_path, num_workers, num_frames, frames):
    """25 frames at 10 a second: windows of 1, 1 and 0.5 s, against frames picked by hand."""
    pytest.importorskip("av", reason="needs the extra 'video'")
    from tests.datasets.video.files import write_video

    write_video(tmp_path / "a.mp4", "mpeg4", length=25, rate=10)
    with open_video(str(tmp_path / "a.mp4")) as video:
        decoded = video.read_all()
    extractor = FeatureExtractor(
        toy[1], toy[0], device="cpu", batch_size=3, num_workers=num_workers
    )
    result = extractor.over_time(tmp_path / "a.mp4", window_seconds=1, num_frames=num_frames)
    frames = frames or [[2, 7], [12, 17], [21, 23]]
    for row, numbers in enumerate(frames):
        expected = extractor(decoded[numbers])
        for name in ("global", "dense"):
            torch.testing.assert_close(result[name][row], expected[name].mean(dim=0))
    assert len(result["global"]) == len(result["data_samples"]) == 3
    samples = result["data_samples"]
    assert [(s["index"], s["start"], round(s["end"], 3)) for s in samples] == [
        (0, 0, 1), (1, 1, 2), (2, 2, 2.5),
    ]  # fmt: skip
    assert samples[0]["path"] == str(tmp_path / "a.mp4")
    assert "dense" not in extractor.over_time(tmp_path / "a.mp4", dense=False)


def test_errors_of_videos(extractor, tmp_path):
    pytest.importorskip("av", reason="needs the extra 'video'")
    with pytest.raises(UserError, match=r"nowhere\.mp4"):
        extractor.over_time("nowhere.mp4")
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"a\.mp4"):
        extractor.over_time(tmp_path / "a.mp4")
    with pytest.raises(UserError, match="window_seconds is positive and num_frames at least 1"):
        extractor.over_time("a.mp4", num_frames=0)


def test_data_samples_tell_what_was_seen(extractor, arrays):
    seen = [sample["view0"] for sample in extractor(arrays)["data_samples"]]
    assert seen[0]["size"] == (60, 40) and seen[0]["box"] == pytest.approx((10, 0, 50, 40))
    assert seen[1]["size"] == (33, 50) and not seen[1]["flip"]


def test_without_a_config_file_that_in_the_checkpoint_counts(toy, extractor):
    alone = FeatureExtractor(toy[1], device="cpu")
    torch.testing.assert_close(alone(toy[2])["global"], extractor(toy[2])["global"])


def test_a_larger_size_gives_a_finer_map(toy, arrays):
    large = FeatureExtractor(toy[1], toy[0], device="cpu", size=64)
    assert large(arrays[0])["dense"].shape == (1, 24, 4, 4)
    assert "dense" not in large(arrays[0], dense=False)


def test_the_untrained_network_is_the_same_each_time(toy, extractor, arrays):
    first, second = (FeatureExtractor(None, toy[0], device="cpu")(arrays) for _ in range(2))
    assert torch.equal(first["global"], second["global"])
    assert not torch.allclose(first["global"], extractor(arrays)["global"])
    with pytest.raises(UserError, match="needs a config"):
        FeatureExtractor(None)


@pytest.mark.parametrize("num_workers", [0, 3])
def test_a_stream_keeps_order_and_reads_no_further_than_asked(toy, num_workers):
    asked = []

    def images():
        for value in range(1000):
            asked.append(value)
            yield np.full((32, 32, 3), value % 256, np.uint8)

    extractor = FeatureExtractor(
        toy[1], toy[0], device="cpu", batch_size=2, num_workers=num_workers
    )
    stream = extractor.stream(images(), dense=False)
    batches = [next(stream) for _ in range(5)]
    indices = [sample["index"] for batch in batches for sample in batch["data_samples"]]
    assert indices == list(range(10))
    # Workers ask in their own processes.
    assert len(asked) <= 10
    all_at_once = extractor([np.full((32, 32, 3), value, np.uint8) for value in range(10)])
    joined = torch.cat([batch["global"] for batch in batches])
    torch.testing.assert_close(joined, all_at_once["global"])


def test_evaluation_mode_and_no_gradient(extractor, arrays):
    before = {name: value.clone() for name, value in extractor.backbone.state_dict().items()}
    assert not extractor(arrays)["dense"].requires_grad
    for name, value in extractor.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("num_workers", [0, 2])
def test_unreadable_images(toy, arrays, tmp_path, num_workers):
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(tmp_path / f"{number}.png")
    (tmp_path / "0b.png").write_bytes((tmp_path / "0.png").read_bytes()[:99])
    settings = dict(device="cpu", batch_size=1, num_workers=num_workers)
    with pytest.raises(UserError, match=r"Cannot read the image .*0b\.png") as caught:
        FeatureExtractor(toy[1], toy[0], **settings)(tmp_path)
    assert "Traceback" not in str(caught.value)
    skipping = FeatureExtractor(toy[1], toy[0], **settings, on_error="skip")
    found = skipping(tmp_path)
    assert found["skipped"] == [str(tmp_path / "0b.png")]
    assert [sample["path"][-5:] for sample in found["data_samples"]] == ["0.png", "1.png"]
    torch.testing.assert_close(found["global"], skipping(arrays)["global"])
    with pytest.raises(UserError, match="None of the 1 images can be read"):
        skipping(tmp_path / "0b.png")


def test_clear_errors(toy, extractor, arrays, tmp_path):
    with pytest.raises(UserError, match="neither an image nor a folder"):
        extractor("nowhere")
    with pytest.raises(UserError, match="no image"):
        extractor(tmp_path)
    with pytest.raises(UserError, match="no images to extract"):
        extractor([])
    with pytest.raises(UserError, match=r"image 1 is a ndarray \(50, 33, 3\) float32"):
        extractor([arrays[0], arrays[1].astype(np.float32)])
    with pytest.raises(UserError, match=r"image 0 is a ndarray \(3, 40, 60\) uint8"):
        extractor(arrays[0].transpose(2, 0, 1))
    with pytest.raises(UserError, match="different sizes after the pipeline"):
        extractor([torch.zeros(3, 32, 32), torch.zeros(3, 32, 48)])
    with pytest.raises(UserError, match=r"uint8 and normalized tensors.* separate calls"):
        extractor([arrays[0], torch.zeros(3, 32, 32)])
    with pytest.raises(UserError, match="on_error is 'raise' or 'skip', got 'ignore'"):
        FeatureExtractor(toy[1], toy[0], on_error="ignore")
    with pytest.raises(UserError, match="at least 1"):
        FeatureExtractor(toy[1], toy[0], batch_size=0)
    with pytest.raises(UserError, match=r"'cuda:99' cannot be used"):
        FeatureExtractor(toy[1], toy[0], device="cuda:99")


def test_the_package_of_apis_is_light():
    code = (
        "import sys, mmcontrast.apis as apis\n"
        "assert {'FeatureExtractor', 'load_backbone', 'propagate', 'track'} <= set(apis.__all__)\n"
        "print(*set(sys.modules) & {'torch', 'mmengine', 'matplotlib'})\n"
        "apis.FeatureExtractor\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["", "True"], done.stderr
