import random
import shutil

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmcontrast.datasets import ConcatDataset, ImageFolder, Images, collate
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.registry import DATASETS
from mmcontrast.utils.errors import UserError

VIEW = [
    dict(type="RandomResizedCrop", size=24),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="HorizontalFlip", p=0.5),
]
TWO_VIEWS = [
    dict(type="LoadImage"),
    dict(type="Views", views=[VIEW, VIEW]),
    dict(type="PackInputs"),
]


def same(first, second):
    return all(torch.equal(first["inputs"][k], second["inputs"][k]) for k in first["inputs"])


def test_seeded_covers_all_generators_and_restores_them():
    def draw():
        return random.random(), np.random.rand(), float(torch.rand(()))

    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    outside = [draw(), draw()]
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    before = draw()
    with seeded(0, 1, 2):
        first = draw()
    assert [before, draw()] == outside
    with seeded(0, 1, 2):
        assert draw() == first
    with seeded(0, 2, 1):
        assert not set(draw()) & set(first)


def test_a_sample_depends_on_seed_epoch_and_index_alone(folder):
    dataset = Images(folder, TWO_VIEWS, seed=3)
    again = Images(folder, TWO_VIEWS, seed=3)
    first = dataset[2]
    torch.rand(5), dataset[0]
    assert same(first, dataset[2]) and same(first, again[2])
    epoch4 = dataset[4 * len(dataset) + 2]
    assert epoch4["data_sample"]["index"] == 2 and not same(first, epoch4)
    assert not same(first, Images(folder, TWO_VIEWS, seed=4)[2])


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_do_not_depend_on_the_number_of_workers(folder, workers):
    dataset = Images(folder, TWO_VIEWS)

    def batches(count):
        return list(DataLoader(dataset, batch_size=2, num_workers=count, collate_fn=collate))

    for here, there in zip(batches(0), batches(workers), strict=True):
        assert same(here, there) and here["data_samples"] == there["data_samples"]


def test_unreadable_images_stop_the_run_with_their_path(folder):
    (folder / "cat" / "2.jpg").write_bytes(b"no image")
    dataset = Images(folder, TWO_VIEWS)
    with pytest.raises(OSError, match=r"cat/2\.jpg.*on_error='skip'"):
        dataset[2]
    loader = DataLoader(dataset, num_workers=1, collate_fn=collate)
    with pytest.raises(OSError, match=r"cat/2\.jpg"):
        list(loader)


def test_unreadable_images_are_replaced_and_listed(folder):
    for number in (1, 2):
        (folder / "cat" / f"{number}.jpg").write_bytes(b"")
    dataset = Images(folder, TWO_VIEWS, on_error="skip")
    sample, again = dataset[2], Images(folder, TWO_VIEWS, on_error="skip")[2]
    assert same(sample, again)
    assert sample["data_sample"]["index"] not in (1, 2)
    assert str(sample["data_sample"]["index"]) in sample["data_sample"]["path"]
    assert str(folder / "cat" / "2.jpg") in sample["data_sample"]["skipped"]
    assert "skipped" not in dataset[0]["data_sample"]
    replacements = {dataset[epoch * 7 + 2]["data_sample"]["index"] for epoch in range(20)}
    assert len(replacements) > 2


def test_skipping_everything_is_an_error(folder):
    for path in folder.glob("*/*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(OSError, match="in a row could not be read"):
        Images(folder, TWO_VIEWS, on_error="skip")[0]


def test_unknown_on_error(folder):
    with pytest.raises(ValueError, match="on_error is 'raise' or 'skip'"):
        Images(folder, on_error="ignore")


def test_iteration_ends(folder):
    assert len(list(Images(folder, TWO_VIEWS))) == 7


def bank_and_query(folder):
    load = [dict(type="LoadImage"), *VIEW, dict(type="PackInputs")]
    return [
        dict(type="ImageFolder", data_root=str(folder), pipeline=load, meta=dict(split="bank")),
        dict(
            type="ImageFolder",
            data_root=str(folder),
            pipeline=load,
            indices=3,
            meta=dict(split="query"),
        ),
    ]


def test_concatenation_keeps_the_rule_of_keys(folder):
    dataset = DATASETS.build(dict(type="ConcatDataset", datasets=bank_and_query(folder)))
    assert isinstance(dataset, ConcatDataset) and len(dataset) == 10
    splits = [sample["data_sample"]["split"] for sample in dataset]
    assert splits == ["bank"] * 7 + ["query"] * 3
    assert dataset.metainfo["classes"] == ("cat", "dog")
    bank, query = dataset.datasets
    assert same(dataset[4], bank[4]) and same(dataset[8], query[1])
    assert same(dataset[50 + 8], query[5 * 3 + 1])
    assert not same(dataset[50 + 8], dataset[8])


def test_parts_of_other_classes_are_named(folder, tmp_path):
    """As the labeled images of k-NN and those that they vote on."""
    bank, query = bank_and_query(folder)
    other = tmp_path / "other"
    for name in ("cat", "emu"):
        shutil.copytree(folder / "cat", other / name)
    query["data_root"] = str(other)
    message = r"2 classes and in {} {}; not in both: {}\. Labels count"
    with pytest.raises(UserError, match=message.format(other, 2, "dog, emu")):
        ConcatDataset([bank, bank, query])
    shutil.copytree(folder / "dog", other / "dog")
    with pytest.raises(UserError, match=message.format(other, 3, "emu")):
        DATASETS.build(dict(type="ConcatDataset", datasets=[bank, query]))


def test_seed_reaches_the_parts(folder):
    dataset = ConcatDataset(bank_and_query(folder))
    before = dataset[1]
    dataset.seed = 7
    assert dataset.seed == 7 and [part.seed for part in dataset.datasets] == [7, 7]
    assert not same(before, dataset[1])
    assert isinstance(dataset.datasets[0], ImageFolder)
