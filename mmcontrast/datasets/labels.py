"""Classes and masks of nodes, from numbers or texts as files hold them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmcontrast.utils.delimited import MISSING

UNLABELED = -1

Place = Callable[[int], str]
"""Function from the number of a row to its file and line, the start of a message."""


def to_integers(
    values: NDArray[Any], what: str, place: Place | None = None, remedy: str = ""
) -> NDArray[np.int64]:
    """Convert whole numbers of any numeric type to int64.

    Args:
        values: Integers, booleans, or floats without a fraction.
        what: Name of the values in error messages.
        place: Function from the number of a row to the start of a message.
        remedy: End of the message about a number with a fraction.

    Raises:
        ValueError: A value is not a number, or not an integer.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "iufb":
        raise ValueError(f"{what} are integers, got {values.dtype}.")
    if values.dtype.kind == "f":
        wrong = np.argwhere(~(np.isfinite(values) & (values == np.trunc(values))))
        if len(wrong):
            start = "" if place is None else f"{place(int(wrong[0][0]))}: "
            raise ValueError(f"{start}{what} are integers, got {values[tuple(wrong[0])]}{remedy}.")
    return values.astype(np.int64)


def to_labels(
    values: NDArray[Any], what: str, place: Place | None = None, remedy: str = ""
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Convert classes to labels.

    Args:
        values: Classes (V,) or (V, 1): whole numbers, with NaN or -1 for none, or texts, of which
            the empty ones and those like ``NA`` stand for none.
        what: Name of the values in error messages.
        place: See :func:`to_integers`.
        remedy: See :func:`to_integers`.

    Returns:
        Labels (V,), and the names of the classes: texts are sorted, numbers have no names.

    Raises:
        ValueError: A number is not whole.
    """
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind in "UO":
        texts = np.array([str(value).strip() for value in values.ravel()]).reshape(values.shape)
        missing = np.isin(texts, MISSING)
        classes = sorted(set(texts[~missing].tolist()))
        if not classes:
            return np.full(values.shape, UNLABELED), ()
        labels = np.searchsorted(classes, texts)
        return np.where(missing, UNLABELED, labels), tuple(classes)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), UNLABELED, values)
    return to_integers(values, what, place, remedy), ()


def to_masks(
    columns: Mapping[str, NDArray[Any]], split: int, path: str
) -> tuple[dict[str, NDArray[np.bool_]], str]:
    """Convert masks of nodes.

    Args:
        columns: Masks (V,), or (V, k) for k splits, of truth values or of 0 and 1, by name.
        split: Column of the masks that have several.
        path: Name of the graph in messages.

    Returns:
        Masks (V,), bool, by name, and the description of the split.

    Raises:
        ValueError: A mask has other values, or no such column.
    """
    masks, masks_from = {}, "split of the file"
    for name, column in columns.items():
        values = np.asarray(column)
        if values.dtype != bool and not np.isin(values, (0, 1)).all():
            wrong = values[~np.isin(values, (0, 1))].flat[0]
            raise ValueError(
                f"{path}: the mask {name} has a 0 or 1 for each node, got {wrong}. Does it hold "
                "the numbers of nodes?"
            )
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        elif values.ndim == 2:
            if not 0 <= split < values.shape[1]:
                raise ValueError(
                    f"{path}: split={split}, but the mask {name} has the columns 0 to "
                    f"{values.shape[1] - 1}."
                )
            masks_from = f"split {split} of the {values.shape[1]} in the file"
            values = values[:, split]
        masks[name] = values.astype(bool)
    return masks, masks_from
