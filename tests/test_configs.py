"""Every pre-training config reads, builds, has the papers' settings, and says how to run it."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

from mmcontrast.registry import MODELS, TRANSFORMS

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "configs").glob("*/*.py")
    # Graphs and unseen classes: tests/test_graph_and_zero_shot_configs.py.
    if path.parent.name not in ("_base_", "benchmarks", "mvgrl", "cegzsl")
)
VIEW = {
    "moco": [
        dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0)),
        dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
        dict(type="Grayscale", p=0.2),
        dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
        dict(type="HorizontalFlip", p=0.5),
    ],
    "simclr": [
        dict(type="RandomResizedCrop", size=224, scale=(0.10, 1.0), interpolation="bicubic"),
        dict(type="HorizontalFlip", p=0.5),
        dict(type="ColorJitter", brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, p=0.8),
        dict(type="Grayscale", p=0.2),
        dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
    ],
}


@pytest.mark.parametrize("path", CONFIGS)
def test_builds(path):
    cfg = Config.fromfile(ROOT / path)
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    assert PARAM_SCHEDULERS.build(
        dict(cfg.param_scheduler, begin=0), default_args=dict(optimizer=wrapper, epoch_length=10)
    )
    for transform in cfg.train_dataloader.dataset.pipeline:
        assert TRANSFORMS.build(transform)
    assert cfg.train_dataloader.drop_last


@pytest.mark.parametrize("path", CONFIGS)
def test_header_says_how_to_run_it(path):
    header = (ROOT / path).read_text().split('"""')[1]
    for text in (f"python tools/train.py {path}", f"bash tools/dist_train.sh {path}", "Cost"):
        assert text in header
    assert "ours" in header.lower()
    assert "max_epochs" in header


@pytest.mark.parametrize("path", CONFIGS)
def test_one_schedule_length(path):
    cfg = Config.fromfile(ROOT / path)
    schedule = cfg.param_scheduler
    assert schedule.get("T_max", schedule.get("end")) == cfg.train_cfg.max_epochs


@pytest.mark.parametrize(
    ("path", "epochs", "lr", "depth"),
    [
        ("densecl/r50_coco", 800, 0.3, 50),
        ("densecl/r50_imagenet", 200, 0.03, 50),
        ("densecl/r101_imagenet", 200, 0.03, 101),
        ("mocov2/r50_imagenet", 200, 0.03, 50),
        ("mocov2/r50_coco", 800, 0.3, 50),
    ],
)
def test_settings_of_moco_and_densecl(path, epochs, lr, depth):
    cfg = Config.fromfile(ROOT / "configs" / f"{path}.py")
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.optim_wrapper.optimizer == dict(type="SGD", lr=lr, momentum=0.9, weight_decay=1e-4)
    assert cfg.param_scheduler == dict(
        type="CosineAnnealingLR", T_max=epochs, eta_min=0, by_epoch=True
    )
    assert cfg.auto_scale_lr.base_batch_size == 256
    assert cfg.train_dataloader.batch_size == 32
    model = cfg.model
    assert model.backbone.depth == depth
    assert (model.queue_size, model.momentum, model.loss.temperature) == (65536, 0.999, 0.2)
    assert cfg.view == VIEW["moco"]
    if "densecl" in path:
        assert (model.dense_weight, model.dense_loss.temperature) == (0.5, 0.2)
        # The defaults: the backbone's own grid, and a dense loss from the first step on.
        assert model.neck.get("num_grid") is None
        assert model.get("dense_start_iters", 0) == 0


@pytest.mark.parametrize(
    ("name", "batch", "lr", "epochs"),
    [("r50_imagenet_bs256", 32, 0.3, 200), ("r50_imagenet_bs4096", 256, 4.8, 100)],
)
def test_settings_of_simclr(name, batch, lr, epochs):
    cfg = Config.fromfile(ROOT / f"configs/simclr/{name}.py")
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.momentum) == ("LARS", lr, 0.9)
    assert (optimizer.weight_decay, optimizer.eta) == (1e-6, 1e-3)
    assert lr == pytest.approx(0.3 * cfg.auto_scale_lr.base_batch_size / 256)
    assert cfg.train_dataloader.batch_size == batch
    assert (cfg.param_scheduler.warmup, cfg.param_scheduler.end) == (10, epochs)
    assert cfg.model.loss.temperature == 0.1
    assert cfg.model.backbone.zero_init_residual
    assert cfg.model.neck.get("num_layers", 2) == 2
    assert cfg.model.neck.norm_cfg.type == cfg.model.backbone.norm_cfg.type == "SyncBN"
    assert cfg.view == VIEW["simclr"]


def test_settings_of_simclr_on_cifar10():
    cfg = Config.fromfile(ROOT / "configs/simclr/r18_cifar10.py")
    assert cfg.model.backbone.stem == "cifar"
    assert cfg.model.loss.temperature == 0.5
    assert "GaussianBlur" not in [transform.type for transform in cfg.view]
    # The command of the authors' README: --learning_rate=1.0 --weight_decay=1e-4, three layers.
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.optimizer.weight_decay) == (2, 1e-4)
    assert cfg.model.neck.num_layers == 3


@pytest.mark.parametrize(
    ("name", "depth", "epochs", "batch", "segments", "parameters"),
    [("r18", 18, 200, 64, 8, 923_008), ("r50", 50, 500, 256, 2, 14_702_080)],
)
def test_settings_of_vfs(name, depth, epochs, batch, segments, parameters):
    plain, color = (
        Config.fromfile(ROOT / f"configs/vfs/{name}_kinetics400{form}.py")
        for form in ("", "_color")
    )
    # They differ in the colors of a frame alone.
    assert plain.model == color.model
    assert plain.frame == color.frame[:2]
    assert [transform.type for transform in color.frame[2:]] == [
        "ColorJitter",
        "Grayscale",
        "GaussianBlur",
    ]
    assert plain.model.backbone.depth == depth
    assert plain.model.backbone.zero_init_residual
    assert plain.optim_wrapper.optimizer == dict(
        type="SGD", lr=0.05, momentum=0.9, weight_decay=1e-4
    )
    assert plain.param_scheduler.convert_to_iter_based
    assert plain.train_cfg.max_epochs == epochs
    assert plain.auto_scale_lr.base_batch_size == batch
    assert plain.train_dataloader.batch_size == 32
    assert plain.train_dataloader.dataset.pipeline[0].sampler == dict(
        type="segments", num_segments=segments
    )
    model = MODELS.build(plain.model)
    heads = [*model.projector.parameters(), *model.predictor.parameters()]
    assert sum(parameter.numel() for parameter in heads) == parameters


def test_settings_of_contrastcorr():
    cfg = Config.fromfile(ROOT / "configs/contrastcorr/r18_trackingnet.py")
    assert cfg.optim_wrapper.optimizer == dict(type="Adam", lr=1e-4)
    schedule, hook = cfg.param_scheduler, cfg.custom_hooks[0]
    assert (schedule.step_size, schedule.gamma, cfg.train_cfg.max_epochs) == (40, 0.5, 200)
    assert schedule.restarts == hook.begins == [100]
    assert (cfg.train_dataloader.batch_size, cfg.auto_scale_lr.base_batch_size) == (8, 16)
    two_frames = dict(type="LoadFrames", sampler=dict(type="gap", max_gap=50))
    assert cfg.warm_up[0] == cfg.whole_target[0] == two_frames
    assert cfg.warm_up[1].shared and not cfg.warm_up[2].get("shared")
    model = cfg.model
    assert model.loss.threshold == 2.5
    assert (model.concentration_weight, model.concentration_start) == (0.3, 10)
    assert (model.channel_dropout, model.window) == (0.7, 8)
    color = Config.fromfile(ROOT / "configs/contrastcorr/color_trackingnet.py")
    checkpoint = f"color_trackingnet/epoch_{color.train_cfg.max_epochs}.pth"
    assert model.codec.checkpoint.endswith(checkpoint)
    assert model.codec.base_channels == color.model.codec.base_channels


def test_sizes_of_the_papers_networks():
    model = MODELS.build(Config.fromfile(ROOT / "configs/densecl/r50_coco.py").model)
    count = {
        name: sum(p.numel() for p in module.parameters()) for name, module in model.named_children()
    }
    assert count["backbone"] == 23_508_032
    assert count["neck"] == 8_917_248
    assert model.queue.keys.shape == model.dense_queue.keys.shape == torch.Size([128, 65536])
