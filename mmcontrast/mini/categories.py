"""The classes of the mini-world, in the order of their labels."""

from __future__ import annotations

from .animals import ANIMALS
from .parts import Category
from .things import THINGS

CATEGORIES: tuple[Category, ...] = ANIMALS + THINGS
CLASSES: tuple[str, ...] = tuple(category.name for category in CATEGORIES)
"""Class names: label i is CLASSES[i] (COCO ids and VOC indices are i + 1)."""
ATTRIBUTES: tuple[str, ...] = tuple(sorted(set().union(*(c.attributes for c in CATEGORIES))))
"""The attributes of all classes, sorted."""


def category(name: str) -> Category:
    """Return the category called ``name``.

    Raises:
        KeyError: There is no such category; the message lists the names.
    """
    if name not in CLASSES:
        raise KeyError(f"no category {name!r} in the mini-world; there are {', '.join(CLASSES)}")
    return CATEGORIES[CLASSES.index(name)]
