import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets import ImageFolder, ImageList, Images
from mmcontrast.registry import DATASETS
from tests.datasets.conftest import photo

LOAD = [dict(type="LoadImage"), dict(type="PackInputs")]


def names(dataset):
    return [sample["data_sample"]["path"].rsplit("/", 1)[-1] for sample in dataset]


def test_a_plain_folder_needs_only_its_path(folder):
    dataset = DATASETS.build(dict(type="Images", data_root=str(folder), pipeline=LOAD))
    assert len(dataset) == 7
    assert names(dataset) == [f"{i}.jpg" for i in range(7)]
    assert "label" not in dataset[0]["data_sample"]
    assert [s["data_sample"]["index"] for s in dataset] == list(range(7))


def test_listing_is_sorted_and_passes_over_hidden_and_other_files(tmp_path):
    for name in ("b/2.PNG", "b/1.jpg", "a.jpeg", "b/.3.jpg", ".cache/4.jpg", "c.bmp", "b/a/z.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(photo(8, 8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    dataset = Images(tmp_path)
    found = [
        dataset.get_data_info(i)["path"][len(str(tmp_path)) + 1 :] for i in range(len(dataset))
    ]
    assert found == ["a.jpeg", "c.bmp", "b/1.jpg", "b/2.PNG", "b/a/z.jpg"]


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data_root=.*nowhere.*is not a folder"):
        Images(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no image \(\.jpg"):
        Images(tmp_path)
    (tmp_path / "a.heic").write_text("x")
    with pytest.raises(FileNotFoundError, match=r"1 other files include .*a\.heic"):
        Images(tmp_path)


def test_class_folders(folder):
    dataset = ImageFolder(folder, LOAD, meta=dict(split="bank"))
    assert dataset.metainfo["classes"] == ("cat", "dog")
    assert [s["data_sample"]["label"] for s in dataset] == [0, 0, 0, 0, 1, 1, 1]
    assert all(s["data_sample"]["split"] == "bank" for s in dataset)
    assert [type(s["data_sample"]["label"]) for s in dataset] == [int] * 7


def test_class_folders_that_are_none_or_empty(folder):
    with pytest.raises(FileNotFoundError, match=r"no sub-folders.*type='Images'"):
        ImageFolder(folder / "cat")
    (folder / "bird").mkdir()
    with pytest.raises(FileNotFoundError, match="bird"):
        ImageFolder(folder)


def test_indices_choose_samples(folder):
    assert len(Images(folder, indices=3)) == 3
    assert names(Images(folder, LOAD, indices=[5, 2])) == ["5.jpg", "2.jpg"]


def test_list_file(folder):
    (folder / "with blank.jpg").write_bytes((folder / "cat" / "0.jpg").read_bytes())
    absolute = folder / "dog" / "6.jpg"
    (folder / "train.txt").write_text(
        f"dog/5.jpg 3\n\ncat/1.jpg 0\nwith blank.jpg  12\n{absolute} 1\n"
    )
    dataset = ImageList(folder, LOAD, ann_file="train.txt")
    assert names(dataset) == ["5.jpg", "1.jpg", "with blank.jpg", "6.jpg"]
    assert [s["data_sample"]["label"] for s in dataset] == [3, 0, 12, 1]

    (folder / "plain.txt").write_text("dog/5.jpg\nwith blank.jpg\n")
    dataset = ImageList(folder, LOAD, ann_file=folder / "plain.txt")
    assert names(dataset) == ["5.jpg", "with blank.jpg"]
    assert "label" not in dataset[0]["data_sample"]


def test_bad_lines_are_named(folder):
    (folder / "bad.txt").write_text("cat/1.jpg 0\ncat/2.jpg\ncat/3.jpg -1\nreadme 4\ncat/0.jpg 1\n")
    with pytest.raises(ValueError, match=r"3 lines(.|\n)*line 2.*\n.*line 3.*-1.*\n.*line 4"):
        ImageList(folder, ann_file="bad.txt")


def test_wrong_root_or_list(folder):
    (folder / "train.txt").write_text("cat/1.jpg\n")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        ImageList(folder / "cat", ann_file=folder / "train.txt")
    with pytest.raises(FileNotFoundError, match=r"ann_file=.*none\.txt"):
        ImageList(folder, ann_file="none.txt")
    with pytest.raises(ValueError, match="ann_file"):
        ImageList(folder)
    (folder / "empty.txt").write_text("\n")
    with pytest.raises(FileNotFoundError, match=r"no image in .*empty\.txt"):
        ImageList(folder, ann_file="empty.txt")


def test_labels_are_those_of_the_images(folder):
    dataset = ImageFolder(folder, LOAD)
    image = np.asarray(Image.open(folder / "dog" / "5.jpg").convert("RGB"))
    sample = dataset[5]
    assert np.abs(sample["inputs"]["view0"].permute(1, 2, 0).numpy().astype(int) - image).max() <= 2
    assert dataset.metainfo["classes"][sample["data_sample"]["label"]] == "dog"
