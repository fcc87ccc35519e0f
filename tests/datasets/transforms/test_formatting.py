import numpy as np
import pytest
import torch
from PIL import Image

from mmcontrast.datasets.transforms import PackInputs, Views, compose
from tests.datasets.conftest import photo

VIEW = [
    dict(type="RandomResizedCrop", size=32),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
    dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
    dict(type="HorizontalFlip", p=0.5),
]


def test_two_views_are_drawn_independently(tmp_path):
    Image.fromarray(photo()).save(tmp_path / "a.jpg")
    pipeline = compose(
        [dict(type="LoadImage"), dict(type="Views", views=[VIEW, VIEW]), PackInputs()]
    )
    sample = pipeline(dict(path=str(tmp_path / "a.jpg"), index=5, label=2, split="bank"))
    assert set(sample) == {"inputs", "data_sample"}
    assert set(sample["inputs"]) == {"view0", "view1"}
    for view in sample["inputs"].values():
        assert view.shape == (3, 32, 32) and view.dtype == torch.uint8 and view.is_contiguous()
    data_sample = sample["data_sample"]
    assert set(data_sample) == {"path", "index", "label", "split", "view0", "view1"}
    assert set(data_sample["view0"]) == {"box", "flip", "size"}
    assert data_sample["view0"]["size"] == (160, 120)
    assert data_sample["view0"]["box"] != data_sample["view1"]["box"]


def test_one_image_is_view0_in_rgb():
    image = photo(8, 6)
    results = dict(image=image, path="a", box=(0, 0, 8, 6), flip=False, size=(8, 6))
    sample = PackInputs()(results)
    assert list(sample["inputs"]) == ["view0"]
    np.testing.assert_array_equal(sample["inputs"]["view0"].numpy(), image.transpose(2, 0, 1))


def test_views_do_not_disturb_each_other():
    seen = []

    def step(results):
        seen.append(dict(results))
        results["image"] = results["image"] * 0
        results["flip"] = True
        return results

    image = photo(8, 6)
    Views([[step], [step]])(dict(image=image, flip=False))
    assert all(s["flip"] is False and s["image"] is image for s in seen)


def test_no_views():
    with pytest.raises(ValueError, match="at least one"):
        Views([])
