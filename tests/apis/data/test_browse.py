import pytest
from PIL import Image

from mmcontrast.apis.data.browse import browse_dataset
from mmcontrast.utils.errors import UserError
from tests.datasets.conftest import photo

CONFIG = """
view = [dict(type="RandomResizedCrop", size=32), dict(type="HorizontalFlip", p=0.5)]
train_dataloader = dict(
    dataset=dict(
        type="Images",
        data_root="{root}",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    )
)
randomness = dict(seed=3)
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(5):
        Image.fromarray(photo(60, 50, number)).save(tmp_path / "photos" / f"{number}.jpg")
    path = tmp_path / "config.py"
    path.write_text(CONFIG.format(root=tmp_path / "photos"))
    return path


def test_a_image_is_written(config, tmp_path):
    browse_dataset(str(config), tmp_path / "new" / "views.png", num=3, grid=4)
    with Image.open(tmp_path / "new" / "views.png") as image:
        assert image.width > 500 and len(set(image.convert("L").tobytes())) > 100


def test_more_samples_than_there_are_and_another_epoch(config, tmp_path):
    browse_dataset(str(config), tmp_path / "a.png", num=50)
    browse_dataset(str(config), tmp_path / "b.png", num=50, epoch=1)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_clear_errors(config, tmp_path):
    out = tmp_path / "views.png"
    with pytest.raises(UserError, match="no val_dataloader"):
        browse_dataset(str(config), out, dataloader="val_dataloader")
    with pytest.raises(UserError, match="At least 1 sample"):
        browse_dataset(str(config), out, num=0)
    with pytest.raises(UserError, match=r"nowhere.*is not a folder"):
        options = ["train_dataloader.dataset.data_root=nowhere"]
        browse_dataset(str(config), out, cfg_options=options)
    with pytest.raises(UserError, match="cannot write"):
        browse_dataset(str(config), tmp_path / "views.unknown", num=1)
