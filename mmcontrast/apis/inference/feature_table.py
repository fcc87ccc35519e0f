"""Read the tables that ``extract_features`` writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.labels import to_labels
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.tables import read_table

TABLES = (".npz", ".parquet")


@dataclass
class FeatureTable:
    """Features with the path, the label and, for nodes, the number of each row.

    Attributes:
        features: The features (N, C).
        labels: The labels (N,), negative for a row without class.
        paths: Paths of the images or graphs.
        nodes: Number of each node in its graph; None where the rows are not nodes.
        classes: Names by label, with ``(unseen)`` behind those that no training saw. There are
            fewer of them than labels where the table has no names.
    """

    features: NDArray[np.floating]
    labels: NDArray[np.integer]
    paths: list[str]
    nodes: NDArray[np.integer] | None
    classes: list[str]

    @classmethod
    def read(cls, path: str | Path) -> "FeatureTable":
        """Read a table.

        Raises:
            UserError: The file does not exist, or was not written by ``extract_features``.
            ValueError: A label is neither an integer, NaN nor a text.
        """
        columns = read_table(path)
        name = "nodes" if "nodes" in columns else "global"
        missing = [name for name in (name, "label", "path") if name not in columns]
        if missing:
            raise UserError(
                f"{path} has no {' and no '.join(missing)}: it is no table of "
                "tools/extract_features.py."
            )
        labels, texts = to_labels(columns["label"], f"{path}: labels")
        return cls(
            columns[name],
            labels,
            columns["path"].tolist(),
            columns.get("node"),
            list(texts) or _class_names(columns, labels),
        )

    def name(self, row: int) -> str:
        """Return a short description of a row: the file, or the node, and the class."""
        path = self.paths[row]
        what = Path(path).name if self.nodes is None else f"node {self.nodes[row]}"
        if self.nodes is not None and len(set(self.paths)) > 1:
            what += f" of {Path(path).name}"
        label = int(self.labels[row])
        if label < 0:
            return what
        return f"{what}, {self.classes[label] if label < len(self.classes) else f'class {label}'}"


def _class_names(columns: dict[str, np.ndarray], labels: NDArray[np.int64]) -> list[str]:
    if "class" not in columns:
        return []
    names = [str(number) for number in range(int(labels.max(initial=-1)) + 1)]
    for label in np.unique(labels[labels >= 0]):
        row = int((labels == label).argmax())
        unseen = "split" in columns and columns["split"][row] == "unseen"
        names[label] = f"{columns['class'][row]}{' (unseen)' if unseen else ''}"
    return names
