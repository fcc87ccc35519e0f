"""Check that labels stand for the same classes in two datasets."""

from collections.abc import Mapping
from typing import Any

from mmcontrast.utils.errors import UserError


def refuse_other_classes(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    subject: str,
    rest: str = "the data to test on",
) -> None:
    """Compare the classes that labels stand for in two datasets.

    Labels are the positions of the sorted sub-folders, so one additional folder shifts the labels
    of all folders behind it.

    Args:
        one: ``metainfo`` of a dataset; without ``classes`` nothing is compared.
        other: ``metainfo`` of the other dataset.
        subject: Beginning of the message, such as ``'The training data have'``.
        rest: Name of the other dataset in the message.

    Raises:
        UserError: The classes differ.
    """
    classes, others = list(one.get("classes", ())), list(other.get("classes", ()))
    if classes and others and classes != others:
        differences = sorted(set(classes) ^ set(others))
        raise UserError(
            f"{subject} {len(classes)} classes and {rest} {len(others)}; not in both: "
            f"{', '.join(differences[:10])}{', ...' if len(differences) > 10 else ''}. Labels "
            "count the sub-folders, so both need the same ones."
        )
