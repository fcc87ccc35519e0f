"""A look at what a config feeds its method."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from mmcontrast.apis.training.config import load_config
from mmcontrast.registry import DATASETS
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.visualization.views import draw_views


def browse_dataset(
    config: str,
    out: str | Path,
    *,
    num: int = 8,
    epoch: int = 0,
    grid: int = 7,
    dataloader: str = "train_dataloader",
    cfg_options: Iterable[str] = (),
) -> None:
    """Draw views of samples spread over a config's data set, with their matched cells.

    Args:
        config: Path of the config file.
        out: Image to write; its suffix says the format.
        num: Samples to draw, at least 1.
        epoch: The augmentations are those of this epoch of a training.
        grid: Cells along each side of a view.
        dataloader: Key of the config whose data set is drawn.
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
    with input_errors(f"{config}, {dataloader}"):
        dataset = DATASETS.build(settings.dataset)
    seed = cfg.get("randomness", {}).get("seed")
    if seed is not None:
        dataset.seed = seed
    if hasattr(dataset, "__getitem__"):
        num = min(num, len(dataset))
        keys = [epoch * len(dataset) + i * len(dataset) // num for i in range(num)]
        samples = [dataset[key] for key in keys]
    else:
        dataset.set_epoch(epoch)
        samples = list(islice(dataset, num))
    with input_errors(f"cannot write {out}"):
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        draw_views(samples, (grid, grid)).savefig(out, dpi=130)
