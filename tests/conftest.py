"""What every test starts from."""

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def own_scope():
    """Look names up in our registries, whatever a run of mmdet or mmseg left behind."""
    with DefaultScope.overwrite_default_scope("mmcontrast"):
        yield
