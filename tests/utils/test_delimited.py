"""What the first line of a text table is, and of which type its columns are."""

import numpy as np
import pytest

from mmcontrast.utils.delimited import is_text_table, normalized, read_text_table
from mmcontrast.utils.errors import UserError


def read(tmp_path, text, name="a.csv", **settings):
    (tmp_path / name).write_text(text)
    table = read_text_table(tmp_path / name, **settings)
    return {name: column.tolist() for name, column in table.columns.items()}, table


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("x,y\n1,2\n", {}, dict(x=[1], y=[2])),
        ("1,2\n3,4\n", {}, {"0": [1, 3], "1": [2, 4]}),
        ("1,2\n3,4\n", dict(header=True), {"1": [3], "2": [4]}),
        ("a,b\nc,d\n", dict(header=False), {"0": ["a", "c"], "1": ["b", "d"]}),
        ("a,b\nb,c\n", {}, {"0": ["a", "b"], "1": ["b", "c"]}),  # b is a value
        ("a,b\nc,d\n", dict(values={"a", "b"}), {"0": ["a", "c"], "1": ["b", "d"]}),
        ("a,b\nc,d\n", dict(values={"c", "d"}), dict(a=["c"], b=["d"])),
        ("a,1\nb,2\n", {}, {"0": ["a", "b"], "1": [1, 2]}),
        ("id,1\nb,2\n", dict(names={"id"}), {"id": ["b"], "1": [2]}),
        (",0,1\n7,5,6\n", {}, {"": [7], "0": [5], "1": [6]}),
        ("# x,y\n1,2\n", {}, dict(x=[1], y=[2])),
        ("# a comment\n1,2\n", {}, {"0": [1], "1": [2]}),
        ("x\n", {}, dict(x=[])),
        ("x,\n1,\n2,\n", {}, dict(x=[1, 2])),  # a delimiter at the end of each line
        ('x,y\n"a, b",1\n', {}, dict(x=["a, b"], y=[1])),
        ("x,y\nTrue,a\nFALSE,b\n", dict(header=True), dict(x=[1, 0], y=["a", "b"])),
    ],
)
def test_names_and_values(tmp_path, text, settings, expected):
    columns, table = read(tmp_path, text, **settings)
    assert columns == expected
    assert table.has_names == ("0" not in expected or "" in expected)


def test_missing_values_and_lines(tmp_path):
    columns, table = read(tmp_path, "# no names\n\nx;y\n1;NA\n\n;2.5\n")
    np.testing.assert_array_equal(columns["x"], [1, np.nan])
    np.testing.assert_array_equal(columns["y"], [np.nan, 2.5])
    assert table.lines.tolist() == [4, 6]


def test_integers_of_64_bits(tmp_path):
    columns, _ = read(tmp_path, f"{2**60},1\n{2**60 + 1},2\n")
    assert columns["0"] == [2**60, 2**60 + 1]


def test_tables_that_cannot_be_read(tmp_path):
    for text, message in (
        ("a,b\nc,d\n", "the first line, 'a, b', may hold names or data"),
        ("x,x\n1,2\n", "two columns have the same name, 'x'"),
        ("x,y\n1,2,3\n", "line 2: the number of fields is 3, and that of line 1 is 2"),
        ("\n\n", "is empty"),
    ):
        with pytest.raises(UserError, match=message):
            read(tmp_path, text)
    assert read(tmp_path, "\n", header=False)[0] == {}


def test_suffixes_and_names():
    assert all(map(is_text_table, ("a.csv", "b.TSV", "c.txt.gz", "ind.cites")))
    assert not any(map(is_text_table, ("a.npz", "b.gz", "csv")))
    assert normalized("Node_ID") == normalized("node id") == "nodeid"
