"""The curves of a run as an image."""

from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class CurvesHook(Hook):
    """Draw the logged metrics into ``curves.png`` in the work dir when training ends."""

    priority = "LOWEST"

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Draw all that was logged, also by the runs that this one resumed."""
        # matplotlib takes a second to import, and only a run that ends well needs it.
        from mmcontrast.visualization.curves import draw_curves, read_log
        from mmcontrast.visualization.saving import save_figure

        records = read_log(runner.work_dir)
        if not records:
            runner.logger.info("No curves: the run was too short to log anything.")
            return
        figure = draw_curves(records, title=runner.experiment_name)
        save_figure(figure, Path(runner.work_dir, "curves.png"), dpi=110)
