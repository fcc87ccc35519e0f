"""A detector or segmenter that starts from a pre-trained backbone, and a proof that it did."""

import re
from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn

from mmcontrast.registry import HOOKS
from mmcontrast.utils.arguments import check_probability
from mmcontrast.utils.errors import UserError
from mmcontrast.weights import Checkpoint, CheckpointError, compare


@HOOKS.register_module()
class PretrainedBackboneHook(Hook):
    """Fill a model's backbone from ``load_from``, whatever library wrote that checkpoint.

    For configs of mmdet and mmseg. A training starts from the backbone in ``load_from``, in any
    layout that :func:`~mmcontrast.weights.find_backbone` recognizes. It goes into ``backbone``
    and, in a C4 detector, into the layer4 that is the RoI head's ``shared_head``. What was loaded
    is logged by stage. A resumed training and a test load the whole model, which must then fit.

    Args:
        min_coverage: The least share of the backbone that the checkpoint must fill, and of the
            checkpoint that must have a place in it, as :func:`~mmcontrast.weights.load_weights`
            counts them.
        random_weights: Whether to start from random weights, the baseline of every table. It has to
            be asked for; a forgotten ``load_from`` is an error.
    """

    priority = "VERY_HIGH"

    def __init__(self, min_coverage: float = 0.95, random_weights: bool = False):
        check_probability("PretrainedBackboneHook: min_coverage", min_coverage)
        self.min_coverage = min_coverage
        self.random_weights = random_weights

    def before_run(self, runner: Runner) -> None:
        """Refuse weights from two sources, before either is loaded.

        Raises:
            UserError: The model has an ``init_cfg`` of other weights, or ``load_from`` is given
                together with ``random_weights``.
        """
        if not _starts_training(runner):
            return
        others = dict(_pretrained_parts(_bare_model(runner)))
        if others:
            parts = ", ".join(f"{name or 'model'} ({file})" for name, file in others.items())
            raise UserError(
                f"This training starts from load_from, but the config also loads {parts}. These "
                "are often supervised weights that a base config brings along: set init_cfg=None "
                "there (and model.pretrained=None in mmseg)."
            )
        if self.random_weights and runner._load_from:
            raise UserError(
                f"random_weights=True and load_from={runner._load_from}: choose one of them."
            )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Load the backbone, and hand MMEngine the model's own state to load.

        Args:
            runner: The runner of the training or test.
            checkpoint: The content of the file, changed in place.

        Raises:
            CheckpointError: No backbone is found in it, or it covers too little of the model's.
        """
        source, model = Checkpoint(str(runner._load_from), checkpoint), _bare_model(runner)
        if not _starts_training(runner):
            _check_whole(model, source)
            return
        what = f"backbone of {type(model).__name__}"
        coverage = source.load_into(backbone_of(model), min_coverage=self.min_coverage, what=what)
        runner.logger.info(
            f"The {what} starts from {source.path} (layout: {source.layout}), "
            f"{coverage.share:.1%} loaded:\n{coverage.report()}"
        )
        # MMEngine loads this next; without the rest it would warn of missing heads.
        checkpoint.clear()
        checkpoint["state_dict"] = model.state_dict()

    def before_train(self, runner: Runner) -> None:
        """Refuse random weights that nobody asked for.

        Raises:
            UserError: Nothing was loaded.
        """
        if self.random_weights or runner._has_loaded:
            return
        raise UserError(
            "No pre-trained weights are given. Add\n"
            "  --cfg-options load_from=CHECKPOINT\n"
            "(of mmcontrast, MoCo, VISSL, torchvision, ...), or ask for random weights:\n"
            "  --cfg-options default_hooks.backbone.random_weights=True"
        )


def backbone_of(model: nn.Module) -> nn.Module:
    """Return a view of all that a pre-trained backbone fills, under the backbone's own names.

    It shares the model's parameters. A C4 detector keeps layer4 in ``roi_head.shared_head``; norms
    that it adds behind that are no part of the backbone.

    Args:
        model: A detector or segmenter.

    Raises:
        UserError: The model has no backbone.
    """
    backbone = getattr(model, "backbone", None)
    if backbone is None:
        raise UserError(f"{type(model).__name__} has no backbone that weights could go into.")
    view = nn.Module()
    for name, parameter in backbone.named_parameters(recurse=False):
        view.register_parameter(name, parameter)
    for name, buffer in backbone.named_buffers(recurse=False):
        view.register_buffer(name, buffer)
    for name, child in backbone.named_children():
        view.add_module(name, child)
    shared_head = getattr(getattr(model, "roi_head", None), "shared_head", None)
    if shared_head is not None:
        for name, child in shared_head.named_children():
            if re.fullmatch(r"layer\d", name):
                view.add_module(name, child)
    return view


def _bare_model(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _starts_training(runner: Runner) -> bool:
    # Runner.train() builds its loop before anything is loaded; for a test it stays a dict.
    return isinstance(runner._train_loop, BaseLoop) and not runner._resume


def _pretrained_parts(model: nn.Module) -> Iterator[tuple[str, str]]:
    """Yield the modules that would load weights of their own, and what they would load."""
    for name, module in model.named_modules():
        settings = getattr(module, "init_cfg", None) or []
        for setting in [settings] if isinstance(settings, dict) else settings:
            if setting.get("type") == "Pretrained":
                yield name, setting["checkpoint"]


def _check_whole(model: nn.Module, checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that would leave parts of the model at random weights."""
    coverage = compare(model.state_dict(), checkpoint.model_weights)
    if coverage.missing:
        raise CheckpointError(
            f"{checkpoint.path} is no checkpoint of this config's {type(model).__name__}:\n"
            f"{coverage.report()}\n"
            "Resume and test with what the training wrote. Pre-trained weights are for load_from, "
            "at the start of a training."
        )
