"""Tables are whole or not there."""

import sys

import numpy as np
import pytest

from mmcontrast.utils.errors import UserError
from mmcontrast.utils.tables import Table, open_table, read_table

PIECES = [
    dict(path=["a", "bé"], label=np.array([3, -1]), x=np.arange(6, dtype=np.float32).reshape(2, 3)),
    dict(path=["c"], label=np.array([0]), x=np.full((1, 3), 7, np.float32)),
]


def fill(path, pieces=PIECES):
    with open_table(path) as write:
        for piece in pieces:
            write(piece)


def test_npz(tmp_path):
    path = tmp_path / "new" / "a.npz"
    fill(path)
    with np.load(path) as table:
        assert table["path"].tolist() == ["a", "bé", "c"]
        assert table["label"].tolist() == [3, -1, 0]
        assert table["x"].dtype == np.float32
        assert table["x"].tolist() == [[0, 1, 2], [3, 4, 5], [7, 7, 7]]
    maps = np.arange(24.0).reshape(2, 3, 2, 2)
    fill(path, [dict(dense=maps), dict(dense=maps)])
    with np.load(path) as table:
        np.testing.assert_array_equal(table["dense"], np.concatenate([maps, maps]))
    assert [file.name for file in path.parent.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("group_rows", [1, 100])
def test_parquet(tmp_path, monkeypatch, group_rows):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("mmcontrast.utils.tables._GROUP_ROWS", group_rows)
    path = tmp_path / "new" / "a.parquet"
    fill(path)
    table = parquet.read_table(path)
    assert table.to_pydict() == dict(
        path=["a", "bé", "c"], label=[3, -1, 0], x=[[0, 1, 2], [3, 4, 5], [7, 7, 7]]
    )
    assert str(table.schema.field("x").type) == "fixed_size_list<element: float>[3]"
    assert [file.name for file in path.parent.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_an_exception_leaves_the_old_table(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a{suffix}"
    fill(path)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), open_table(path) as write:
        write(PIECES[1])
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_clear_errors(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"\.npz or \.parquet, got .*a\.csv"):
        open_table(tmp_path / "a.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install 'mmcontrast\[parquet\]'"):
        open_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("second", [np.zeros((1, 4, 2)), np.zeros((1, 2, 4), np.float32)])
def test_rows_of_npz_have_one_shape_and_type(tmp_path, second):
    """As many numbers, so nothing but their form tells that they are others."""
    with pytest.raises(UserError, match=r"rows of 'x' differ: \(2, 4\) float64"):
        fill(tmp_path / "a.npz", [dict(x=np.zeros((1, 2, 4))), dict(x=second)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_what_was_written_is_read(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a{suffix}"
    fill(path)
    table = read_table(path)
    assert table["path"].tolist() == ["a", "bé", "c"]
    np.testing.assert_array_equal(table["x"], [[0, 1, 2], [3, 4, 5], [7, 7, 7]])
    with pytest.raises(
        UserError, match=r"a\.\w+, row 0, column 'path': a number is expected, got 'a'"
    ):
        Table.read(path).numbers("path")


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_damaged_tables(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a{suffix}"
    fill(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"x,y\n", b""):
        path.write_bytes(content)
        with pytest.raises(UserError, match=rf"a\{suffix} is no (archive of arrays|table)"):
            read_table(path)


def test_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\ufeffx,y\n1,\n\n-2e3,nan\n", encoding="utf-8")
    table = read_table(path)
    np.testing.assert_array_equal(table["x"], [1, -2000])
    assert np.isnan(table["y"]).all()
    path.write_text("x\n5\n")
    assert read_table(path)["x"].tolist() == [5]
    path.write_text("x,y\n")
    assert {name: len(values) for name, values in read_table(path).items()} == dict(x=0, y=0)
    path.write_text("x,y\n1,a\n")
    with pytest.raises(UserError, match=r"a\.csv, line 2, column 'y': .* got 'a'"):
        Table.read(path).numbers("y")
    for text, message in (
        ("", "is empty"), ("x,x\n1,2\n", "same name"),
        ("x,y\n1\n", "line 2: the number of fields is 1, and that of line 1 is 2"),
        ("x,y\n1,2\n\n3\n", "line 4: the number of fields is 1, and that of line 1 is 2"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            read_table(path)
