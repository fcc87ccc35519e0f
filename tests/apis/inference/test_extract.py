"""Features in files, with paths and labels beside them."""

import shutil

import numpy as np
import pytest
from PIL import Image

from mmcontrast.apis import FeatureExtractor
from mmcontrast.apis.inference.extract import extract_features
from mmcontrast.utils.errors import UserError
from tests.toy import write_config


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("toy"))


def extract(config, source, out, **settings):
    return extract_features(None, str(source), out, config=str(config), device="cpu", **settings)


def test_a_folder_of_classes(config, tmp_path):
    images = tmp_path / "images"
    shutil.copytree(config.parent / "images", images)
    shutil.copy(images / "dark/00.png", images / "loose.png")
    (images / "light/31.png").write_bytes(b"no image")
    rows = extract(config, images, tmp_path / "f.npz", batch_size=7, dense=True, on_error="skip")
    assert rows == 25
    listing = tmp_path / "f.skipped_files.txt"
    assert listing.read_text() == f"1\t{images}/light/31.png\n"
    expected = FeatureExtractor(None, config, device="cpu", on_error="skip")(images)
    with np.load(tmp_path / "f.npz") as table:
        assert set(table) == {"path", "label", "class", "global", "dense"}
        np.testing.assert_allclose(table["global"], expected["global"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(table["dense"], expected["dense"], rtol=1e-4, atol=1e-5)
        assert table["path"].tolist() == [sample["path"] for sample in expected["data_samples"]]
        for path, label, name in zip(table["path"], table["label"], table["class"], strict=True):
            folder = path.split("/")[-2]
            assert (label, name) == {"dark": (0, "dark"), "light": (1, "light")}.get(
                folder, (-1, "")
            )


def test_files_that_a_data_set_replaces_are_listed(config, tmp_path, monkeypatch):
    logged = []
    module = "mmcontrast.apis.inference.features"
    monkeypatch.setattr(f"{module}.print_log", lambda text, *_, **__: logged.append(text))
    images = tmp_path / "images"
    shutil.copytree(config.parent / "images", images)
    bad = [images / f"dark/{number:02}.png" for number in (0, 2)]
    for path in bad:
        path.write_bytes(b"no image")
    loader = """
val_dataloader = dict(dataset=dict(
    type='ImageFolder', data_root=test_dataloader['dataset']['datasets'][0]['data_root'],
    pipeline=_single, on_error='skip'))
"""
    other = write_config(tmp_path, images, loader)
    extractor = FeatureExtractor(None, other, device="cpu")
    monkeypatch.setattr(f"{module}._untrained", lambda _: extractor.backbone)
    logged.clear()
    assert extract(other, "val_dataloader", tmp_path / "f.npz") == 24
    lines = (tmp_path / "f.skipped_files.txt").read_text().splitlines()
    assert {line.split("\t")[1] for line in lines} == {str(path) for path in bad}
    assert logged == [
        f"2 images could not be read and were left out or replaced: {bad[0]}, {bad[1]}"
    ]
    for path in bad:
        shutil.copy(images / "dark/04.png", path)
    extract(other, "val_dataloader", tmp_path / "f.npz")
    assert not (tmp_path / "f.skipped_files.txt").exists()


def test_a_data_loader_of_the_config(config, tmp_path):
    assert extract(config, "test_dataloader", tmp_path / "f.npz") == 48
    with np.load(tmp_path / "f.npz") as table:
        assert table["split"].tolist() == ["bank"] * 24 + ["query"] * 24
        np.testing.assert_array_equal(table["global"][:24], table["global"][24:])
        assert table["label"].tolist() == ([0] * 12 + [1] * 12) * 2
        assert table["class"][[0, -1]].tolist() == ["dark", "light"]


def test_one_image_without_class(config, tmp_path):
    Image.new("RGB", (50, 40)).save(tmp_path / "a.png")
    assert extract(config, tmp_path / "a.png", tmp_path / "f.npz") == 1
    with np.load(tmp_path / "f.npz") as table:
        assert set(table) == {"path", "label", "global"} and table["label"].tolist() == [-1]


def test_a_video_over_time(config, tmp_path):
    pytest.importorskip("av", reason="needs the extra 'video'")
    from tests.datasets.video.files import write_video

    video = write_video(tmp_path / "a.mp4", "mpeg4", length=25, rate=10)
    settings = dict(window_seconds=1.0, num_frames=2)
    assert extract(config, video, tmp_path / "f.npz", dense=True, **settings) == 3
    expected = FeatureExtractor(None, config, device="cpu").over_time(video, **settings)
    with np.load(tmp_path / "f.npz") as table:
        assert set(table) == {"path", "label", "global", "dense", "start", "end"}
        np.testing.assert_allclose(table["global"], expected["global"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(table["dense"], expected["dense"], rtol=1e-4, atol=1e-5)
        assert table["start"].tolist() == [0, 1, 2] and table["path"].tolist() == [str(video)] * 3
        assert table["end"].tolist() == pytest.approx([1, 2, 2.5])
    with pytest.raises(UserError, match="no video file: num_frames cannot be set"):
        extract(config, config.parent / "images", tmp_path / "f.npz", num_frames=2)


def test_clear_errors(config, tmp_path):
    with pytest.raises(UserError, match="on_error is 'raise' or 'skip', got 'ignore'"):
        extract(config, config.parent / "images", tmp_path / "f.npz", on_error="ignore")
    images, out = config.parent / "images", tmp_path / "f.npz"
    with pytest.raises(UserError, match="no data loader of"):
        extract(config, "val_loader", out)
    with pytest.raises(UserError, match="its own pipeline sets the size"):
        extract(config, "test_dataloader", out, size=64)
    with pytest.raises(UserError, match=r"Only \.npz holds dense maps"):
        extract(config, images, tmp_path / "f.parquet", dense=True)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"):
        extract(config, images, tmp_path / "file" / "f.npz")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.png").write_bytes(b"")
    with pytest.raises(UserError, match="None of the 1 images"):
        extract(config, tmp_path / "bad", out, on_error="skip")
    with pytest.raises(UserError, match=r"Cannot read the image .*bad/a\.png"):
        extract(config, tmp_path / "bad", out)
    assert not out.exists()
