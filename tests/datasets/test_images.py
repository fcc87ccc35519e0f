import logging

import numpy as np
import pytest
from PIL import Image, features

from mmcontrast.datasets import ImageFolder, ImageList, Images
from mmcontrast.datasets.files import IMAGES
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
    (tmp_path / "a.nef").write_text("x")
    with pytest.raises(FileNotFoundError, match=r"1 other files include .*a\.nef"):
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

    # ".." is above the folder as it is written, not above what a link leads to.
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/link").symlink_to(folder, target_is_directory=True)
    (folder / "elsewhere/list.txt").write_text("dog/5.jpg 3\n")
    linked = ImageList(folder / "elsewhere/link", LOAD, ann_file="../list.txt")
    assert names(linked) == ["5.jpg"]

    (folder / "plain.txt").write_text("dog/5.jpg\nwith blank.jpg\n")
    dataset = ImageList(folder, LOAD, ann_file=folder / "plain.txt")
    assert names(dataset) == ["5.jpg", "with blank.jpg"]
    assert "label" not in dataset[0]["data_sample"]


@pytest.mark.parametrize(
    "text",
    [
        "dog/5.jpg\tred fox\ncat/1.jpg\tcat\ndog/6.jpg\tred fox\n",
        "path,label\ndog/5.jpg,red fox\ncat/1.jpg,cat\ndog/6.jpg,red fox\n",
        "dog/5.jpg red fox\ncat/1.jpg  cat\ndog/6.jpg red fox\n",
        "dog/5.jpg;1\ncat/1.jpg; 0\ndog/6.jpg;1\n",
    ],
)
def test_forms_of_a_list(folder, text):
    (folder / "train.txt").write_text(text)
    dataset = ImageList(folder, LOAD, ann_file="train.txt")
    assert names(dataset) == ["5.jpg", "1.jpg", "6.jpg"]
    assert [sample["data_sample"]["label"] for sample in dataset] == [1, 0, 1]
    assert dataset.metainfo.get("classes", ("cat", "red fox")) == ("cat", "red fox")


def test_a_list_of_numbers_and_names(folder):
    (folder / "train.txt").write_text("dog/5.jpg 1\ncat/1.jpg cat\n")
    with pytest.raises(ValueError, match="integers or names of classes, got both, such as 1 and"):
        ImageList(folder, LOAD, ann_file="train.txt")
    (folder / "train.txt").write_text("cat/1.jpg cat\ndog/5.jpg 1\n")
    assert len(ImageFolder(folder, LOAD, ann_file="train.txt")) == 2
    (folder / "train.txt").write_text("cat/1.jpg dog\n")
    with pytest.raises(ValueError, match=r"line 1: .* is in the folder of class 0"):
        ImageFolder(folder, LOAD, ann_file="train.txt")


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


def relative(dataset, root):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [info["path"][len(str(root)) + 1 :] for info in infos]


def write(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(8, 8)).save(path)


def test_a_link_to_a_folder_above_adds_nothing(tmp_path):
    write(tmp_path / "a/1.png")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(".")
    assert relative(Images(tmp_path), tmp_path) == ["a/1.png"]


def test_folders_that_link_each_other_are_read_once_by_their_own_names(tmp_path):
    write(tmp_path / "a/1.png", tmp_path / "b/2.png")
    (tmp_path / "a/0").symlink_to(tmp_path / "b")
    (tmp_path / "b/0").symlink_to(tmp_path / "a")
    assert relative(Images(tmp_path), tmp_path) == ["a/1.png", "b/2.png"]
    dataset = ImageFolder(tmp_path)
    assert [dataset.get_data_info(i)["label"] for i in range(2)] == [0, 1]


def test_links_to_other_folders_and_files_are_followed(tmp_path):
    write(tmp_path / "else/2.png", tmp_path / "root/a/1.png")
    (tmp_path / "root/b").symlink_to(tmp_path / "else")
    (tmp_path / "root/c").symlink_to(tmp_path / "else")
    (tmp_path / "root/a/0.png").symlink_to(tmp_path / "else/2.png")
    root = tmp_path / "root"
    assert relative(Images(root), root) == ["a/0.png", "a/1.png", "b/2.png"]
    with pytest.raises(FileNotFoundError, match=r"root/c is a link to a folder of another class"):
        ImageFolder(root)


def test_every_format_of_pillow_is_read(tmp_path):
    suffixes = ["jpg", "jfif", "jpe", "jp2", "tga", "pbm", "webp", "ico", "png", "avif"]
    for suffix in suffixes:
        if suffix == "avif" and not features.check("avif"):
            continue
        image = Image.fromarray(photo(16, 16))
        image.convert("1" if suffix == "pbm" else "RGB").save(tmp_path / f"a.{suffix}")
    dataset = Images(tmp_path, LOAD)
    assert len(dataset) == len(list(tmp_path.iterdir()))
    assert all(s["inputs"]["view0"].shape == (3, 16, 16) for s in dataset)


def test_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra 'heif'")
    heif.from_pillow(Image.fromarray(photo(16, 16))).save(tmp_path / "a.heic", quality=95)
    assert ".heic" in IMAGES
    loaded = Images(tmp_path, LOAD)[0]["inputs"]["view0"].permute(1, 2, 0).numpy()
    assert np.abs(loaded.astype(int) - photo(16, 16)).mean() < 20


@pytest.fixture
def log(monkeypatch):
    """What the log of the lists says, as pairs of level and message."""
    lines = []
    monkeypatch.setattr(
        "mmcontrast.datasets.files.print_log",
        lambda message, logger, level: lines.append((logging.getLevelName(level), message)),
    )
    return lines


def test_what_is_left_out_is_said_once_with_its_numbers(tmp_path, log):
    write(tmp_path / "a.jpg")
    for name in ("b.nef", "sub/c.NEF", "d.npy", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    Images(tmp_path)
    Images(tmp_path)
    ((level, message),) = log
    assert level == "WARNING"
    assert "no images: 2 .nef, 1 .npy, 1 .txt; extensions=('.npy',)" in message


def test_lists_beside_images_are_no_warning(tmp_path, log):
    write(tmp_path / "a/1.jpg", tmp_path / "0.jpg")
    (tmp_path / "a.txt").write_text("x")
    ImageFolder(tmp_path)
    assert [level for level, _ in log] == ["INFO", "WARNING"]
    assert "no images: 1 .txt." in log[0][1]
    assert "they lie beside its folders): 1 .jpg" in log[1][1]


def test_extensions_of_a_folder(tmp_path):
    write(tmp_path / "a.jpg", tmp_path / "b.PNG")
    assert relative(Images(tmp_path, extensions=[".png"]), tmp_path) == ["b.PNG"]
