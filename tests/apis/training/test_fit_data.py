"""Settings that fit the data and the machine, worked out without training."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.fit_data import STEPS, fit_config, fit_data
from tests.toy import write_config

ROOT = Path(__file__).parents[3]


def values(*args, **kwargs):
    return {key: change.value for key, change in fit_config(*args, **kwargs).items()}


def test_sixty_images_on_a_cpu():
    cfg = load_config("densecl/r50_coco")
    before = cfg.to_dict()
    changes = fit_config(cfg, num_samples=60, cores=2, device="cpu")
    assert {key: change.value for key, change in changes.items()} == {
        "train_dataloader.batch_size": 8,
        "optim_wrapper.optimizer.lr": pytest.approx(0.3 * 8 / 256),
        "auto_scale_lr.base_batch_size": 8,
        "model.queue_size": 16,
        "model.backbone.norm_cfg.num_groups": 2,
        "train_dataloader.num_workers": 2,
        "train_cfg.max_epochs": 29,  # 200 steps, 7 an epoch
        "default_hooks.checkpoint.interval": 2,
    }
    assert all(change.reason for change in changes.values())
    assert cfg.to_dict() == before


def test_the_data_and_the_machines_of_the_paper_need_no_change():
    cfg = load_config("densecl/r50_coco")
    changes = values(cfg, 118_287, cores=128, device="cuda", num_processes=8)
    assert set(changes) == {"train_cfg.max_epochs", "default_hooks.checkpoint.interval"}
    assert changes["train_cfg.max_epochs"] == round(STEPS["cuda"] / 462)


def test_what_the_user_has_set_is_kept():
    cfg = load_config("densecl/r50_coco", ["train_dataloader.batch_size=4", "model.queue_size=50"])
    keep = {"train_dataloader.batch_size", "model.queue_size", "train_cfg.max_epochs"}
    changes = values(cfg, 60, cores=8, device="cuda", keep=keep)
    assert not keep & set(changes)
    assert changes["optim_wrapper.optimizer.lr"] == pytest.approx(0.3 * 4 / 256)


def test_options_are_kept_also_those_in_dictionaries(tmp_path):
    options = ["train_dataloader=dict(batch_size=3)", "model.queue_size=12"]
    cfg = load_config(write_config(tmp_path), options)
    fit_data(cfg, options)
    assert cfg.train_dataloader.batch_size == 3 and cfg.model.queue_size == 12
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.05 * 3 / 4)


@pytest.mark.parametrize("num_samples", [2, 9, 63, 64, 65, 1000, 70_000])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("config", ["densecl/r50_coco", "simclr/mini", "mocov2/r18_tinyimagenet"])
def test_it_fits_any_number_of_samples(config, num_samples, device):
    cfg = load_config(config)
    changes = values(cfg, num_samples, cores=4, device=device)
    batch = changes.get("train_dataloader.batch_size", cfg.train_dataloader.batch_size)
    assert 2 <= batch <= max(2, num_samples // 4)
    queue = changes.get("model.queue_size")
    assert queue is None or (queue % batch == 0 and queue <= max(num_samples, 2 * batch))
    epochs = changes.get("train_cfg.max_epochs", cfg.train_cfg.max_epochs)
    assert epochs >= 1
    assert epochs * (num_samples // batch) <= STEPS[device] + num_samples // batch


def test_accumulated_gradients_count_for_the_rate_alone():
    cfg = load_config("densecl/r50_coco", ["optim_wrapper.accumulative_counts=4"])
    changes = values(cfg, 60, cores=2, device="cpu", num_processes=1)
    assert changes["optim_wrapper.optimizer.lr"] == pytest.approx(0.3 * 32 / 256)
    assert changes["model.queue_size"] == 16


def test_the_queue_of_a_default_is_found():
    cfg = load_config("densecl/mini")
    del cfg.model.queue_size
    assert values(cfg, 64, cores=1, device="cpu")["model.queue_size"] == 32


def test_schedules_follow_and_the_config_is_stored(tmp_path):
    cfg = Config.fromfile(write_config(tmp_path))
    cfg.param_scheduler.T_max = cfg.train_cfg.max_epochs = 3000
    text = fit_data(cfg)
    assert cfg.param_scheduler.T_max == cfg.train_cfg.max_epochs
    assert f"train_cfg.max_epochs={cfg.train_cfg.max_epochs}" in text
    assert fit_data(cfg).count("\n") == 0  # a second time there is nothing to change


def write_odd_images(folder):
    """Write 60 images with odd names, in all modes of a camera, a scanner and a web page."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    names = [
        "a b",
        "übung",
        "写真",
        "été (1)",
        "# 1 %20",
        "x.y.z",
        "'quoted'",
        "UPPER",
        "-dash",
        "ñ,2",
    ]
    modes = ["CMYK", "P", "I;16", "LA", "RGBA", "exif"]
    for i, mode in enumerate(modes):
        for name in names:
            rgb = generator.integers(0, 256, (60, 80, 3), dtype=np.uint8)
            image = Image.fromarray(rgb)
            path = folder / f"{name} {i}"
            if mode == "I;16":
                depth = generator.integers(0, 65536, (60, 80), dtype=np.uint16)
                Image.fromarray(depth).save(f"{path}.png")
            elif mode == "exif":
                exif = Image.Exif()
                exif[0x0112] = 6
                image.save(f"{path}.JPG", exif=exif)
            else:
                image.convert(mode).save(f"{path}.{'tif' if mode == 'CMYK' else 'png'}")
    return folder


@pytest.mark.slow
def test_own_images_with_odd_names_and_modes_by_one_line(tmp_path):
    photos = write_odd_images(tmp_path / "my photos")
    line = ["densecl/r50_coco", "--data-root", str(photos), "--fit-data", "--epochs", "1"]
    result = subprocess.run(
        [sys.executable, "-m", "mmcontrast", "train", *line],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    lines = (result.stdout + result.stderr).splitlines()
    first = next(i for i, text in enumerate(lines) if "Epoch(train)" in text)
    assert first + len(result.stderr.splitlines()) <= 30
    assert "60 samples" in result.stdout and "Finished after 7 steps" in result.stdout
    assert "unreadable" not in result.stdout
    work_dir = tmp_path / "work_dirs/densecl/r50_coco"
    assert (work_dir / "epoch_1.pth").exists() and (work_dir / "curves.png").exists()
    stored = Config.fromfile(work_dir / "r50_coco.py")
    assert stored.model.queue_size == 16 and stored.param_scheduler.T_max == 1
