"""The data sets that the downstream configs name, written small from the mini-world."""

import pytest

from mmcontrast.mini import make_mini
from tests.data_world import write_downstream


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder that stands for ``data``."""
    root = tmp_path_factory.mktemp("data")
    counts = dict(voc=(6, 3), coco=(6, 3))
    make_mini(root / "mini", layouts=list(counts), num_images=counts)
    write_downstream(root)
    return root
