"""Pre-trained weights in a backbone that is judged or trained further.

``pretrained=CHECKPOINT`` of any method or protocol (``--init-from`` on the command line) and
MMEngine's ``init_cfg=dict(type='Pretrained', checkpoint=...)`` of a single part both end here: a
file is read by its layout, what it fills is counted and logged, and too little is an error.
"""

import copy
import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.model import update_init_info
from torch import nn

from mmcontrast.registry import WEIGHT_INITIALIZERS
from mmcontrast.weights import Checkpoint, CheckpointError, Coverage, compare, load_weights

RANDOM = "random"


def load_pretrained(model: Any, pretrained: str | None) -> None:
    """Load a checkpoint's backbone into ``model.backbone``, and log what of it was loaded.

    Args:
        model: A method or protocol, changed in place. A backbone that is None or has no parameters
            has nothing to load.
        pretrained: Path of a checkpoint in any layout that
            :func:`~mmcontrast.weights.find_backbone` recognizes, or ``'random'`` for the
            baseline that keeps the initial weights.

    Raises:
        CheckpointError: No checkpoint is given, it does not fit the backbone, or the model has
            none.
    """
    checkpoint = _read_pretrained(model, pretrained)
    if checkpoint is None:
        if pretrained == RANDOM:
            message = "The backbone keeps RANDOM weights, as asked for."
            print_log(message, logger="current", level=logging.WARNING)
        return
    weights = checkpoint.weights_for(model.backbone)
    coverage = checkpoint.load_into(model.backbone)
    _log(f"The backbone of {type(model).__name__}", checkpoint, weights.layout, coverage)
    if weights.others:
        names = " and ".join(f"{pretrained}#{name}" for name in weights.others)
        print_log(f"The file also holds {names}.", logger="current")


def check_pretrained(model: Any) -> None:
    """Raise what ``init_weights`` of a method or protocol would raise for its ``pretrained``.

    Args:
        model: A method or protocol, which stays as it is; other models have nothing to check.

    Raises:
        CheckpointError: See :func:`load_pretrained`.
    """
    if getattr(model, "pretrained", None) or getattr(model, "requires_pretrained", False):
        checkpoint = _read_pretrained(model, model.pretrained)
        if checkpoint is not None:
            checkpoint.load_into(copy.deepcopy(model.backbone))


def _read_pretrained(model: Any, pretrained: str | None) -> Checkpoint | None:
    """Return the checkpoint, or None where there is nothing to load."""
    if not hasattr(model, "backbone"):
        raise CheckpointError(
            f"{type(model).__name__} has no backbone that could start from {pretrained}. "
            "load_from=CHECKPOINT starts it from a whole checkpoint of its own."
        )
    backbone = model.backbone
    if not (isinstance(backbone, nn.Module) and any(True for _ in backbone.parameters())):
        return None
    if not pretrained:
        raise CheckpointError(
            "No pre-trained weights are named. Give them with --cfg-options "
            "model.pretrained=CHECKPOINT, or model.pretrained=random for the baseline of random "
            "weights."
        )
    return None if pretrained == RANDOM else Checkpoint.read(pretrained)


@WEIGHT_INITIALIZERS.register_module(name="Pretrained")
class PretrainedInit:
    """MMEngine's ``init_cfg=dict(type='Pretrained', ...)``, with layouts and a count.

    On a backbone it loads the checkpoint's backbone; on a whole model, or on another part, the
    weights that the file holds under the part's own names.

    Args:
        checkpoint: Path of a checkpoint.
        prefix: The part takes the weights behind this prefix of their names, such as ``'neck.'``.
        map_location: Ignored: weights are copied to where the part is.
    """

    wholemodule = False  # MMEngine sets it

    def __init__(self, checkpoint: str, prefix: str | None = None, map_location: str = "cpu"):
        self.checkpoint = checkpoint
        self.prefix = prefix

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Args:
            module: The part, changed in place.

        Raises:
            CheckpointError: The file does not fit the part.
        """
        checkpoint = Checkpoint.read(self.checkpoint)
        weights = _tensors_behind(checkpoint, self.prefix or "")
        name = type(module).__name__
        if self.prefix or compare(module.state_dict(), weights).loaded:
            try:
                coverage = load_weights(module, weights, what=name)
            except CheckpointError as error:
                raise CheckpointError(f"{self.checkpoint}: {error}") from error
            _log(f"The {name}", checkpoint, f"names behind {self.prefix!r}", coverage)
        elif hasattr(module, "backbone"):
            load_pretrained(module, self.checkpoint)
        else:
            layout = checkpoint.weights_for(module).layout
            coverage = checkpoint.load_into(module, what=name)
            _log(f"The {name}", checkpoint, layout, coverage)
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=f"Pretrained: loaded from {self.checkpoint}")


def skip_pretrained(model: Any) -> None:
    """Let ``init_weights`` load no pre-trained weights, as in a run that resumes.

    Args:
        model: A method or protocol, or another module whose parts have MMEngine's ``init_cfg``.
    """
    module: Any
    for module in model.modules():
        settings = getattr(module, "init_cfg", None) or []
        settings = [settings] if isinstance(settings, dict) else settings
        if any(setting["type"] == "Pretrained" for setting in settings):
            module.init_cfg = [s for s in settings if s["type"] != "Pretrained"]
    if hasattr(model, "requires_pretrained"):
        model.pretrained, model.requires_pretrained = None, False


def _tensors_behind(checkpoint: Checkpoint, prefix: str) -> dict:
    try:
        weights = checkpoint.model_weights
    except CheckpointError:  # not a state dict; its layout may be known
        return {}
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }


def _log(what: str, checkpoint: Checkpoint, source: str, coverage: Coverage) -> None:
    message = f"{what} starts from {checkpoint.path} ({source}), {coverage.share:.1%} loaded:"
    print_log(f"{message}\n{coverage.report()}", logger="current")
