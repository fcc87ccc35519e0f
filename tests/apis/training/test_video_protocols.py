"""The video protocols' configs through the test tool, on small videos in the public layouts."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import train
from mmcontrast.datasets import TrackingPairs, TrackingVideos, VideoMasks
from mmcontrast.datasets.annotated_videos import read_joints
from mmcontrast.evaluation import score_folder
from mmcontrast.utils.errors import UserError
from tests.datasets.videos import write_davis, write_jhmdb, write_otb
from tests.toy import ROOT, unique_run

CONFIGS = ROOT / "configs/benchmarks"
SMALL = (
    "model.backbone.base_channels=4",
    "test_dataloader.dataset.pipeline.1.size=48",
    "visualizer=None",
)
SMALL_PIPELINE = [dict(type="LoadImage"), dict(type="PackInputs")]


def run(config, root, tmp_path, *options, checkpoint=None):
    return evaluate(
        str(CONFIGS / config), checkpoint, work_dir=str(tmp_path / "work"),
        cfg_options=[unique_run(), f"test_dataloader.dataset.data_root={root}", *options],
    )  # fmt: skip


def test_davis_with_a_network(tmp_path):
    root = write_davis(tmp_path / "davis")
    found = run(
        "davis2017/r18.py", root, tmp_path, *SMALL, f"test_evaluator.out_dir={tmp_path / 'out'}",
        checkpoint="random",
    )  # fmt: skip
    assert 0 < found["davis/J&F-Mean"] <= 100
    # What was written scores the same, as the official toolkit would see it.
    again = score_folder(
        tmp_path / "out",
        (sample["data_sample"] for sample in VideoMasks(root, [dict(type="LoadImage"),
                                                               dict(type="PackInputs")])),
    )  # fmt: skip
    assert again == {
        name.removeprefix("davis/"): pytest.approx(value) for name, value in found.items()
    }


def test_videos_with_a_first_mask_only(tmp_path):
    """DAVIS' test-dev: all frames are written, and the scores are none."""
    root = write_davis(tmp_path / "davis", annotated=1)
    out = tmp_path / "out"
    options = ("model.backbone.stride=4", *SMALL[1:], f"test_evaluator.out_dir={out}")
    found = run("davis2017/color.py", root, tmp_path, *options)
    assert next(iter(found)) == "davis/J&F-Mean" and set(found.values()) == {None}
    assert len(list(out.rglob("*.png"))) == 12
    (log,) = (tmp_path / "work").glob("*/*.log")
    assert "davis/J&F-Mean none" in log.read_text()
    assert "2 of 2 videos are not scored" in log.read_text()
    samples = [s["data_sample"] for s in VideoMasks(root, SMALL_PIPELINE)]
    assert set(score_folder(out, samples).values()) == {None}


def test_one_video_of_two_is_scored(tmp_path):
    root = write_davis(tmp_path / "davis")
    for mask in sorted((root / "Annotations/480p/two").glob("*.png"))[1:]:
        mask.unlink()
    options = ("model.backbone.stride=4", *SMALL[1:])
    both = run("davis2017/color.py", root, tmp_path, *options)
    (root / "ImageSets/2017/val.txt").write_text("one\n")
    assert run("davis2017/color.py", root, tmp_path, *options) == both


def test_joints_and_boxes_of_first_frames_only(tmp_path):
    out = tmp_path / "out"
    options = (
        "test_dataloader.dataset.pipeline.1.size=(48,72)", SMALL[0], SMALL[2],
        "test_dataloader.dataset.ann_file=list.txt", f"test_evaluator.out_dir={out}",
    )  # fmt: skip
    root = write_jhmdb(tmp_path / "jhmdb", annotated=1)
    found = run("jhmdb/r18.py", root, tmp_path, *options, checkpoint="random")
    assert set(found.values()) == {None}
    assert read_joints(out / "Rename_Images/run/clip/joint_positions.mat").shape == (5, 4, 2)
    (sequence,) = TrackingVideos(write_otb(tmp_path / "otb", annotated=1), SMALL_PIPELINE)
    assert sequence["data_sample"]["truth"].shape == (6, 4)
    with pytest.raises(ValueError, match="6 frames and 1 boxes"):
        TrackingPairs(tmp_path / "otb")


def test_colors_beat_a_copy(tmp_path):
    root = write_davis(tmp_path / "davis")
    options = ("model.backbone.stride=4", *SMALL[1:])
    color = run("davis2017/color.py", root, tmp_path, *options)
    (log,) = (tmp_path / "work").glob("*/*.log")
    assert "Epoch(test) [1/2]" in log.read_text()  # each of the few videos
    copied = run("davis2017/copy_first.py", root, tmp_path, *SMALL[1:])
    assert color["davis/J&F-Mean"] > copied["davis/J&F-Mean"] + 10


def test_a_forgotten_checkpoint_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"model\.pretrained"):
        run("davis2017/r18.py", write_davis(tmp_path / "davis"), tmp_path, *SMALL)


def test_folders_with_binary_masks(tmp_path):
    root = write_davis(tmp_path / "vos", frames="{}/JPEGImages", masks="{}/Annotations", scale=255)
    found = run("davis2016/r18_folders.py", root, tmp_path, *SMALL, checkpoint="random")
    assert 0 < found["davis/J-Mean"] <= 100


def test_joints(tmp_path):
    root = write_jhmdb(tmp_path / "jhmdb")
    options = ("test_dataloader.dataset.pipeline.1.size=(48,72)", SMALL[0], SMALL[2])
    found = run(
        "jhmdb/r18.py", root, tmp_path, *options, "test_dataloader.dataset.ann_file=list.txt",
        checkpoint="random",
    )  # fmt: skip
    assert found["jhmdb/0.5_with_first"] >= found["jhmdb/0.5"] >= found["jhmdb/0.1"]


def test_parts(tmp_path):
    names = dict(frames="Images/{}", masks="Annotations/Category_ids/{}")
    root = write_davis(tmp_path / "vip", **names)
    (root / "lists").mkdir()
    (root / "lists/val_videos.txt").write_text("one\ntwo\n")
    options = ("test_dataloader.dataset.pipeline.1.size=(48,72)", SMALL[0], SMALL[2])
    found = run("vip/r18.py", root, tmp_path, *options, checkpoint="random")
    assert 50 < found["parts/mIoU"] <= 100


def test_predictions_of_0_and_255(tmp_path):
    root = write_davis(tmp_path / "davis", ("a",), scale=255)
    pipeline = [dict(type="LoadImage"), dict(type="PackInputs")]
    (sample,) = VideoMasks(root, pipeline, binary=True)
    masks = root / "Annotations/480p"
    assert score_folder(masks, [sample["data_sample"]])["J-Mean"] == 100
    write_davis(tmp_path / "ids", ("a",))
    (sample,) = VideoMasks(tmp_path / "ids", pipeline)
    with pytest.raises(ValueError, match="a, frame 1: id 255 is predicted"):
        score_folder(masks, [sample["data_sample"]])


def test_missing_predictions_are_all_listed(tmp_path):
    dataset = VideoMasks(
        write_davis(tmp_path / "davis"), [dict(type="LoadImage"), dict(type="PackInputs")]
    )
    samples = [sample["data_sample"] for sample in dataset]
    (tmp_path / "out/one").mkdir(parents=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "out/one/00001.png")
    with pytest.raises(FileNotFoundError, match=r"^11 predicted masks are missing") as caught:
        score_folder(tmp_path / "out", samples)
    assert "one/00000.png" in str(caught.value) and "two/00005.png" in str(caught.value)
    assert "one/00001.png" not in str(caught.value)


@pytest.mark.slow
def test_the_tracker_trains_and_is_tested(tmp_path):
    root = write_otb(tmp_path / "otb", ("a", "b"))
    options = (
        unique_run(), "model.backbone.base_channels=4", "model.head.in_channels=32",
        "train_dataloader.batch_size=2", "train_dataloader.num_workers=0",
        "train_cfg.max_epochs=2", "visualizer=None", "default_hooks.curves=None",
        f"train_dataloader.dataset.data_root={root}", "train_dataloader.dataset.frames={}/img",
        f"test_dataloader.dataset.data_root={root}",
    )  # fmt: skip
    config = str(CONFIGS / "otb100/r18.py")
    train(config, work_dir=str(tmp_path / "run"), cfg_options=[*options, "model.pretrained=random"])
    found = evaluate(
        config, str(tmp_path / "run/epoch_2.pth"), work_dir=str(tmp_path / "test"),
        cfg_options=[*options[1:], unique_run()],
    )  # fmt: skip
    # The first box is given, so a sixth is right however random the network is.
    assert found["otb/precision"] >= 100 / 6 - 1e-6
    assert found["otb/precision_mmtracking"] <= found["otb/precision"]
