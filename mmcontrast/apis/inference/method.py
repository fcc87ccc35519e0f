"""Apply a whole method to the data of its config, without a Runner.

Features of images need only a backbone, see :mod:`mmcontrast.apis.inference.features`. Methods for
graphs or for attributes of classes have none, and extract and predict themselves.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import DataLoader

from mmcontrast.apis.inference.features import find_device
from mmcontrast.apis.training.config import load_config
from mmcontrast.registry import DATASETS, FUNCTIONS, MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.weights import Checkpoint, load_weights

if TYPE_CHECKING:
    from mmcontrast.models.methods.base import Method


class MethodOnData:
    """A method that extracts and predicts on a data loader of its config.

    Args:
        checkpoint: Path of a checkpoint of the training; None for the untrained network.
        config: Path of the training's config.
        loader: The key of a data loader in it.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the best one available.

    Raises:
        UserError: The checkpoint, the config, the data loader or the device cannot be used.

    Attributes:
        classes: Names of the classes; empty if the data set does not have them.
    """

    def __init__(
        self,
        checkpoint: str | Path | None,
        config: str | Path,
        loader: str = "val_dataloader",
        device: str | None = None,
    ):
        cfg = load_config(config)
        self.device = find_device(device)
        self.loader = _build_loader(cfg, loader, str(config))
        self.classes = tuple(getattr(self.loader.dataset, "metainfo", {}).get("classes", ()))
        with input_errors(str(config)), torch.random.fork_rng(devices=[]):
            torch.manual_seed((cfg.get("randomness") or {}).get("seed") or 0)
            method = MODELS.build(cfg.model)
            if checkpoint is None:
                method.init_weights()
        if checkpoint is None:
            print_log(
                "No checkpoint given: this is the UNTRAINED network.",
                "current",
                level=logging.WARNING,
            )
        else:
            weights = Checkpoint.read(checkpoint).model_weights
            load_weights(method, weights, min_coverage=1.0, what=f"method of {config}")
        self.method = cast("Method", method.to(self.device).eval())

    def extract(self) -> Iterator[tuple[dict[str, Tensor], DataSamples]]:
        """Yield the features of each batch, float32 on the CPU, and its data samples."""
        for inputs, samples in self._batches():
            features = self.method.extract(inputs).items()
            tensors = {name: value for name, value in features if isinstance(value, Tensor)}
            yield {name: value.float().cpu() for name, value in tensors.items()}, samples

    @torch.no_grad()
    def predict(self) -> Iterator[dict[str, Any]]:
        """Yield the prediction for each sample, see the method's ``predict``."""
        for inputs, samples in self._batches():
            yield from self.method.predict(inputs, samples)

    def _batches(self) -> Iterator[tuple[Inputs, DataSamples]]:
        for batch in self.loader:
            batch = self.method.data_preprocessor(batch)
            yield batch["inputs"], batch["data_samples"]


def _build_loader(cfg: Config, name: str, config: str) -> DataLoader:
    settings = cfg.get(name)
    if not isinstance(settings, dict) or "dataset" not in settings:
        raise UserError(f"{config} has no data loader {name!r}.")
    collate = settings.get("collate_fn", dict(type="default_collate"))["type"]
    with input_errors(f"{config}, {name}"):
        dataset = DATASETS.build(settings["dataset"])
    return DataLoader(dataset, settings.get("batch_size", 1), collate_fn=FUNCTIONS.get(collate))
