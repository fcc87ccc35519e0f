"""Conflicts between packages, and the choice of the device."""

import os

import pytest

from mmcontrast.utils.device import select_device
from mmcontrast.utils.environment import find_conflicts, installed_versions
from mmcontrast.utils.errors import UserError

GOOD = {
    "torch": "2.11.0+cu130", "numpy": "2.2.6", "pillow": "12.0", "onedl-mmengine": "0.10.12",
    "onedl-mmcv": "2.3.6", "onedl-mmdetection": "3.5.1", "onedl-mmsegmentation": "1.4.2",
    "imaug": "0.4", "gradio": "5.0",
}  # fmt: skip


def test_what_works_together():
    assert find_conflicts(GOOD) == []
    assert "torch" in installed_versions()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"mmengine": "0.10.7"}, "pip uninstall -y mmengine onedl-mmengine"),
        ({"mmcv-lite": "2.2.0"}, "installed beside onedl-mmcv"),
        ({"mmdet": "3.3.0"}, "installed beside onedl-mmdetection"),
        ({"mmsegmentation": "1.2.2"}, "installed beside onedl-mmsegmentation"),
        ({"onedl-mmcv": None}, "pip install onedl-mmcv"),
        ({"torch": "2.14.0"}, "torch<2.14"),
        ({"numpy": "2.3.0"}, "numpy<2.3"),
        ({"pillow": "13.1"}, "pillow<13"),
        ({"onedl-mmengine": None, "mmengine": "0.10.7"}, "the original, which is no longer"),
    ],
)
def test_conflicts_have_a_remedy(change, remedy):
    versions = {name: v for name, v in {**GOOD, **change}.items() if v is not None}
    assert any(remedy in problem for problem in find_conflicts(versions))


def test_devices(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    select_device(None)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,7"
    with pytest.raises(UserError, match=r"shows 2 GPU\(s\)"):
        select_device("cuda:2")
    for wrong in ("gpu", "cpu:0", "cuda:x"):
        with pytest.raises(UserError, match="--device is cpu, cuda or cuda:N"):
            select_device(wrong)
    with pytest.raises(UserError, match=r"--device mps: mps, Apple's GPU, is not supported"):
        select_device("mps")
    select_device("cpu")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
