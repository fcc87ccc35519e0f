"""Downstream configs cut down to a step on small images, and checkpoints for them."""

from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.utils import import_modules_from_strings

from mmcontrast.apis.training.config import load_config
from mmcontrast.models.backbones import ResNet
from tests.toy import ROOT, unique_run

# Values of keys, wherever in a config they are.
_SMALL = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    scale=(96, 64),
    crop_size=(64, 64),
    nms_pre=40,
    max_per_img=8,
    num=16,
    score_thr=0.0,
)


def small_config(path, world, work_dir, *options):
    """Load a config, with the data in ``world`` and a training of one iteration."""
    cfg = load_config(ROOT / path, [unique_run(), *options])
    settings = _in_world(shrink(cfg.to_dict()), str(world))
    cfg = Config(settings, filename=cfg.filename)
    cfg.work_dir = str(work_dir)
    cfg.train_cfg.update(max_iters=1, val_interval=1)
    cfg.default_hooks.update(curves=None)
    cfg.default_hooks.checkpoint.save_last = False
    cfg.default_hooks.logger.interval = 1
    if "precise_bn" in cfg.default_hooks:
        cfg.default_hooks.precise_bn.num_iters = 1
    return cfg


def shrink(value):
    """Cut the sizes of images, crops and proposals anywhere in the settings."""
    if isinstance(value, list | tuple):
        return type(value)(shrink(item) for item in value)
    if not isinstance(value, dict):
        return value
    small = {key: _SMALL.get(key, shrink(item)) for key, item in value.items()}
    if small.get("mode") == "slide":
        small["stride"] = (32, 32)
    if small.get("type") == "Pad":
        small["size"] = (64, 64)
    if small.get("type") == "RandomChoiceResize":
        small["scales"] = [(96, 64)]
    if "data_preprocessor" in small and "size" in small["data_preprocessor"]:
        small["data_preprocessor"]["size"] = (64, 64)
    return small


def _in_world(value, world):
    if isinstance(value, str):
        return value.replace("data/", f"{world}/", 1) if value.startswith("data/") else value
    if isinstance(value, list | tuple):
        return type(value)(_in_world(item, world) for item in value)
    if isinstance(value, dict):
        return {key: _in_world(item, world) for key, item in value.items()}
    return value


def resnet_weights(depth=50, **kwargs):
    """A ResNet's state dict under torchvision's names, with values that no other source has."""
    network = ResNet(depth=depth, **kwargs)
    return {name: tensor + 0.01 for name, tensor in network.state_dict().items()}


def as_moco(weights):
    """The official MoCo's layout."""
    names = {f"module.encoder_q.{name}": tensor for name, tensor in weights.items()}
    return dict(state_dict=names, arch="resnet50", epoch=200)


def build_model(cfg):
    """Build a config's model as the Runner does, without data."""
    import_modules_from_strings(**cfg.get("custom_imports", dict(imports=[])))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return MODELS.build(cfg.model)
