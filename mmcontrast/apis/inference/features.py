"""Extract features of images with a pre-trained backbone, without a Runner."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmcontrast.apis.inference.backbone import build_backbone, load_backbone, read_checkpoint
from mmcontrast.apis.inference.preparation import data_preprocessor, evaluation_pipeline
from mmcontrast.apis.training.config import load_config
from mmcontrast.datasets.base import check_on_error
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.skipped import SkippedFiles
from mmcontrast.datasets.stream import Image, ImageStream, VideoFrames
from mmcontrast.datasets.transforms import compose
from mmcontrast.datasets.video import open_video
from mmcontrast.registry import MODELS, SCOPE
from mmcontrast.structures import DataSamples, Features
from mmcontrast.structures.maps import pool_maps
from mmcontrast.utils.device import NO_MPS
from mmcontrast.utils.errors import UserError, explain, input_errors
from mmcontrast.utils.memory import memory_errors
from mmcontrast.weights import plain_config


class Extracted(Features):
    """Features of images with one data sample per row; all tensors are on the CPU."""

    data_samples: DataSamples
    """``index``, ``path``, ``label`` and, in ``view0``, the part of the image that was used."""

    skipped: list[str]
    """Paths of images that could not be read: they have no row, or, in a data set with
    ``on_error='skip'``, that of another image."""


class FeatureExtractor:
    """Turn images into features: ``FeatureExtractor('epoch_18.pth')('photos/')['global']``.

    Images are prepared by the evaluation pipeline and the data preprocessor of the config. Where
    there is none, the short side becomes 256 pixels, and the central 224 x 224 are normalized by
    ImageNet's mean and standard deviation.

    Args:
        checkpoint: A checkpoint that ``load_backbone`` can read; None for the untrained network of
            ``config``, to compare with.
        config: Path of the training's config; None takes the config inside the checkpoint.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the best one available.
        size: Side in pixels of the square that the network sees; the other sizes of the pipeline
            change with it. A larger one gives a finer dense map. None keeps the pipeline's.
        batch_size: Number of images in a batch.
        num_workers: Number of processes that read images; 0 reads them in this one.
        on_error: ``'raise'`` names an image that cannot be read and stops; ``'skip'`` leaves it
            out and lists it.

    Raises:
        UserError: The checkpoint, the config, the device or an option cannot be used.
    """

    def __init__(
        self,
        checkpoint: str | Path | None,
        config: str | Path | None = None,
        *,
        device: str | None = None,
        size: int | None = None,
        batch_size: int = 32,
        num_workers: int = 0,
        on_error: str = "raise",
    ):
        if batch_size < 1 or (size is not None and size < 1):
            raise UserError(f"batch_size and size are at least 1, got {batch_size} and {size}.")
        with input_errors("FeatureExtractor"):
            check_on_error(on_error)
        self.device = find_device(device)
        self.batch_size, self.num_workers, self.on_error = batch_size, num_workers, on_error
        source = None if checkpoint is None else read_checkpoint(checkpoint, config)
        cfg = _untrained_config(config) if source is None else source.config
        with (
            input_errors(str(config or checkpoint)),
            # Outside a Runner, or inside one of mmdet, a bare name is still one of this package.
            DefaultScope.overwrite_default_scope(SCOPE),
        ):
            pipeline, preprocessor = evaluation_pipeline(cfg, size), data_preprocessor(cfg)
            if source is not None:
                source.check_parts(pipeline, preprocessor)
            self.pipeline = compose(pipeline)
            self.data_preprocessor = MODELS.build(preprocessor).to(self.device)
            backbone = _untrained(cfg) if source is None else load_backbone(source)
        self.backbone = backbone.to(self.device)
        self.backbone.eval()  # mmdet's networks return nothing here

    def __call__(self, source: Image | Iterable[Image], dense: bool = True) -> Extracted:
        """Compute the features of all images at once.

        Args:
            source: An image file; a folder, with everything below it, sorted; a Pillow image of any
                mode; an image as an array (H, W, 3) of uint8 RGB or a tensor (3, H, W) of uint8; a
                stack or an iterable of these; or a dataset. A tensor of floating-point numbers of
                any precision must be normalized already and goes to the network as float32.
            dense: Whether to return the dense maps too; those of a ResNet-50 take 400 MB for a
                thousand images.

        Returns:
            ``global`` (N, C) and ``dense`` (N, C, H, W), float32, with ``data_samples`` and
            ``skipped``.

        Raises:
            UserError: There is no image, or one cannot be used.
        """
        batches = list(self.stream(source, dense))
        filled = [batch for batch in batches if batch["data_samples"]]
        skipped = [path for batch in batches for path in batch["skipped"]]
        if not filled:
            raise UserError(
                f"None of the {len(skipped)} images can be read; the first is {skipped[0]}."
                if skipped
                else "There are no images to extract features of."
            )
        extracted = Extracted(
            data_samples=[sample for batch in filled for sample in batch["data_samples"]],
            skipped=skipped,
        )
        extracted["global"] = torch.cat([batch["global"] for batch in filled])
        if dense:
            extracted["dense"] = _join_maps([batch["dense"] for batch in filled])
        return extracted

    def stream(self, source: Image | Iterable[Image], dense: bool = True) -> Iterator[Extracted]:
        """Compute features batch by batch, so that nothing accumulates in memory.

        Args:
            source: The images, as in a call.
            dense: Whether to return the dense maps too.

        Yields:
            Batches in the order of the source, with at most ``batch_size`` rows: fewer where
            images were skipped, and no features at all where all of them were.

        Raises:
            UserError: An image cannot be used.
        """
        yield from self._stream(source, dense, self.batch_size)

    def over_time(
        self,
        video: str | Path,
        *,
        window_seconds: float = 1.0,
        num_frames: int = 1,
        dense: bool = True,
    ) -> Extracted:
        """Compute the features of a video over time, one row for each window.

        Windows follow one another without overlap; the last one ends with the video. The backbones
        of this package's methods on videos see single frames, so the feature of a window is the
        mean over ``num_frames`` of its frames, the middles of equal parts. Frames are prepared as
        images are.

        Args:
            video: Path of a video file.
            window_seconds: Length of a window in seconds.
            num_frames: Number of frames that are read in each window.
            dense: Whether to return the dense maps too.

        Returns:
            ``global`` (T, C) and ``dense`` (T, C, H, W), float32, for T windows. Each of
            ``data_samples`` has ``path``, ``index``, the number of the window, ``start`` and
            ``end`` in seconds from the first frame on, and ``view0``.

        Raises:
            UserError: The video cannot be read, or an option is out of range.
        """
        if window_seconds <= 0 or num_frames < 1:
            raise UserError(
                "window_seconds is positive and num_frames at least 1, got "
                f"{window_seconds} and {num_frames}."
            )
        windows = _windows(_duration(str(video)), window_seconds)
        seconds = [
            start + (end - start) * (frame + 0.5) / num_frames
            for start, end in windows
            for frame in range(num_frames)
        ]
        extracted = Extracted(data_samples=[], skipped=[])
        parts: dict[str, list[Tensor]] = {}
        batch_size = -(-self.batch_size // num_frames) * num_frames
        for batch in self._stream(VideoFrames(str(video), seconds), dense, batch_size):
            extracted["data_samples"] += batch["data_samples"][::num_frames]
            for name in ("global", "dense") if dense else ("global",):
                means = batch[name].unflatten(0, (-1, num_frames)).mean(dim=1)
                parts.setdefault(name, []).append(means)
        numbered = enumerate(zip(extracted["data_samples"], windows, strict=True))
        for index, (sample, (start, end)) in numbered:
            sample.update(path=str(video), index=index, start=start, end=end)
        extracted["global"] = torch.cat(parts["global"])
        if dense:
            extracted["dense"] = torch.cat(parts["dense"])
        return extracted

    def _stream(
        self, source: Image | Iterable[Image], dense: bool, batch_size: int
    ) -> Iterator[Extracted]:
        images = ImageStream(source, self.pipeline, batch_size, self.on_error)
        unreadable = SkippedFiles()
        try:
            for inputs, data_samples, skipped in DataLoader(
                images, batch_size=None, num_workers=self.num_workers, collate_fn=_unchanged
            ):
                unreadable.update(skipped)
                extracted = Extracted(data_samples=data_samples, skipped=skipped)
                if data_samples:
                    maps = self._maps(inputs)
                    extracted["global"] = pool_maps(maps).float().cpu()
                    if dense:
                        extracted["dense"] = maps[-1].float().cpu().contiguous()
                yield extracted
        except (UnreadableFileError, UserError, FileNotFoundError) as error:
            # From a worker they come wrapped in its traceback.
            raise UserError(explain(error)) from error
        if unreadable:
            print_log(
                f"{len(unreadable)} images could not be read and were left out or replaced: "
                f"{unreadable.describe()}",
                "current",
                level=logging.WARNING,
            )

    @torch.no_grad()
    def _maps(self, inputs: dict[str, Any]) -> Sequence[Tensor]:
        with (
            input_errors("the images do not fit the backbone"),
            memory_errors(lambda _: self._memory_remedy),
        ):
            view = self.data_preprocessor(dict(inputs=inputs))["inputs"]["view0"]
            return self.backbone(view)

    @property
    def _memory_remedy(self) -> str:
        return (
            f"Lower the batch size (batch_size, or --batch-size; now {self.batch_size}) or the "
            "side of the images (size, or --size)."
        )


def _duration(video: str) -> float:
    try:
        with open_video(video) as reader:
            return reader.probe().duration
    except UnreadableFileError as error:
        raise UserError(f"Cannot read the video {video}: {error.reason}.") from error
    except ImportError as error:
        raise UserError(explain(error)) from error


def _windows(duration: float, window_seconds: float) -> list[tuple[float, float]]:
    """Return start and end of the windows that cover a video, in seconds."""
    # A rest of less than a thousandth of a second is the rounding of time stamps.
    num_windows = max(math.ceil((duration - 1e-3) / window_seconds), 1)
    starts = [number * window_seconds for number in range(num_windows)]
    return [(start, min(start + window_seconds, duration)) for start in starts]


def _join_maps(maps: list[Tensor]) -> Tensor:
    """Concatenate dense maps (N, C, H, W).

    Raises:
        UserError: They differ in height or width.
    """
    sizes = {tuple(map_NCHW.shape[2:]) for map_NCHW in maps}
    if len(sizes) > 1:
        raise UserError(
            f"The dense maps have different sizes ({sorted(sizes)}) and fit no one tensor: take "
            "them one by one from stream(), or use dense=False."
        )
    return torch.cat(maps)


def _unchanged(batch: Any) -> Any:
    """Keep torch's own function from turning the boxes' tuples into lists."""
    return batch


def find_device(name: str | None) -> torch.device:
    """Return a device by its name, or the best one available.

    Raises:
        UserError: The device cannot be used.
    """
    try:
        device = torch.device(name or get_device())
        if device.type == "mps":
            raise UserError(NO_MPS)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"The device {name!r} cannot be used here: {explain(error)}") from error
    return device


def _untrained_config(config: str | Path | None) -> Mapping[str, Any]:
    if config is None:
        raise UserError("An untrained network needs a config, which says what it is.")
    return plain_config(load_config(config).to_dict())


def _untrained(cfg: Mapping[str, Any]) -> nn.Module:
    from mmengine.model import BaseModule

    print_log(
        "No checkpoint given: this is the UNTRAINED network.", "current", level=logging.WARNING
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed((cfg.get("randomness") or {}).get("seed") or 0)
        backbone = build_backbone(cfg["model"]["backbone"], cfg.get("default_scope", SCOPE))
        if isinstance(backbone, BaseModule):
            backbone.init_weights()
    return backbone
