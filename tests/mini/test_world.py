"""The mini-world's objects and images."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmcontrast.mini import (
    ATTRIBUTES,
    CATEGORIES,
    CLASSES,
    Scene,
    category,
    contact_sheet,
    fit,
    render,
    sample_group,
    sample_light,
    sample_object,
    sample_portrait,
)
from mmcontrast.mini.parts import NUM_SLOTS
from mmcontrast.mini.render import OUTSIDE, VISIBLE
from mmcontrast.mini.textures import FAMILIES, NUM_LEVELS, NUM_VARIANTS, tile


def rng(*key):
    return np.random.default_rng(key)


def alone(name="horse", size=(96, 96), length=80, seed=0):
    state = fit(sample_object(rng(seed), category(name)), (size[0] / 2, size[1] / 2), length)
    return Scene(size, 5, (state,), sample_light(rng(seed)))


def test_there_are_twenty_classes():
    assert len(CLASSES) == len(set(CLASSES)) == 20


@pytest.mark.parametrize("kind", CATEGORIES, ids=CLASSES)
def test_a_category_is_well_formed(kind):
    names = [part.name for part in kind.parts]
    assert len(set(names)) == len(names)
    assert kind.parts[0].parent is None
    for index, part in enumerate(kind.parts[1:], 1):
        assert part.parent in names[:index], "parents come before their children"
        assert 0 <= part.slot < NUM_SLOTS
    assert len(kind.keypoints) >= 4
    assert len(kind.textures) == NUM_SLOTS
    assert set().union(*kind.textures) <= set(FAMILIES)
    assert kind.attributes <= set(ATTRIBUTES)


@pytest.mark.parametrize("kind", CATEGORIES, ids=CLASSES)
def test_key_points_lie_on_their_parts(kind):
    for part in kind.parts:
        if part.key is not None:
            distance = max(
                cv2.pointPolygonTest(contour.astype(np.float32), part.key, True)
                for contour in part.outline
            )
            assert distance > -0.02, part.name


def test_attributes_tell_the_classes_apart():
    assert len({kind.attributes for kind in CATEGORIES}) == len(CATEGORIES)


def test_an_unknown_category_is_named_with_the_known_ones():
    with pytest.raises(KeyError, match=r"unicorn.*horse"):
        category("unicorn")


def test_joints_turn_a_part_and_what_hangs_on_it_and_nothing_else():
    kind = category("lamp")
    names = [part.name for part in kind.parts]
    still, sizes = [0.0] * len(names), [1.0] * len(names)
    moved = list(still)
    moved[names.index("upper_arm")] = 1.0
    before, after = kind.pose(still, sizes), kind.pose(moved, sizes)
    changed = {n for n, a, b in zip(names, before, after, strict=True) if not np.allclose(a, b)}
    assert changed == {"upper_arm", "knee", "bulb", "shade"}
    elbow = names.index("upper_arm")
    assert np.allclose(before[elbow][:2, 2], after[elbow][:2, 2]), "the joint itself stays"


@pytest.mark.parametrize("family", FAMILIES)
def test_textures_repeat_without_a_seam(family):
    for variant in range(NUM_VARIANTS):
        gray = tile(family, variant)
        assert gray.dtype == np.float32
        assert gray.min() >= 0 and gray.max() <= 1
        for axis in (0, 1):
            steps = np.abs(np.diff(gray, axis=axis)).mean(1 - axis)
            seam = np.abs(np.take(gray, 0, axis) - np.take(gray, -1, axis)).mean()
            assert seam <= steps.max() + 1e-3
    assert tile(family, 0, NUM_LEVELS - 1).shape == (16, 16)


@pytest.mark.parametrize("name", CLASSES)
def test_a_image_agrees_with_its_ground_truth(name):
    scene = sample_portrait(rng(3), category(name), 96)
    seen = render(scene)
    assert seen.image.shape == (96, 96, 3) and seen.image.dtype == np.uint8
    assert ((seen.instances > 0) == (seen.parts > 0)).all()
    assert seen.parts.max() <= len(category(name).parts)
    mask = seen.mask(0)
    assert mask.mean() > 0.03
    x0, y0, x1, y1 = seen.boxes[0]
    assert mask.sum() == mask[y0:y1, x0:x1].sum()
    assert mask[y0].any() and mask[y1 - 1].any() and mask[:, x0].any() and mask[:, x1 - 1].any()
    a0, b0, a1, b1 = seen.full_boxes[0]
    assert a0 - 1 <= x0 and b0 - 1 <= y0 and x1 <= a1 + 2 and y1 <= b1 + 2
    points = seen.keypoints[0]
    assert points.shape == (len(category(name).keypoints), 3)
    assert ((points[:, :2] >= (a0 - 1, b0 - 1)) & (points[:, :2] <= (a1 + 1, b1 + 1))).all()
    assert (points[:, 2] == VISIBLE).sum() >= 3


def test_rendering_is_pure():
    scene = sample_group(rng(1), (120, 90), 4)
    first, second = render(scene), render(scene)
    assert (first.image == second.image).all()
    assert (first.parts == second.parts).all()


def test_moving_an_object_moves_all_that_is_known_of_it():
    scene = alone(size=(140, 96), length=60)
    state = scene.objects[0]
    moved = replace(
        scene, objects=(replace(state, center=(state.center[0] + 10, state.center[1])),)
    )
    before, after = render(scene), render(moved)
    assert (np.roll(before.parts, 10, 1) == after.parts).all()
    assert (after.boxes[0] - before.boxes[0] == (10, 0, 10, 0)).all()
    assert np.allclose(after.keypoints[0] - before.keypoints[0], (10, 0, 0))


def test_the_front_object_hides_the_one_behind():
    back = alone("turtle")
    front = fit(sample_object(rng(9), category("fish")), (48, 48), 60)
    both = render(replace(back, objects=(*back.objects, front)))
    assert both.mask(0).sum() < render(back).mask(0).sum()
    assert (both.mask(1) == render(replace(back, objects=(front,))).mask(0)).all()


def test_an_object_outside_the_image_has_an_empty_box_and_no_key_points():
    scene = alone()
    far = replace(scene.objects[0], center=(500.0, 500.0))
    seen = render(replace(scene, objects=(far,)))
    assert not seen.mask(0).any() and not seen.boxes.any()
    assert (seen.keypoints[0][:, 2] == OUTSIDE).all()
    assert len(render(replace(scene, objects=())).boxes) == 0


def test_rings_have_holes():
    seen = render(alone("scissors", length=90))
    hollow = [part.name for part in category("scissors").parts].index("upper_bow")
    outlines, tree = cv2.findContours(seen.mask(0), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    assert (seen.parts == hollow + 1).any()
    assert (tree[0][:, 3] >= 0).any(), f"no hole among {len(outlines)} outlines"


def test_color_and_brightness_do_not_tell_the_class():
    def means(seed):
        return np.array(
            [
                [
                    render(sample_portrait(rng(seed, label, index), kind, 48)).image.mean((0, 1))
                    for index in range(12)
                ]
                for label, kind in enumerate(CATEGORIES)
            ]
        )

    centers, queries = means(0).mean(1), means(1)
    nearest = np.linalg.norm(queries[:, :, None] - centers, axis=-1).argmin(-1)
    assert (nearest == np.arange(len(CATEGORIES))[:, None]).mean() < 0.15


def test_every_class_has_a_habitat_of_its_own():
    places = [sample_portrait(rng(0), kind, 48).habitat for kind in CATEGORIES]
    assert len(set(places)) == len(CATEGORIES)
    assert all(ground != rest and {ground, rest} <= set(FAMILIES) for ground, rest in places)
    assert sample_group(rng(0), (120, 90), 3).habitat is None


def test_the_habitat_changes_the_background_alone():
    scene = alone()
    there, here = render(scene), render(replace(scene, habitat=("checks", "fur")))
    assert (there.image != here.image).any()
    assert (there.parts == here.parts).all()


def test_a_group_keeps_its_objects_apart():
    for seed in range(10):
        seen = render(sample_group(rng(seed), (160, 120), 5))
        assert 1 <= len(seen.boxes) <= 5
        assert all(seen.mask(index).any() for index in range(len(seen.boxes)))


def test_contact_sheet():
    assert contact_sheet(columns=2).shape == (10 * 96, 2 * 2 * 96, 3)
