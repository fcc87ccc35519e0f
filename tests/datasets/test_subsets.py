"""Seeded parts: the published sizes, balance, and the parts that cannot be drawn."""

import numpy as np
import pytest

from mmcontrast.datasets import ImageFolder
from mmcontrast.datasets.subsets import balanced_subset, coco_subset, random_subset


def test_random_parts_depend_on_the_seed_alone():
    drawn = random_subset(1000, 100, seed=3)
    assert drawn == sorted(set(drawn)) and len(drawn) == 100
    assert drawn == random_subset(1000, 100, seed=3) != random_subset(1000, 100, seed=4)
    assert random_subset(5, 100) == [0, 1, 2, 3, 4]


def test_one_percent_of_imagenet():
    labels = np.arange(1_281_167) % 1000
    drawn = balanced_subset(labels, int(0.01 * len(labels)))
    counts = np.bincount(labels[drawn])
    assert len(drawn) == len(set(drawn)) == 12_811
    # The 811 that are left over go to classes drawn at random.
    assert set(counts) == {12, 13} and (counts == 13).sum() == 811
    assert (counts[:811] == 12).any()


def test_a_class_that_is_too_small_to_be_balanced():
    with pytest.raises(ValueError, match=r"Class 2 has only 1 of the 3 samples"):
        balanced_subset([0] * 5 + [1] * 5 + [2], 9)


def coco(num=20):
    images = [dict(id=10 * i, file_name=f"{i}.jpg") for i in range(num)]
    annotations = [dict(id=i, image_id=10 * (i % num), bbox=[0, 0, 1, 1]) for i in range(3 * num)]
    return dict(images=images, annotations=annotations, categories=[dict(id=1)], info={})


def test_a_tenth_of_coco_keeps_its_own_annotations_alone():
    content = coco()
    part = coco_subset(content, 0.1, 0, {f"{i}.jpg" for i in range(20)})
    ids = [image["id"] for image in part["images"]]
    assert len(ids) == 2 and ids == sorted(ids)
    assert part["annotations"] == [a for a in content["annotations"] if a["image_id"] in ids]
    assert len(part["annotations"]) == 6
    assert part["categories"] == content["categories"]
    assert len(content["images"]) == 20
    images = [dict(id=i, file_name=str(i)) for i in range(118_287)]
    large = dict(images=images, annotations=[])
    assert len(coco_subset(large, 0.1, 0, {str(i) for i in range(118_287)})["images"]) == 11_829


def test_coco_files_that_do_not_fit():
    with pytest.raises(ValueError, match=r"2 of its 20 images are missing.*18\.jpg, 19\.jpg"):
        coco_subset(coco(), 0.1, 0, {f"{i}.jpg" for i in range(18)})
    with pytest.raises(ValueError, match="not a COCO file"):
        coco_subset(dict(images=[]), 0.1, 0, set())
    nameless = dict(images=[dict(id=0, file_name="0.jpg")], annotations=[dict(id=3)])
    with pytest.raises(ValueError, match=r"not a COCO file.*'image_id'"):
        coco_subset(nameless, 1.0, 0, {"0.jpg"})
    with pytest.raises(ValueError, match="none at all"):
        coco_subset(coco(), 0.01, 0, {f"{i}.jpg" for i in range(20)})


# Lists of images in ImageFolder -------------------------------------------------------------


def listed(folder, *lines):
    (folder.parent / "list.txt").write_text("\n".join(lines) + "\n")
    dataset = ImageFolder(folder, ann_file="../list.txt")
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [(info["path"][len(str(folder)) + 1 :], info["label"]) for info in infos]


def test_only_listed_images_are_used(folder):
    lines = ("dog/5.jpg", "", "cat/0.jpg 0")
    assert listed(folder, *lines) == [("dog/5.jpg", 1), ("cat/0.jpg", 0)]
    # As in SimCLR's lists of ImageNet: the class is what is before the underscore.
    (folder / "cat/0.jpg").rename(folder / "cat/cat_0.jpg")
    (folder / "dog/5.jpg").rename(folder / "dog/dog_5.jpg")
    assert listed(folder, "cat_0.jpg", "dog_5.jpg") == [("cat/cat_0.jpg", 0), ("dog/dog_5.jpg", 1)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("cat/0.jpg 1", "dog/5.jpg"), r"line 1: 'cat/0\.jpg 1' is in the folder of class 0"),
        (("cat/0.jpg", "dog/9.jpg 1"), r"line 2: 'dog/9\.jpg 1' is not there"),
        (("bird/0.jpg 2", "dog/5.jpg"), r"1 lines of .*with its 2 classes"),
        (("cat/0.jpg", "dog"), r"line 2: 'dog' is not 'path' or 'path label'"),
        (("cat/0.jpg", "cat/1.jpg"), r"1 of the 2 classes have no image in .*: dog"),
    ],
)
def test_lists_that_do_not_fit_the_folder(folder, lines, message):
    with pytest.raises(ValueError, match=message):
        listed(folder, *lines)


def test_indices_are_drawn_by_a_seed(folder):
    everything = ImageFolder(folder)
    part = ImageFolder(folder, indices=dict(num=4, seed=1))
    paths = [part.get_data_info(i)["path"] for i in range(len(part))]
    assert paths == [everything.get_data_info(i)["path"] for i in random_subset(7, 4, 1)]
    assert [part.get_data_info(i)["sample_idx"] for i in range(4)] == [0, 1, 2, 3]
    assert len(ImageFolder(folder, indices=dict(num=100))) == 7
