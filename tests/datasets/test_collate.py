import torch

from mmcontrast.datasets import collate
from mmcontrast.registry import FUNCTIONS


def sample(index, size=4):
    view = torch.full((3, size, size), index, dtype=torch.uint8)
    return dict(inputs=dict(view0=view, view1=view + 1), data_sample=dict(index=index))


def test_equal_views_are_stacked():
    batch = FUNCTIONS.get("collate")([sample(0), sample(5)])
    assert set(batch) == {"inputs", "data_samples"}
    assert batch["inputs"]["view0"].shape == (2, 3, 4, 4)
    assert batch["inputs"]["view1"][1].unique().tolist() == [6]
    assert batch["inputs"]["view0"].dtype == torch.uint8
    assert batch["data_samples"] == [dict(index=0), dict(index=5)]


def test_views_of_different_sizes_stay_a_list():
    batch = collate([sample(0), sample(5, size=6)])
    assert [view.shape[-1] for view in batch["inputs"]["view0"]] == [4, 6]


def test_a_batch_of_one():
    assert collate([sample(3)])["inputs"]["view0"].shape == (1, 3, 4, 4)


def test_what_is_no_tensor_stays_as_it_is():
    clips = [iter("ab"), iter("cd")]
    batch = collate([dict(inputs=dict(clip=clip), data_sample={}) for clip in clips])
    assert batch["inputs"]["clip"] == clips
