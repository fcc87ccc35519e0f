"""Values of a config that do not fit are named with their key before anything is built."""

import pytest

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.apis.training.train import set_randomness
from mmcontrast.utils.errors import UserError


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("train_dataloader.batch_size='64'", r"train_dataloader: DataLoader: batch_size must be "
         r"int or None, got '64' \(str\)"),
        ("train_dataloader.batch_size=0", "train_dataloader: DataLoader: batch_size must be"),
        ("train_dataloader.num_workers=-1", "num_workers must be at least 0"),
        ("optim_wrapper.optimizer.lr='0.01'", r"optim_wrapper.optimizer: SGD: lr must be float"),
        ("optim_wrapper.optimizer.lr=None", r"lr must be float or Tensor, got None"),
        ("optim_wrapper.optimizer.lr=-1", r"SGD: lr must be at least 0, got -1"),
        ("model.neck.init_cfg=dict(type='Normal', layer='Linear', std=-0.01)",
         "std must be at least 0, got -0.01"),
        ("default_hooks.checkpoint.interval='1'", "checkpoint: SafeCheckpointHook: interval must "),
        ("default_hooks.logger.interval=0", "LoggerHook: interval must be at least 1, or -1"),
        ("param_scheduler.T_max=0", "CosineAnnealingLR: T_max must be at least 1, got 0"),
        ("train_cfg.max_epochs=0", "EpochBasedTrainLoop: max_epochs must be at least 1, got 0"),
        ("train_cfg.max_epochs=-1", "max_epochs must be at least 1, got -1"),
        ("model.momentum=high", r"model: MoCoV2: momentum must be float, got 'high' \(str\)"),
        ("model.backbone.depth='18'", r"model.backbone: ResNet: depth must be int, got '18' \(str"),
        ("view.0.size='48'", "view.0: RandomResizedCrop: size must be int"),
        ("train_dataloader.dataset.data_root=None", "Images: data_root must be str or PathLike"),
    ],
)  # fmt: skip
def test_what_does_not_fit(option, message):
    with pytest.raises(UserError, match=message) as caught:
        check_values(load_config("mocov2/mini", [option]))
    assert "mini.py, " in str(caught.value) and "\n" not in str(caught.value)


def test_a_config_without_randomness():
    cfg = load_config("mocov2/mini")
    cfg.pop("randomness")
    set_randomness(cfg, 3, deterministic=False)
    assert cfg.randomness == dict(seed=3)
    cfg.randomness = None
    set_randomness(cfg, None, deterministic=True)
    assert cfg.randomness == dict(seed=0, deterministic=True)


def test_a_list_in_a_list_of_metrics():
    cfg = load_config("mocov2/mini")
    cfg.val_evaluator = [cfg.val_evaluator, [cfg.val_evaluator]]
    with pytest.raises(UserError, match=r"val_evaluator\.1: it must be a dict, got "):
        check_values(cfg)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", [1]),
        ("default_hooks", [1]),
        ("randomness", 3),
        ("optim_wrapper.optimizer", [dict(type="SGD", lr=0.1)]),
        ("train_dataloader.collate_fn", [dict(type="collate")]),
        ("train_dataloader.dataset", "data"),
    ],
)
def test_dictionaries(key, value):
    cfg = load_config("mocov2/mini")
    parent, _, name = key.rpartition(".")
    (cfg[parent] if parent else cfg)[name] = value
    with pytest.raises(UserError, match=f"{key}: it must be a dict, got "):
        check_values(cfg)


def test_the_type_of_a_part_is_a_name():
    cfg = load_config("mocov2/mini")
    cfg.default_hooks.timer.type = 3
    with pytest.raises(UserError, match="timer: type must be the name of a class, got 3"):
        check_values(cfg)
