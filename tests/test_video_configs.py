"""The pipelines of the video configs give what their methods take."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmcontrast.datasets.transforms import compose
from mmcontrast.mini.writers.clips import save_video
from tests.datasets.videos import write_frames

ROOT = Path(__file__).parents[1]


@pytest.fixture
def pack(tmp_path):
    """What a pipeline makes of a wide video of 64 frames."""
    write_frames(tmp_path / "video", range(64), size=(90, 160))
    return lambda pipeline: compose(pipeline)(dict(path=str(tmp_path / "video"), index=0))


@pytest.mark.parametrize(
    ("path", "length", "side"),
    [
        ("r18_kinetics400", 4, 224),
        ("r18_kinetics400_color", 4, 224),
        ("r50_kinetics400", 1, 224),
        ("r50_kinetics400_color", 1, 224),
        ("mini", 2, 64),
    ],
)
def test_views_of_vfs_are_the_two_halves_of_a_video(pack, path, length, side):
    cfg = Config.fromfile(ROOT / f"configs/vfs/{path}.py")
    packed = pack(cfg.train_dataloader.dataset.pipeline)
    assert {name: tuple(view.shape) for name, view in packed["inputs"].items()} == {
        "view0": (3, length, side, side),
        "view1": (3, length, side, side),
    }
    numbers = [packed["data_sample"][view]["numbers"] for view in ("view0", "view1")]
    assert max(numbers[0]) < 32 <= min(numbers[1])


@pytest.mark.parametrize(
    ("path", "crop", "whole", "max_gap"), [("r18_trackingnet", 256, 640, 50), ("mini", 64, 128, 8)]
)
def test_pairs_of_contrastcorr_in_both_stages(pack, path, crop, whole, max_gap):
    cfg = Config.fromfile(ROOT / f"configs/contrastcorr/{path}.py")
    stages = [cfg.train_dataloader.dataset.pipeline, *cfg.custom_hooks[0].pipelines]
    for pipeline, target in zip(stages, (crop, whole), strict=True):
        packed = pack(pipeline)
        assert packed["inputs"]["reference"].shape == (3, crop, crop)
        assert packed["inputs"]["target"].shape == (3, target, target)
        # Gray in LAB.
        for view in packed["inputs"].values():
            assert view.dtype == torch.uint8 and (view[1:] == 128).all()
        sample = packed["data_sample"]
        assert 1 <= sample["target"]["number"] - sample["reference"]["number"] <= max_gap


def test_frames_of_contrastcorr_are_rotated_and_scaled_in_lab():
    """As in the authors' loader, which converts frames when it has read them."""
    cfg = Config.fromfile(ROOT / "configs/contrastcorr/r18_trackingnet.py")
    stages = [cfg.train_dataloader.dataset.pipeline, *cfg.custom_hooks[0].pipelines]
    frames = [step for pipeline in stages for step in pipeline if step.type == "EachFrame"]
    names = [[transform.type for transform in step.transforms] for step in frames]
    assert names == [
        ["ShrinkToMultiple", "ToLAB", "RandomRotation", "RandomScale", "HorizontalFlip"],
        ["RandomCrop"],
        ["ShrinkToMultiple", "ToLAB", "RandomRotation", "ResizeAndPad", "RandomCrop"],
        ["ShrinkToMultiple", "ToLAB", "ResizeAndPad"],
    ]


def test_views_of_crisscross_are_two_clips_of_images_and_sound(tmp_path):
    pytest.importorskip("av")
    cfg = Config.fromfile(ROOT / "configs/crisscross/mini.py")
    path = tmp_path / "clip.mp4"
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (24, 72, 72, 3), np.uint8)
    sound = rng.uniform(-0.5, 0.5, (1, 32000)).astype(np.float32)
    save_video(path, frames, 12, (72, 72), sound)
    shapes = dict(video=(3, 4, 48, 48), audio=(1, 80, 101))
    packed = compose(cfg.train_dataloader.dataset.pipeline)(dict(path=str(path), index=0))
    assert {name: tuple(view.shape) for name, view in packed["inputs"].items()} == {
        f"{track}{view}": shapes[track] for track in shapes for view in (0, 1)
    }
    # First and last clip of windows of 1.5 clips.
    starts = {name: packed["data_sample"][name]["start"] for name in packed["inputs"]}
    assert starts["video1"] - starts["video0"] == pytest.approx(0.25)
    assert starts["audio1"] - starts["audio0"] == pytest.approx(0.5)
    packed = compose(cfg.eval_pipeline)(dict(path=str(path), index=0))
    assert {name: tuple(view.shape) for name, view in packed["inputs"].items()} == dict(
        video=(3, 8, 48, 48), audio=(1, 80, 201)
    )


def test_frames_of_the_color_auto_encoder(pack):
    cfg = Config.fromfile(ROOT / "configs/contrastcorr/color_trackingnet.py")
    inputs = pack(cfg.train_dataloader.dataset.pipeline)["inputs"]
    assert [tuple(view.shape) for view in inputs.values()] == [(3, 256, 256)] * 2
