"""The embedded mini-world: generated images and videos of articulated objects in usual layouts.

Beside them are graphs, and features for zero-shot learning. `make_mini` writes it all. Underneath,
`state` describes what is seen as plain values, `render` turns that into an image with its masks,
parts, key points and boxes, and `sample` draws such values at random and `motion` lets them change
over time; `categories` holds the classes, and `writers` has one module a layout.
"""

from .categories import ATTRIBUTES, CATEGORIES, CLASSES, category
from .make import LAYOUTS, USUAL_LAYOUTS, VIDEO_LAYOUTS, Made, make_mini
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
    "Light",
    "Made",
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
