"""Readers of graph files: functions that return a ``Graph``; nothing is downloaded."""

from .graph import UNLABELED, Graph, undirected
from .npz import read_npz
from .planetoid import read_planetoid
from .tables import from_pyg, read_edge_list
from .tu import read_tu

__all__ = [
    "UNLABELED",
    "Graph",
    "from_pyg",
    "read_edge_list",
    "read_npz",
    "read_planetoid",
    "read_tu",
    "undirected",
]
