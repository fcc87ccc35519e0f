"""Schedules that MMEngine lacks: those of SimCLR and CrissCross, and ContrastCorr's."""

import math
from collections.abc import Sequence
from typing import Any

from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler

from mmcontrast.registry import PARAM_SCHEDULERS
from mmcontrast.utils.arguments import check_number


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(_ParamScheduler):
    """Linear warm-up from exactly 0, then one cosine down, as in SimCLR and CrissCross.

    Chen et al., ICML 2020, section 2.2 and appendix B.6; Sarkar and Etemad, AAAI 2023.

    MMEngine's ``LinearLR`` followed by ``CosineAnnealingLR`` cannot start at 0 and peaks one step
    early. In epochs, with ``convert_to_iter_based=True``, it becomes a schedule per step.

    Args:
        optimizer: Optimizer or wrapper whose ``lr`` is set.
        warmup: Number of steps of the warm-up; the base learning rate is reached at this step.
        begin: Step at which the schedule starts.
        end: Step at which the learning rate is the final one; the Runner fills in the end of
            training.
        final: Final learning rate as a share of the base rate: 0 in SimCLR, 0.5 in CrissCross.
        warmup_ends_early: Whether the last step of the warm-up has the base rate already, and the
            first step of the cosine has it again, as in CrissCross, which counts with
            ``numpy.linspace``.
        constant_groups: Names of groups of parameters that keep their base rate, see
            :class:`~mmcontrast.engine.optimizers.ParameterGroups`.
        last_step: Index of the last step, for a resume without a state dict.
        by_epoch: Whether a step is an epoch.
        verbose: Whether to print each value.
    """

    def __init__(
        self,
        optimizer: Any,
        warmup: int,
        begin: int = 0,
        end: float = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
        final: float = 0.0,
        warmup_ends_early: bool = False,
        constant_groups: Sequence[str] = (),
    ):
        check_number("WarmupCosineLR: final", final, 0, 1)
        names = {group.get("name") for group in optimizer.param_groups}
        if missing := set(constant_groups) - names:
            raise ValueError(
                f"WarmupCosineLR: there is no group of parameters {' or '.join(sorted(missing))}; "
                "optim_wrapper.constructor='ParameterGroups' makes named groups."
            )
        if not 0 <= warmup < end - begin:
            raise ValueError(
                f"WarmupCosineLR needs a warm-up shorter than training, got {warmup=} of "
                f"{end - begin} steps."
            )
        self.warmup = warmup
        self.final = final
        self.warmup_ends_early = warmup_ends_early
        self.constant_groups = list(constant_groups)
        super().__init__(optimizer, "lr", begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        warmup: float,
        epoch_length: int,
        begin: float = 0,
        end: float = INF,
        by_epoch: bool = True,
        **kwargs: Any,
    ) -> "WarmupCosineLR":
        """Build the schedule per step from one in epochs of ``epoch_length`` steps."""
        if not by_epoch:
            raise ValueError("convert_to_iter_based needs a schedule with by_epoch=True.")
        return cls(  # type: ignore[misc]  # *args is the optimizer alone
            *args,
            warmup=round(warmup * epoch_length),
            begin=round(begin * epoch_length),
            end=end if end == INF else round(end * epoch_length),
            by_epoch=False,
            **kwargs,
        )

    def factor(self, step: int) -> float:
        """Return the share of the base learning rate at a step, in 0..1."""
        if step < self.warmup:
            return step / max(self.warmup - self.warmup_ends_early, 1)
        progress = (step - self.warmup) / (self.end - self.begin - self.warmup)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * progress))

    def _get_value(self) -> list[float]:
        factor = self.factor(self.last_step)
        return [
            base * (1.0 if group.get("name") in self.constant_groups else factor)
            for base, group in zip(self.base_values, self.optimizer.param_groups, strict=True)
        ]


@PARAM_SCHEDULERS.register_module()
class RestartedStepLR(_ParamScheduler):
    """Step decay of the learning rate, restarted at some epochs, as in ContrastCorr.

    MMEngine's ``StepLR`` multiplies the current rate, so two in a row cannot return to the base
    rate.

    Args:
        optimizer: Optimizer or wrapper whose ``lr`` is set.
        step_size: Number of epochs after which the rate decays, counted from the last restart.
        gamma: Factor of each decay.
        restarts: Epochs at which the rate is the base rate again.
        begin: Epoch at which the schedule starts.
        end: Epoch at which it ends.
        last_step: Index of the last step, for a resume without a state dict.
        by_epoch: Whether a step is an epoch.
        verbose: Whether to print each value.
    """

    def __init__(
        self,
        optimizer: Any,
        step_size: int,
        gamma: float = 0.5,
        restarts: Sequence[int] = (),
        begin: int = 0,
        end: float = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ):
        if step_size < 1:
            raise ValueError(f"RestartedStepLR: step_size must be at least 1, got {step_size}.")
        self.step_size = step_size
        self.gamma = gamma
        self.restarts = sorted(restarts)
        super().__init__(optimizer, "lr", begin, end, last_step, by_epoch, verbose)

    def _get_value(self) -> list[float]:
        passed = [start for start in self.restarts if start <= self.last_step]
        decays = (self.last_step - (passed[-1] if passed else 0)) // self.step_size
        return [base * self.gamma**decays for base in self.base_values]
