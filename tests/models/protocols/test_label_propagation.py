"""Propagation of masks and joints through a backbone, and its baselines."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmcontrast.datasets import Clip, VideoMasks, collate
from mmcontrast.datasets.transforms import compose
from mmcontrast.evaluation import DAVIS, region_similarity, score_video
from mmcontrast.registry import MODELS
from mmcontrast.weights.files import CheckpointError
from tests.datasets.videos import SIZE, frame, joints

PIPELINE = [dict(type="LoadImage"), dict(type="Resize", size=48), dict(type="PackInputs")]
COLOR = dict(type="ColorPatches", stride=4)


def clip(length=6, step=2):
    return Clip([frame(t, step)[0] for t in range(length)], compose(PIPELINE))


def build(backbone=COLOR, **settings):
    settings = dict(protocol="vfs_r18", propagator=dict(radius=5)) | settings
    model = MODELS.build(dict(type="LabelPropagation", backbone=backbone, **settings))
    model.init_weights()
    return model


def overlap(model):
    masks = list(model.propagate_mask(clip(), frame(0)[1]))
    assert np.array_equal(masks[0], frame(0)[1])
    return np.mean([region_similarity(m > 0, frame(t)[1] > 0) for t, m in enumerate(masks)][1:])


def test_colors_follow_a_square_better_than_a_copy():
    copied = overlap(build(None))
    assert copied == pytest.approx(
        np.mean([region_similarity(frame(0)[1] > 0, frame(t)[1] > 0) for t in range(1, 6)])
    )
    assert overlap(build()) > 0.8 > copied + 0.2


@pytest.mark.parametrize("name", ["vfs_r50", "crw", "uvc", "contrastcorr", "dino"])
def test_every_protocol_follows_it(name):
    # Dot products of normalized colors are small: at temperature 1 all keys would count alike.
    model = build(protocol=name, propagator=dict(temperature=0.07))
    decision = model.protocol.decision
    assert decision.soft_first_mask is (name == "crw") and decision.stretched is (name != "crw")
    assert decision.at_input is (name in ("uvc", "contrastcorr", "dino"))
    assert overlap(model) > overlap(build(None)) + 0.1


def test_dino_step_by_step():
    """The authors' evaluation written out on all pairs of cells, Pillow's resizing included."""
    resize = dict(type="Resize", size=64, multiple=64)
    clip = Clip([frame(t)[0] for t in range(5)], compose([PIPELINE[0], resize, PIPELINE[2]]))
    mask = frame(0)[1]
    std = [0.228 * 255, 57.12, 57.375]
    model = build(
        protocol="dino", propagator={}, data_preprocessor=dict(type="ViewPreprocessor", std=std)
    )
    ours = list(model.propagate_mask(clip, mask))
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.228, 0.224, 0.225])[:, None, None]
    maps = [model.backbone((view[None] / 255 - mean) / deviation)[0][0].double() for view in clip]
    height, width = maps[0].shape[1:]
    features = [torch.nn.functional.normalize(each.flatten(1), dim=0) for each in maps]
    small = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
    labels = [torch.from_numpy(np.stack([small == 0, small == 1])).double().flatten(1)]
    place = torch.cartesian_prod(torch.arange(height), torch.arange(width))
    near = ((place[:, None] - place).abs() <= 12).all(2)
    for t in range(1, 5):  # fewer than the 7 frames of context
        affinity = torch.cat([(key.T @ features[t] / 0.1).exp() * near for key in features[:t]])
        affinity[affinity < affinity.topk(5, dim=0).values[-1]] = 0
        labels.append(torch.cat(labels, dim=1) @ (affinity / affinity.sum(0)))
        soft = labels[-1].view(1, 2, height, width)
        soft = torch.nn.functional.interpolate(soft, scale_factor=4, mode="bilinear")[0]
        soft = soft - soft.amin((1, 2), keepdim=True)
        decided = (soft / soft.amax((1, 2), keepdim=True)).argmax(0).to(torch.uint8).numpy()
        resized = Image.fromarray(decided).resize(SIZE[::-1], Image.Resampling.NEAREST)
        assert np.array_equal(ours[t], np.asarray(resized)), t


def test_joints_follow_it():
    model = build()
    found = list(model.propagate_points(clip(), joints(0), SIZE))
    np.testing.assert_allclose(found[0], joints(0), atol=1)
    assert np.abs(found[5] - joints(5)).mean() < 4
    copied = list(build(None).propagate_points(clip(2), joints(0), SIZE))
    np.testing.assert_allclose(copied[1], joints(0), atol=1)


def test_predict_describes_whole_videos():
    samples = [dict(inputs=dict(clip=clip(3), mask=frame(0)[1]), data_sample=dict(sequence="a"))]
    (found,) = build().test_step(collate(samples))
    assert found["sequence"] == "a"
    assert found["masks"].shape == (3, *SIZE)
    samples = [dict(inputs=dict(clip=clip(3), joints=joints(0)), data_sample={})]
    (found,) = build().test_step(collate(samples))
    assert found["points"].shape == (3, 4, 2)


def test_a_video_of_one_frame_keeps_its_mask():
    (mask,) = build().propagate_mask(clip(1), frame(0)[1])
    assert np.array_equal(mask, frame(0)[1])


def test_odd_sizes():
    frames = [
        np.random.default_rng(t).integers(0, 255, (37, 61, 3), dtype=np.uint8) for t in (0, 1)
    ]
    mask = np.zeros((37, 61), np.uint8)
    mask[5:20, 7:30] = 2
    first, second = build().propagate_mask(Clip(frames, compose(PIPELINE)), mask)
    assert first.shape == second.shape == mask.shape
    assert set(np.unique(second)) <= {0, 1, 2}


def test_a_mask_without_object():
    with pytest.raises(ValueError, match="shows no object"):
        list(build().propagate_mask(clip(2), np.zeros(SIZE, np.uint8)))


def test_weights_have_to_be_named():
    with pytest.raises(CheckpointError, match=r"model\.pretrained"):
        build(dict(type="ResNet", depth=18, base_channels=4))
    model = build(dict(type="ResNet", depth=18, base_channels=4), pretrained="random")
    with pytest.raises(Exception, match="trains nothing"):
        model.loss({}, [])


@pytest.mark.slow
@pytest.mark.skipif("MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA is not set")
def test_raw_colors_on_a_real_video():
    """VFS' setting on DAVIS' car-shadow, as its own code scores it."""
    root = Path(os.environ["MMCONTRAST_DATA"]) / "vos"
    if not (root / "car-shadow").is_dir():
        pytest.skip("the frames of DAVIS' car-shadow are not there")
    dataset = VideoMasks(
        root, [dict(type="LoadImage"), dict(type="PackInputs")], frames="{}/JPEGImages",
        masks="{}/Annotations", binary=True,
    )  # fmt: skip
    (sample,) = (s for s in dataset if s["data_sample"]["sequence"] == "car-shadow")
    metric = DAVIS()
    model = build(dict(type="ColorPatches"), propagator={})
    metric.process({}, model.test_step(collate([sample])))
    found = metric.evaluate(1)
    assert found["davis/J-Mean"] == pytest.approx(69.58, abs=0.3)
    assert found["davis/F-Mean"] == pytest.approx(64.63, abs=0.3)


def test_the_grid_costs_little_of_a_mask():
    """A mask pushed through stride 8 and back is the ceiling of the method."""
    side = torch.arange(96)
    disc = ((side[:, None] - 48) ** 2 + (side - 44) ** 2 < 30**2).to(torch.uint8).numpy()
    still = Clip([np.full((96, 96, 3), 9, np.uint8)] * 3, compose(PIPELINE[:1] + PIPELINE[2:]))
    model = build(dict(type="ColorPatches"), propagator=dict(radius=1))
    (scores,) = score_video(model.propagate_mask(still, disc), [disc] * 3)
    assert scores.j_T[0] > 0.9
