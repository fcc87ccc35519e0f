"""Count and list the files that could not be read."""

from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.datasets.base import TooManyUnreadableError
from mmcontrast.datasets.skipped import SkippedFiles
from mmcontrast.registry import HOOKS
from mmcontrast.utils.arguments import check_probability

_FEWEST_SAMPLES = 100  # a share of fewer is not reliable


@HOOKS.register_module()
class SkippedFilesHook(Hook):
    """Count the files that a data set with ``on_error='skip'`` replaced, and list them.

    Data sets mark them in ``data_sample['skipped']``, which carries them from the workers to this
    hook. Each path is logged once; the end of the run logs the totals of all ranks and writes
    ``skipped_files.txt`` (count and path) into the work dir, that of a test into its log folder.

    Args:
        max_share: Largest share, in [0, 1], of a rank's training samples that may be replaced. If
            more are, the run stops.
    """

    priority = "LOW"

    def __init__(self, max_share: float = 0.5) -> None:
        check_probability("SkippedFilesHook: max_share", max_share)
        self.max_share = max_share
        self.counts = SkippedFiles()
        self._samples = self._replaced = 0
        self._tests = False

    def before_test(self, runner: Runner) -> None:
        """Note that this run is no training, whose list may be in the same work dir."""
        self._tests = True

    def after_run(self, runner: Runner) -> None:
        """Add up the ranks' counts and report them."""
        total = SkippedFiles()
        for counts in all_gather_object(self.counts):
            total.update(counts)
        self.counts = SkippedFiles()
        if not (total and is_main_process()):
            return
        listing = _write(runner.log_dir if self._tests else runner.work_dir, total)
        runner.logger.warning(
            f"{len(total)} files could not be read and were replaced by others, "
            f"{total.total()} times in all: {total.describe(listing)}"
        )

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = "train",
    ) -> None:
        samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
        for sample in samples or []:
            skipped = sample.get("skipped", ()) if isinstance(sample, dict) else ()
            for path in skipped:
                if path not in self.counts:
                    runner.logger.warning(f"Skipped, since it cannot be read: {path}")
                self.counts[path] += 1
            if mode == "train":
                self._samples += 1
                self._replaced += bool(skipped)
        if self._replaced > self.max_share * max(self._samples, _FEWEST_SAMPLES):
            # The counts of this process: the others do not reach this line at the same time.
            listing = _write(runner.work_dir, self.counts)
            raise TooManyUnreadableError(
                f"{self._replaced} of {self._samples} samples had to be replaced, since "
                f"{len(self.counts)} files cannot be read, such as {next(iter(self.counts))} (all "
                f"in {listing}): more than max_share={self.max_share} of "
                "default_hooks.skipped_files allows."
            )


def _write(folder: str, counts: SkippedFiles) -> Path:
    listing = Path(folder, "skipped_files.txt")
    counts.write(listing)
    return listing
