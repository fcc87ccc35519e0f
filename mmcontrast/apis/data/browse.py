"""Draw the views that a config trains on."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from mmcontrast.apis.training.config import load_config, use_data_root
from mmcontrast.apis.training.config_values import check_values
from mmcontrast.datasets.sampling.epochs import SeededDataset, takes_keys
from mmcontrast.registry import DATASETS
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.visualization.saving import save_figure
from mmcontrast.visualization.views import draw_views


def browse_dataset(
    config: str,
    out: str | Path,
    *,
    num: int = 8,
    epoch: int = 0,
    grid: int = 7,
    dataloader: str = "train_dataloader",
    data_root: str | None = None,
    cfg_options: Iterable[str] = (),
) -> None:
    """Draw views of samples spread over a config's data set, with their matched feature cells.

    Args:
        config: Path of the config file.
        out: Image to write; its suffix says the format.
        num: Number of samples to draw, at least 1.
        epoch: The epoch of a training whose augmentations are drawn.
        grid: Number of feature cells along each side of a view.
        dataloader: Key of the config whose data set is drawn.
        data_root: Replaces ``dataset.data_root`` of that loader.
        cfg_options: ``key=value`` options.

    Raises:
        UserError: A number is too small, or config or data do not fit.
    """
    if num < 1 or grid < 1:
        raise UserError(f"At least 1 sample and 1 cell are needed, got num={num} and grid={grid}.")
    cfg = load_config(config, cfg_options)
    settings = cfg.get(dataloader)
    if not settings:
        raise UserError(f"{config} has no {dataloader}.")
    use_data_root(cfg, data_root, (dataloader,))
    check_values(cfg)
    with input_errors(f"{config}, {dataloader}"):
        dataset = DATASETS.build(settings.dataset)
    samples = _samples(dataset, num, epoch, cfg.get("randomness", {}).get("seed"))
    with input_errors(f"cannot write {out}"):
        save_figure(draw_views(samples, (grid, grid)), out)


def _samples(dataset: Any, num: int, epoch: int, seed: int | None) -> list[dict[str, Any]]:
    """Return samples spread over a data set, or the first ones of a stream."""
    stream = not hasattr(dataset, "__getitem__")
    if not (stream or takes_keys(dataset)):
        dataset = SeededDataset(dataset)
    if seed is not None:
        dataset.seed = seed
    if stream:
        dataset.set_epoch(epoch)
        return list(islice(dataset, num))
    num = min(num, len(dataset))
    keys = [epoch * len(dataset) + i * len(dataset) // num for i in range(num)]
    return [dataset[key] for key in keys]
