"""Readers of graph files: functions that return a ``Graph``; nothing is downloaded."""

from mmcontrast.datasets.labels import UNLABELED

from .graph import Graph, undirected
from .npz import read_npz
from .planetoid import read_planetoid
from .pyg import from_pyg, load_pyg
from .tables import Column, read_edge_list
from .tu import read_tu

__all__ = [
    "UNLABELED",
    "Column",
    "Graph",
    "from_pyg",
    "load_pyg",
    "read_edge_list",
    "read_npz",
    "read_planetoid",
    "read_tu",
    "undirected",
]
