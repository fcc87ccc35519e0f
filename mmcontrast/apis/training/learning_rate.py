"""The learning rate and the total batch that it belongs to."""

import logging
from collections.abc import Iterable
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size

from mmcontrast.apis.training.config import optimizers_of
from mmcontrast.utils.errors import UserError


def settle_learning_rate(cfg: Config, scale: bool) -> tuple[int, str]:
    """Compare the total batch with the one that the learning rate is meant for.

    Args:
        cfg: The config. With ``scale``, its learning rates are multiplied and its
            ``auto_scale_lr.base_batch_size`` becomes the actual one, so that the config saved with
            the run is not scaled a second time.
        scale: Whether to scale; ``auto_scale_lr.enable`` in the config asks for it too.

    Returns:
        Logging level and statement.

    Raises:
        UserError: Scaling is asked for, but the config does not say which batch its rate is for.
    """
    settings: dict[str, Any] = cfg.get("auto_scale_lr") or {}
    base, batch = settings.get("base_batch_size"), cfg.train_dataloader.get("batch_size")
    scale = scale or settings.get("enable", False)
    optimizers = [optimizer for optimizer in optimizers_of(cfg) if "lr" in optimizer]
    rates = _join_rates(optimizers)
    if not (base and batch):
        if scale:
            raise UserError(
                "--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config: the "
                "total batch that its learning rate is meant for."
            )
        return logging.INFO, f"Learning rate {rates}; the config names no batch that it is for."
    accumulated = cfg.optim_wrapper.get("accumulative_counts", 1)
    total = batch * get_world_size() * accumulated
    parts = f"{batch} per process x {get_world_size()} process(es) x {accumulated} accumulated"
    if total == base:
        return logging.INFO, f"Learning rate {rates} for a total batch of {total} ({parts})."
    if scale:
        for optimizer in optimizers:
            optimizer["lr"] *= total / base
        cfg.auto_scale_lr = dict(base_batch_size=total, enable=False)
        return logging.INFO, (
            f"Learning rate scaled from {rates} (total batch {base}) to {_join_rates(optimizers)} "
            f"(total batch {total} = {parts})."
        )
    return logging.WARNING, (
        f"The learning rate {rates} is meant for a total batch of {base}, but this run has {total} "
        f"({parts}). Choose one:\n"
        f"  --auto-scale-lr to train with {_join_rates(optimizers, total / base)};\n"
        f"  train_dataloader.batch_size or optim_wrapper.accumulative_counts for a total of {base};"
        f"\n  auto_scale_lr.base_batch_size={total} if the rate is right as it is."
    )


def _join_rates(optimizers: Iterable[dict[str, Any]], factor: float = 1) -> str:
    return ", ".join(f"{optimizer['lr'] * factor:g}" for optimizer in optimizers)
