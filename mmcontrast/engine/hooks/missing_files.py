"""Check that the files that annotations name exist."""

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.datasets.files import find_missing
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import UserError

_SHOWN_PATHS = 4


@HOOKS.register_module()
class MissingFilesHook(Hook):
    """Stop before training or a test if annotations name files that are not there.

    It is for the data sets of mmdet and mmseg, which fail in the middle of an epoch. Each folder is
    listed once, so 100,000 images take seconds.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare the annotations of the training and validation data with the folders.

        Raises:
            UserError: An image or a segmentation map is missing.
        """
        _check("training", runner.train_dataloader.dataset)
        if runner.val_loop is not None:
            _check("validation", runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Compare the annotations of the test data with the folders.

        Raises:
            UserError: An image or a segmentation map is missing.
        """
        _check("test", runner.test_dataloader.dataset)


def _check(name: str, dataset: Any) -> None:
    paths = list(_paths(dataset))
    missing = find_missing(paths)
    if missing:
        shown = "".join(f"\n  {path}" for path in missing[:_SHOWN_PATHS])
        more = "\n  ..." if len(missing) > _SHOWN_PATHS else ""
        raise UserError(
            f"The {name} data name {len(paths)} files, of which {len(missing)} are not "
            f"there:{shown}{more}\n"
            "Do annotations (ann_file) and folder (data_root, data_prefix) belong together?"
        )


def _paths(dataset: Any) -> Iterator[str]:
    """Yield the local files that an MMEngine data set's annotations name."""
    for index in range(len(dataset) if hasattr(dataset, "get_data_info") else 0):
        info = dataset.get_data_info(index)
        for key in ("img_path", "seg_map_path"):
            path = info.get(key)
            if path and "://" not in path:
                yield path
