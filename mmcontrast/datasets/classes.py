"""Labels that must stand for the same classes in two data sets."""

from collections.abc import Mapping
from typing import Any

from mmcontrast.utils.errors import UserError


def refuse_other_classes(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    subject: str,
    rest: str = "the data to test on",
) -> None:
    """Compare the classes that labels stand for in two data sets.

    They count sub-folders, so a single one too many shifts all behind it.

    Args:
        one: ``metainfo`` of a data set; without ``classes`` nothing is compared.
        other: That of the other.
        subject: How the message begins: ``'The training data have'``.
        rest: How the message calls the other.

    Raises:
        UserError: They differ.
    """
    before, after = list(one.get("classes", ())), list(other.get("classes", ()))
    if before and after and before != after:
        only = sorted(set(before) ^ set(after))
        raise UserError(
            f"{subject} {len(before)} classes and {rest} {len(after)}; "
            f"not in both: {', '.join(only[:10])}{', ...' if len(only) > 10 else ''}. Labels count "
            "the sub-folders, so both need the same ones."
        )
