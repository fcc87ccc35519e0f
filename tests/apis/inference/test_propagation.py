"""Masks and boxes through videos, from Python and from the command line."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmcontrast.apis import propagate, track
from mmcontrast.apis.inference.propagation import read_frames, save_masks, write_overlay
from mmcontrast.datasets.masks import read_mask, write_mask
from mmcontrast.evaluation import region_similarity
from mmcontrast.models.backbones import ResNet
from mmcontrast.models.protocols.propagation_protocols import PROPAGATION_PROTOCOLS
from mmcontrast.utils.errors import UserError
from tests.datasets.videos import SIZE, frame, write_otb
from tests.toy import ROOT

av = pytest.importorskip("av", reason="needs the extra 'video'")
FRAMES = [frame(t)[0] for t in range(5)]
MASK = frame(0)[1]


def write_folder(folder, frames=FRAMES):
    folder.mkdir()
    for t, pixels in enumerate(frames):
        Image.fromarray(pixels).save(folder / f"{t:05d}.png")
    return folder


def write_video(path, frames=FRAMES):
    empty = [np.zeros(f.shape[:2], np.uint8) for f in frames]
    write_overlay(frames, empty, path, frames_per_second=10)
    return path


def test_arrays_folders_and_videos_give_the_same(tmp_path):
    found = list(propagate(FRAMES, MASK, size=96, device="cpu"))
    assert len(found) == 5 and found[0].shape == SIZE
    assert region_similarity(found[4] > 0, frame(4)[1] > 0) > 0.6
    again = list(propagate(write_folder(tmp_path / "frames"), MASK, size=96, device="cpu"))
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    coded = list(propagate(write_video(tmp_path / "v.mp4"), MASK, size=96, device="cpu"))
    assert region_similarity(coded[4] > 0, found[4] > 0) > 0.6


def test_a_checkpoint_s_backbone_at_stride_8(tmp_path):
    torch.manual_seed(0)
    torch.save(ResNet(18, base_channels=8).state_dict(), tmp_path / "net.pth")
    found = list(propagate(FRAMES[:2], MASK, checkpoint=tmp_path / "net.pth", device="cpu"))
    assert found[1].shape == SIZE and found[1].any()


def test_a_mask_of_0_and_255_shows_one_object(tmp_path):
    Image.fromarray((MASK > 0).astype(np.uint8) * 255).save(tmp_path / "mask.png")
    first, second = propagate(FRAMES[:2], tmp_path / "mask.png", size=96, device="cpu")
    assert np.array_equal(first, MASK > 0) and second.any()
    array, _ = propagate(FRAMES[:2], MASK * 255, size=96, device="cpu")
    assert np.array_equal(array, first)
    void = MASK.copy()
    void[0, 0] = 255
    Image.fromarray(void).save(tmp_path / "mask.png")
    assert next(propagate(FRAMES, tmp_path / "mask.png", size=96, device="cpu"))[0, 0] == 0


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_an_anti_aliased_mask_shows_its_object(tmp_path, suffix):
    large = cv2.resize((MASK > 0).astype(np.uint8) * 255, None, fx=4, fy=4)
    smooth = cv2.resize(
        cv2.GaussianBlur(large, (0, 0), 3), SIZE[::-1], interpolation=cv2.INTER_AREA
    )
    Image.fromarray(smooth).save(tmp_path / f"mask.{suffix}")
    first, second = propagate(FRAMES[:2], tmp_path / f"mask.{suffix}", size=96, device="cpu")
    assert first.max() == 1 and region_similarity(first > 0, MASK > 0) > 0.9 and second.any()


def test_the_number_of_objects_can_be_given():
    soft = cv2.GaussianBlur((MASK > 0).astype(np.uint8) * 255, (0, 0), 12)
    with pytest.raises(UserError, match="num_objects"):
        next(propagate(FRAMES, soft, size=96, device="cpu"))
    first = next(propagate(FRAMES, soft, size=96, device="cpu", num_objects=1))
    assert np.array_equal(first, soft > (int(soft.min()) + int(soft.max())) / 2)


def seen_by(monkeypatch, protocol, name="protocol", **settings):
    """The backbone, the first pixels that reach it, and the model of a propagation."""
    from mmcontrast.models.protocols import LabelPropagation

    found = {}

    def propagate_mask(self, clip, mask_HW):
        found.update(model=self, view=next(iter(clip)))
        yield mask_HW

    with monkeypatch.context() as context:
        context.setattr(LabelPropagation, "propagate_mask", propagate_mask)
        list(propagate(FRAMES, MASK, **{name: protocol}, device="cpu", **settings))
    return found["model"], found["view"]


@pytest.mark.parametrize(
    ("protocol", "size", "stage", "gray_values"),
    [
        ("vfs_r18", (480, 720), 2, (90, 90, 90)),
        ("crw", (480, 720), 2, (90, 90, 90)),
        ("dino", (480, 704), 2, (90, 90, 90)),
        # Lightness three times, and LAB, where gray has 128 in the last two channels.
        ("uvc", (480, 704), 3, (98, 98, 98)),
        ("contrastcorr", (560, 832), 3, (98, 128, 128)),
    ],
)
def test_a_protocol_is_followed_whole(tmp_path, monkeypatch, protocol, size, stage, gray_values):
    torch.save(ResNet(18, base_channels=8).state_dict(), tmp_path / "net.pth")
    model, view = seen_by(monkeypatch, protocol, checkpoint=tmp_path / "net.pth")
    assert view.shape == (3, *size) and model.backbone.out_indices == (stage,)
    decision = model.protocol.decision
    assert decision.at_input is (protocol in ("dino", "uvc", "contrastcorr"))
    assert decision.soft_first_mask is (protocol == "crw")
    gray = [np.full((48, 72, 3), 90, np.uint8)] * 2
    monkeypatch.setattr(sys.modules[__name__], "FRAMES", gray)
    model, view = seen_by(monkeypatch, protocol)
    assert tuple(view.float().mean((1, 2)).tolist()) == gray_values
    is_rgb = gray_values[0] == 90
    assert model.data_preprocessor.mean[0].item() == pytest.approx(123.675 if is_rgb else 124.16)
    std = 58.14 if protocol == "dino" else 58.395 if is_rgb else 58.624
    assert model.data_preprocessor.std[0].item() == pytest.approx(std)


@pytest.mark.parametrize(("method", "lab"), [("ContrastCorr", True), ("VFS", False)])
def test_a_network_sees_the_colors_of_its_training(tmp_path, monkeypatch, method, lab):
    text = f"default_scope = 'mmcontrast'\nmodel = dict(type='{method}', backbone=dict("
    text += "type='ResNet', depth=18, base_channels=8))"
    weights = {f"backbone.{k}": v for k, v in ResNet(18, base_channels=8).state_dict().items()}
    torch.save(dict(state_dict=weights, meta=dict(cfg=text)), tmp_path / "net.pth")
    gray = [np.full((48, 72, 3), 90, np.uint8)] * 2
    monkeypatch.setattr(sys.modules[__name__], "FRAMES", gray)
    for protocol in ("vfs_r18", "contrastcorr"):
        _, view = seen_by(monkeypatch, protocol, checkpoint=tmp_path / "net.pth")
        assert view[1:].float().mean() == (128 if lab else 90)


def test_the_old_name_of_the_protocol(monkeypatch):
    with pytest.warns(DeprecationWarning, match='"protocol" instead'):
        model, _ = seen_by(monkeypatch, "crw", name="preset")
    assert model.protocol is PROPAGATION_PROTOCOLS["crw"]


def test_a_protocol_that_is_not_published():
    with pytest.raises(UserError, match="no propagation protocol 'vfs'; there are vfs_r18, "):
        list(propagate(FRAMES, MASK, protocol="vfs", device="cpu"))


def test_masks_are_written_on_the_way(tmp_path):
    masks = list(save_masks(propagate(FRAMES[:2], MASK, size=48, device="cpu"), tmp_path / "m"))
    assert np.array_equal(read_mask(tmp_path / "m/00001.png"), masks[1])


def test_overlay_of_odd_sizes(tmp_path):
    frames = [f[:41, :51] for f in FRAMES]
    masks = [MASK[:41, :51]] * 5
    seen = []
    assert write_overlay(frames, masks, tmp_path / "o.mp4", progress=seen.append) == 5
    assert seen == [1, 2, 3, 4, 5]
    (first, *others) = read_frames(tmp_path / "o.mp4")
    assert first.shape == (42, 52, 3) and len(others) == 4


def test_a_single_frame(tmp_path):
    assert np.array_equal(next(propagate(FRAMES[:1], MASK, device="cpu")), MASK)


@pytest.mark.parametrize(
    ("video", "mask", "message"),
    [
        (FRAMES, MASK[:9], "mask has 72x9 pixels, the video 72x48"),
        (FRAMES, MASK * 0, "shows no object"),
        (FRAMES, MASK[None], r"\(H, W\) of ids"),
        (FRAMES, MASK.astype(int) * 300, "ids 0 to 255"),
        ([], MASK, "has no frame"),
        ("missing.mp4", MASK, "neither a video nor a folder"),
        (FRAMES, "missing.png", "cannot be read"),
        ([FRAMES[0], FRAMES[1][:, :40]], MASK, "All frames of a video have one size"),
    ],
)
def test_what_does_not_fit(video, mask, message):
    with pytest.raises(UserError, match=message):
        list(propagate(video, mask, size=48, device="cpu"))


def test_a_file_that_is_no_video(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"not a video")
    with pytest.raises(UserError, match="cannot be decoded"):
        list(propagate(tmp_path / "v.mp4", MASK, device="cpu"))


def test_track(tmp_path):
    folder = write_otb(tmp_path / "otb") / "one/img"
    boxes = np.stack(list(track(folder, (60, 50, 24, 24), device="cpu")))
    assert boxes.shape == (6, 4)
    assert boxes[5, 0] > boxes[0, 0] + 5
    with pytest.raises(UserError, match="outside the frame"):
        list(track(folder, (600, 50, 24, 24), device="cpu"))
    torch.save(dict(state_dict={}), tmp_path / "other.pth")
    with pytest.raises(UserError, match="is not of a SiamFC"):
        list(track(folder, (60, 50, 24, 24), checkpoint=tmp_path / "other.pth", device="cpu"))


@pytest.mark.slow
def test_the_tool(tmp_path):
    write_folder(tmp_path / "frames")
    write_mask(tmp_path / "mask.png", MASK)
    command = [sys.executable, "tools/propagate.py", tmp_path / "frames", tmp_path / "mask.png"]
    done = subprocess.run(
        [*command, "--out", tmp_path / "o.mp4", "--masks", tmp_path / "m", "--size", "48",
         "--device", "cpu"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "5 frames" in done.stdout
    assert len(list(read_frames(tmp_path / "o.mp4"))) == 5
    assert (tmp_path / "m/00004.png").is_file()
