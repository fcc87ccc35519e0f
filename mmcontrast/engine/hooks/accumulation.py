"""What belongs to an optimizer step, where several iterations make one."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from mmcontrast.models.modules.momentum_contrast import KeyQueue, MomentumEncoder
from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class AccumulationHook(Hook):
    """Let momentum encoders and queues move once per optimizer step.

    With ``optim_wrapper.accumulative_counts`` of k the loss is computed k times per step. Momentum
    encoders follow the online network at the first of these iterations, and queues take the keys of
    all of them at the last one, as they would for one batch k times as large. The trainer registers
    it in every training.
    """

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Tell both where in a step this iteration is."""
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, OptimWrapperDict) or not isinstance(wrapper, OptimWrapper):
            return  # a method with several optimizers accumulates nothing
        begins, ends = wrapper.should_update(), wrapper.should_sync()
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for module in model.modules():
            if isinstance(module, MomentumEncoder):
                module.begins_step = begins
            elif isinstance(module, KeyQueue):
                module.ends_step = ends
