"""The mini-world: generated images and videos of articulated objects, graphs and features.

``make_mini`` writes it in the layouts of public datasets. ``state`` describes a scene by plain
values, ``render`` turns them into an image with masks, parts, keypoints and boxes, ``sample`` draws
scenes at random, and ``motion`` moves them over time. ``performance`` has clips whose object is
heard, with the notes of ``sound``. ``categories`` has the classes, and ``writers`` one module per
layout.
"""

from .categories import ATTRIBUTES, CATEGORIES, CLASSES, category
from .make import LAYOUTS, USUAL_LAYOUTS, VIDEO_LAYOUTS, LayoutFolder, make_mini
from .motion import sample_clip
from .preview import contact_sheet
from .render import Rendered, render
from .sample import fit, sample_group, sample_light, sample_object, sample_portrait
from .state import Light, ObjectState, Paint, Scene

__all__ = [
    "ATTRIBUTES",
    "CATEGORIES",
    "CLASSES",
    "LAYOUTS",
    "USUAL_LAYOUTS",
    "VIDEO_LAYOUTS",
    "LayoutFolder",
    "Light",
    "ObjectState",
    "Paint",
    "Rendered",
    "Scene",
    "category",
    "contact_sheet",
    "fit",
    "make_mini",
    "render",
    "sample_clip",
    "sample_group",
    "sample_light",
    "sample_object",
    "sample_portrait",
]
