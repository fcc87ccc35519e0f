"""Reader of graphs in a table of edges and a table of nodes."""

import os
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.labels import to_integers, to_labels, to_masks
from mmcontrast.utils.delimited import MISSING, is_number, normalized
from mmcontrast.utils.tables import Table, as_keys

from .graph import Graph, check, check_weights, notice, undirected_weighted

Column = str | int
"""Name of a column, or its number from 0, which may be negative."""

# Names of columns as they are common, in the form of `normalized`.
_ENDS = (
    ("source", "target"), ("src", "dst"), ("from", "to"), ("fromnodeid", "tonodeid"), ("u", "v"),
    ("head", "tail"), ("node1", "node2"), ("source", "destination"), ("id1", "id2"),
)  # fmt: skip
_WEIGHTS = ("weight", "weights", "edgeweight", "w")
_IDS = ("id", "nodeid", "node", "vertexid", "vertex", "key")
_ROW_NUMBERS = ("", "unnamed:0")  # what pandas writes
_INDEX = ("name", "nodename", "index", *_ROW_NUMBERS)
_LABELS = ("label", "labels", "class")
_MASKS = {
    "trainmask": "train", "valmask": "val", "validmask": "val", "validationmask": "val",
    "testmask": "test",
}  # fmt: skip
_PARTS = dict(train="train", val="val", valid="val", validation="val", test="test")
_EDGE_NAMES = {*_WEIGHTS, *(name for pair in _ENDS for name in pair)}
_NODE_NAMES = {*_IDS, *_INDEX, *_LABELS, *_MASKS, "split"} - {""}


def read_edge_list(
    edges: str | os.PathLike,
    nodes: str | os.PathLike,
    label: Column | Literal[False] | None = None,
    *,
    source: Column | None = None,
    target: Column | None = None,
    weight: Column | None = None,
    node_id: Column | Literal[False] | None = None,
    features: Sequence[Column] | None = None,
    header: bool | None = None,
    self_loops: bool = False,
) -> Graph:
    """Read a graph from two tables: text files such as ``.csv``, ``.parquet`` or ``.npz``.

    Text files may be compressed (``.csv.gz``), see
    :func:`~mmcontrast.utils.delimited.read_text_table`. Columns are found by their names, in any
    order and spelling (``Source``, ``node_id``). A column that neither a usual name nor an argument
    assigns is logged, or asked for.

    Args:
        edges: Table with the two ends of each edge, and optionally its weight. A file without
            names has two columns, or three with the weight.
        nodes: Table with a row for each node: numbers, its features, and optionally its id, its
            class, and ``train_mask``, ``val_mask`` and ``test_mask``, or ``split`` with the texts
            ``train``, ``val`` and ``test``. Columns of texts that are none of these are logged as
            unused.
        label: Column of the nodes' classes in ``nodes``: integers from 0, with -1 or an empty
            field for none, or texts. None takes the column that is named ``label`` or ``class``, if
            there is one; False takes none.
        source: Column of an edge's first end in ``edges``; None goes by the name.
        target: Column of its second end.
        weight: Column of its weight, a number from 0.
        node_id: Column of the nodes' ids in ``nodes``, to which the ends of edges refer, numbers or
            texts. None goes by the name; without names, the first column holds ids if its values
            are distinct and all ends occur in it. False counts the rows from 0.
        features: Columns that are features; None takes all others of numbers.
        header: Whether the first lines of text files are names of columns; None decides by what
            stands below them.
        self_loops: Whether to keep self-loops, each once.

    Raises:
        UserError: A file is missing or damaged, or a field is not what its column holds.
        ValueError: The tables do not match, or a column cannot be chosen.
    """
    node_table = Table.read(nodes, header=header, names=_NODE_NAMES)
    texts = {
        value
        for column in node_table.columns.values()
        if column.dtype.kind == "U"
        for value in column.tolist()
    }
    edge_table = Table.read(edges, header=header, names=_EDGE_NAMES, values=texts)
    ends = _choose_ends(edge_table, source, target)
    weights = _weights(edge_table, ends, weight)
    id_name = _choose_id(node_table, node_id, edge_table, ends)
    edges_E2 = _join(edge_table, ends, node_table, id_name)
    label_name = _choose_label(node_table, label, id_name)
    node_labels, classes = None, tuple[str, ...]()
    if label_name is not None:
        column = node_table.columns[label_name]
        node_labels, classes = to_labels(
            column, f"labels, in the column {label_name!r},", node_table.place,
            "; label=False leaves them out",
        )  # fmt: skip
    masks, masks_from, mask_names = _masks(node_table, {id_name, label_name})
    values = _features(node_table, {id_name, label_name, *mask_names}, features)
    edge_index, edge_weight = undirected_weighted(
        edges_E2, weights, node_table.num_rows, edge_table.path, self_loops
    )
    graph = Graph(
        edge_index, values, node_table.path, node_labels, None, masks, masks_from, edge_weight,
        classes,
    )  # fmt: skip
    return check(graph)


def _by_name(table: Table, names: Sequence[str]) -> str | None:
    """Return the column that has the first of the names which a column has."""
    columns = {normalized(name): name for name in table.columns} if table.has_names else {}
    return next((columns[name] for name in names if name in columns), None)


def _choose_ends(table: Table, source: Column | None, target: Column | None) -> tuple[str, str]:
    names = list(table.columns)
    if source is not None and target is not None:
        return table.find(source, "source"), table.find(target, "target")
    if source is not None or target is not None:
        raise ValueError("source and target are two columns of edges: set both.")
    for pair in _ENDS:
        ends = [_by_name(table, (name,)) for name in pair]
        if None not in ends:
            return ends[0], ends[1]  # type: ignore[return-value]
    if len(names) < 2:
        raise ValueError(f"{table.path} has {len(names)} column, and an edge joins two nodes.")
    others = names if not table.has_names else [n for n in names if normalized(n) not in _WEIGHTS]
    if len(others) == 2 or (len(names) == 3 and not table.has_names):
        return others[0], others[1]
    raise ValueError(
        f"{table.path} has the columns {', '.join(names)}: set source and target, the two that an "
        "edge joins."
    )


def _weights(table: Table, ends: tuple[str, str], weight: Column | None) -> NDArray | None:
    name = _by_name(table, _WEIGHTS) if weight is None else table.find(weight, "weight")
    others = [column for column in table.columns if column not in ends]
    if name is None and not table.has_names and len(others) == 1:
        (name,) = others
        notice(
            f"{table.path}: the column {name} is taken for the edges' weights; "
            "GraphViews(weighted=False) does without."
        )
    unused = [column for column in others if column != name]
    if unused:
        notice(f"{table.path}: the columns {_listed(unused)} of the edges are not used.")
    return None if name is None else check_weights(table.numbers(name), table.place)


def _choose_id(
    table: Table, node_id: Column | Literal[False] | None, edges: Table, ends: tuple[str, str]
) -> str | None:
    if node_id is False:
        return None
    if node_id is not None:
        return table.find(node_id, "node_id")
    name = _by_name(table, _IDS)
    if name is not None:
        return name
    index, columns = _by_name(table, _INDEX), [edges.columns[end] for end in ends]
    if index is not None and all(
        column.dtype.kind == "U" for column in (table.columns[index], *columns)
    ):
        return index
    keys = set().union(*map(as_keys, columns))
    for name in table.columns if len(table.columns) > 1 else ():
        if _may_be_id(table, name, index, keys):
            if name != index:
                notice(
                    f"{table.path}: the column {name!r} is taken for the nodes' ids; "
                    "node_id=False counts the rows from 0."
                )
            return name
    return None


def _may_be_id(table: Table, name: str, index: str | None, keys: set[str]) -> bool:
    """Whether a column, of which the names do not tell, has distinct values and all ends."""
    column = table.columns[name]
    is_first = name == next(iter(table.columns)) and not table.has_names
    if column.ndim > 1 or not (is_first or name == index or column.dtype.kind == "U"):
        return False
    own = as_keys(column)
    return bool(keys) and keys.issubset(own) and len(set(own)) == len(own)


def _join(
    edges: Table, ends: tuple[str, str], nodes: Table, id_name: str | None
) -> NDArray[np.int64]:
    """Return the edges (E, 2) as pairs of rows of ``nodes``."""
    if id_name is None:
        columns = [
            to_integers(edges.numbers(end), f"column {end!r}: nodes, by their rows,", edges.place)
            for end in ends
        ]
        pairs = np.stack(columns, axis=1)
        wrong = np.argwhere((pairs < 0) | (pairs >= nodes.num_rows))
        if len(wrong):
            row, end = wrong[0]
            raise ValueError(
                f"{edges.place(row)}, column {ends[end]!r}: the edge joins the nodes "
                f"{pairs[row].tolist()}, but there are {nodes.num_rows} in {nodes.path}, counted "
                "from 0. If a column of it holds their ids, name it by node_id."
            )
        return pairs
    rows: dict[str, int] = {}
    for row, key in enumerate(as_keys(nodes.columns[id_name])):
        if key in MISSING or rows.setdefault(key, row) != row:
            raise ValueError(
                f"{nodes.place(row)}, column {id_name!r}: "
                + ("a node has no id." if key in MISSING else f"{key} is the id of another node.")
            )
    columns = []
    for end in ends:
        keys = as_keys(edges.columns[end])
        unknown = next((row for row, key in enumerate(keys) if key not in rows), None)
        if unknown is not None:
            raise ValueError(
                f"{edges.place(unknown)}, column {end!r}: {keys[unknown]} is no id in the column "
                f"{id_name!r} of {nodes.path}. node_id names another column, and False counts rows."
            )
        columns.append(np.array([rows[key] for key in keys], dtype=np.int64))
    return np.stack(columns, axis=1)


def _choose_label(
    table: Table, label: Column | Literal[False] | None, id_name: str | None
) -> str | None:
    if label is False:
        return None
    if label is not None:
        return table.find(label, "label")
    name = _by_name(table, _LABELS)
    return None if name == id_name else name


def _masks(
    table: Table, taken: set[str | None]
) -> tuple[Mapping[str, NDArray[np.bool_]], str, list[str]]:
    """Return masks, a description of the split, and the columns that they are from."""
    columns, names = {}, []
    for name in table.columns:
        if table.has_names and normalized(name) in _MASKS and name not in taken:
            columns[_MASKS[normalized(name)]] = table.numbers(name)
            names.append(name)
    split = _by_name(table, ("split",))
    if split is not None and split not in taken and table.columns[split].dtype.kind == "U":
        parts = [_PARTS.get(value.lower()) for value in table.columns[split].tolist()]
        for part in set(parts) - {None, *columns}:
            columns[str(part)] = np.array([value == part for value in parts])
        names.append(split)
    masks, masks_from = to_masks(columns, 0, table.path)
    return masks, masks_from, names


def _features(
    table: Table, taken: set[str | None], features: Sequence[Column] | None
) -> NDArray[np.float32]:
    if features is not None:
        names = [table.find(column, "features") for column in features]
    else:
        names = [name for name in table.columns if name not in taken]
        unused = [name for name in names if _is_no_feature(table, name)]
        names = [name for name in names if name not in unused]
        if unused:
            notice(
                f"{table.path}: the columns {_listed(unused)} hold texts or numbers of rows, and "
                "are not used. Texts become features as numbers."
            )
    if not names:
        raise ValueError(f"{table.path} has no column of features.")
    return table.matrix(names, "feature")


def _is_no_feature(table: Table, name: str) -> bool:
    """Whether a column holds texts, or numbers of rows.

    A column with both texts and numbers has a wrong field, which is refused later.
    """
    if table.has_names and normalized(name) in _ROW_NUMBERS:
        return True
    column = table.columns[name]
    return column.dtype.kind == "U" and not any(map(is_number, column.tolist()))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
