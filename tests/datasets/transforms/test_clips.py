import random

import numpy as np
import pytest
import torch

from mmcontrast.datasets import FrameFolders, VideoList, Videos
from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.transforms import EachFrame, LoadFrames, PackClips, PackFrames
from tests.datasets.conftest import photo
from tests.datasets.videos import write_frames, write_mp4

SEGMENTS = dict(type="segments", num_segments=4)


def clip(count=2, width=64, height=48):
    """The same image ``count`` times."""
    whole = dict(size=(width, height), box=(0.0, 0.0, float(width), float(height)), flip=False)
    return [
        dict(path="video", number=number, image=photo(width, height), **whole)
        for number in range(count)
    ]


def levels(results):
    return [int(np.median(frame["image"])) for frame in results["frames"]]


def test_frames_of_a_folder_follow_their_numbers(tmp_path):
    write_frames(tmp_path / "v", range(12), "{}.png")
    load = LoadFrames(dict(type="window", length=12))
    frames = load(dict(path=str(tmp_path / "v")))["frames"]
    assert levels(dict(frames=frames)) == [f["number"] for f in frames] == list(range(12))
    assert frames[3]["size"] == (64, 48) and frames[3]["path"].endswith("/3.png")


def test_frames_of_a_file(tmp_path):
    path = write_mp4(tmp_path / "v.mp4", length=24)
    for seed in range(3):
        random.seed(seed)
        results = LoadFrames(SEGMENTS)(dict(path=str(path)))
        expected = [10 * frame["number"] for frame in results["frames"]]
        assert levels(results) == pytest.approx(expected, abs=3)
    assert results["frames"][0]["image"].shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_single_frame_is_no_clip(tmp_path, kind):
    path = tmp_path / ("v.mp4" if kind == "file" else "v")
    write_mp4(path, length=1) if kind == "file" else write_frames(path, [0])
    with pytest.raises(UnreadableVideoError, match=r"single frame.*on_error='skip'") as caught:
        LoadFrames(SEGMENTS)(dict(path=str(path)))
    assert caught.value.path == str(path)
    alone = LoadFrames(dict(type="segments", num_segments=1))(dict(path=str(path)))
    assert len(alone["frames"]) == 1


def test_a_header_may_state_a_negative_number_of_frames():
    with pytest.raises(UnreadableVideoError, match=r"v\.wmv: it has no frames"):
        LoadFrames(SEGMENTS)._choose("v.wmv", -3)


def test_folders_with_fewer_frames_than_listed_and_empty_ones_are_unreadable(tmp_path):
    write_frames(tmp_path / "short", range(3))
    (tmp_path / "list.txt").write_text("short 4 0\n")
    listed = FrameFolders(tmp_path, [LoadFrames(SEGMENTS)], ann_file=tmp_path / "list.txt")
    with pytest.raises(UnreadableVideoError, match="3 frames, and its list says 4"):
        listed[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableVideoError, match="no image in it"):
        LoadFrames(SEGMENTS)(dict(path=str(tmp_path / "empty")))


def test_an_unknown_sampler_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="'segments'"):
        LoadFrames(dict(type="segment", num_segments=2))


def test_frames_are_changed_alike_or_each_by_itself():
    crop = [dict(type="RandomResizedCrop", size=16), dict(type="HorizontalFlip")]
    torch_noise = [lambda frame: {**frame, "noise": float(torch.rand(()))}]
    random.seed(0)
    own = EachFrame(crop)(dict(frames=clip()))["frames"]
    assert own[0]["box"] != own[1]["box"]
    for _ in range(3):
        alike = EachFrame(crop + torch_noise, shared=True)(dict(frames=clip(4)))["frames"]
        assert len({(f["box"], f["flip"], f["noise"]) for f in alike}) == 1
        assert all((f["image"] == alike[0]["image"]).all() for f in alike)
    again = EachFrame(crop, shared=True)(dict(frames=clip()))["frames"]
    assert again[0]["box"] != alike[0]["box"]


def test_transforms_of_one_frame_leave_the_others():
    frames = EachFrame([dict(type="RandomCrop", size=16)], frames=[0])(dict(frames=clip()))
    assert [f["image"].shape for f in frames["frames"]] == [(16, 16, 3), (48, 64, 3)]


def test_a_clip_is_shared_out_to_views():
    results = dict(path="v.mp4", index=3, label=1, frames=clip(4))
    results["frames"][2]["image"][:] = (10, 20, 30)
    packed = PackClips(2)(results)
    view0, view1 = packed["inputs"]["view0"], packed["inputs"]["view1"]
    assert view0.shape == view1.shape == (3, 2, 48, 64) and view0.dtype == torch.uint8
    assert (view1[:, 0].permute(1, 2, 0) == torch.tensor([10, 20, 30])).all()
    assert (view0[:, 1].permute(1, 2, 0).numpy() == photo(64, 48)).all()
    sample = packed["data_sample"]
    assert set(sample) == {"path", "index", "label", "view0", "view1"}
    assert sample["view1"]["numbers"] == [2, 3] and sample["view1"]["flip"] == [False, False]


def test_clips_that_cannot_be_packed():
    with pytest.raises(ValueError, match="3 frames cannot be split into 2 views"):
        PackClips(2)(dict(path="v", frames=clip(3)))
    with pytest.raises(ValueError, match="different sizes"):
        PackClips(2)(dict(path="v", frames=clip(1) + clip(1, width=70)))
    with pytest.raises(ValueError, match=r"3 frames for 2 names \(a, b\)"):
        PackFrames(["a", "b"])(dict(path="v", frames=clip(3)))


def test_named_frames_may_differ_in_size():
    packed = PackFrames(["reference", "target"])(
        dict(path="v", index=0, frames=clip(1) + clip(1, width=70))
    )
    assert packed["inputs"]["reference"].shape == (3, 48, 64)
    assert packed["inputs"]["target"].shape == (3, 48, 70)
    assert packed["data_sample"]["target"]["size"] == (70, 48)


def test_a_sample_depends_on_seed_epoch_and_index_alone(tmp_path):
    for name in "ab":
        write_frames(tmp_path / name, range(20))
    pipeline = [LoadFrames(SEGMENTS), EachFrame([dict(type="RandomCrop", size=16)]), PackClips()]
    first, again = (FrameFolders(tmp_path, pipeline, seed=5) for _ in range(2))
    first[0]
    assert first[1]["data_sample"] == again[1]["data_sample"]
    assert torch.equal(first[1]["inputs"]["view0"], again[1]["inputs"]["view0"])
    assert first[1]["data_sample"] != first[3]["data_sample"]


@pytest.mark.parametrize("dataset", ["Videos", "VideoList"])
def test_unreadable_videos_stop_or_are_replaced(tmp_path, dataset):
    write_mp4(tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "list.txt").write_text("bad.mp4\ngood.mp4\n")
    pipeline = [LoadFrames(SEGMENTS), PackClips()]
    kind = Videos if dataset == "Videos" else VideoList
    options = {} if dataset == "Videos" else dict(ann_file=tmp_path / "list.txt")
    with pytest.raises(UnreadableVideoError, match=r"bad\.mp4.*on_error='skip'"):
        kind(tmp_path, pipeline, **options)[0]
    sample = kind(tmp_path, pipeline, on_error="skip", **options)[0]["data_sample"]
    assert set(sample["skipped"]) == {str(tmp_path / "bad.mp4")}
    assert sample["path"] == str(tmp_path / "good.mp4")
