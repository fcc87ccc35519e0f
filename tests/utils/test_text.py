"""Text files of any editor are read, list files, json and configs among them."""

import json
from pathlib import Path

import pytest

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.config_origins import find_origins
from mmcontrast.datasets.coco import CocoImages
from mmcontrast.datasets.images import ImageList
from mmcontrast.datasets.tracking import read_boxes
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.text import read_lines, read_text

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, end):
    path = tmp_path / "a.txt"
    path.write_bytes(f"é x{end}{end}b\u2028c{end}".encode(encoding))
    assert read_text(path) == "é x\n\nb\u2028c\n"
    assert read_lines(path) == ["é x", "", "b\u2028c"]
    path.write_bytes("".encode(encoding))
    assert read_lines(path) in ([], [""])


def test_another_encoding_is_named_with_its_line(tmp_path):
    (tmp_path / "a.txt").write_bytes("a\nb\né".encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.txt, line 3: this is not UTF-8"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_list_files_and_json(tmp_path, encoding):
    (tmp_path / "list.txt").write_text("é.jpg 1\nb.jpg 0\n", encoding=encoding)
    for name in ("é.jpg", "b.jpg"):
        (tmp_path / name).touch()
    data = ImageList(ann_file=str(tmp_path / "list.txt"), data_root=str(tmp_path))
    names = [Path(data.get_data_info(i)["path"]).name for i in range(2)]
    assert names == ["é.jpg", "b.jpg"]
    content = json.dumps(
        dict(images=[dict(id=1, file_name="é.jpg"), dict(id=2, file_name="b.jpg")])
    )
    (tmp_path / "coco.json").write_text(content, encoding=encoding)
    coco = CocoImages(data_root=str(tmp_path), ann_file=str(tmp_path / "coco.json"), image_dir="")
    assert [coco.get_data_info(i)["image_id"] for i in range(2)] == [1, 2]
    (tmp_path / "boxes.txt").write_text("1,2,3,4\n", encoding=encoding)
    assert read_boxes(tmp_path / "boxes.txt").tolist() == [[0, 1, 3, 4]]


def test_configs_with_a_byte_order_mark(tmp_path):
    base, config = tmp_path / "base.py", tmp_path / "config.py"
    base.write_text("x = dict(a=1, b='é')\n", encoding="utf-8-sig")
    config.write_text("_base_ = 'base.py'\nx = dict(a=2)\n", encoding="utf-8-sig")
    cfg = load_config(config)
    assert cfg.x == dict(a=2, b="é")
    assert find_origins(config, [("x", "b")]) == {("x", "b"): f"{base}:1"}
    assert "\ufeff" not in cfg.pretty_text
