"""Write the features of many images, graphs or nodes to a file, as they are computed."""

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mmengine.logging import print_log
from mmengine.utils import ProgressBar

from mmcontrast.apis.inference.columns import image_columns, node_columns, sample_columns
from mmcontrast.apis.inference.features import FeatureExtractor
from mmcontrast.apis.inference.method import MethodOnData
from mmcontrast.apis.training.config import load_config
from mmcontrast.datasets.base import check_on_error
from mmcontrast.datasets.files import VIDEOS, class_folders, find_images, has_extension
from mmcontrast.datasets.skipped import SkippedFiles
from mmcontrast.registry import DATASETS
from mmcontrast.structures import DataSamples
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.utils.tables import Columns, open_table
from mmcontrast.utils.writing import writing

_Piece: TypeAlias = tuple[Columns, Sequence[str]]  # columns, and the paths of unreadable files


def extract_features(
    checkpoint: str | None,
    source: str,
    out: str | Path,
    *,
    config: str | None = None,
    dense: bool = False,
    nodes: bool = False,
    window_seconds: float | None = None,
    num_frames: int | None = None,
    **settings: Any,
) -> int:
    """Write the features of all images of a source, with paths and labels, into one file.

    Those of a video are written over time, one row for each window. Where the method of the config
    has no backbone for images, the source is one of its data loaders, and the rows are those of its
    graphs, or of its features.

    Rows are written as they are computed, so features need not fit in memory. The file gets its
    name when it is whole; an interrupted run leaves an older one as it was. What could not be read
    is listed beside it, in ``<name>.skipped_files.txt``.

    Args:
        checkpoint: The checkpoint's path; None for the untrained network of ``config``.
        source: A folder, whose sub-folders are the classes; an image; a video; or the key of a data
            loader of ``config``, such as ``val_dataloader``.
        out: A file ``.npz`` or ``.parquet``. Its columns are ``path`` (N,), ``label`` (N,) int64,
            -1 for an image without class, ``class`` (N,) and ``split`` (N,) where the data have
            them, and ``global`` (N, C) float32. With ``nodes`` there are ``node`` (V,), the number
            of the node in the graph of ``path``, and ``nodes`` (V, C) instead of ``global``. Rows
            of a video have ``start`` and ``end`` (T,) in seconds.
        config: Path of the config, see
            :class:`~mmcontrast.apis.inference.features.FeatureExtractor`.
        dense: Whether to write ``dense`` (N, C, H, W) too; only ``.npz`` can hold it.
        nodes: Whether to write one row per node instead of one per graph.
        window_seconds: Length of the windows of a video in seconds; None for 1.
        num_frames: Number of frames that are read in each window of a video; None for 1.
        **settings: Arguments of the extractor: ``device``, ``size``, ``batch_size``,
            ``num_workers``, ``on_error``. A method without backbone takes ``device`` alone.

    Returns:
        The number of rows.

    Raises:
        UserError: The source, the checkpoint or the file cannot be used.
    """
    out = Path(out)
    if dense and out.suffix != ".npz":
        raise UserError("Only .npz holds dense maps: choose such a name for --out.")
    with input_errors("extract_features"):
        check_on_error(settings.get("on_error", "raise"))
    table, skipped = open_table(out), SkippedFiles()
    windows = dict(window_seconds=window_seconds, num_frames=num_frames)
    pieces = _rows(checkpoint, source, config, dense, nodes, windows, settings)
    rows = 0
    with writing(out), table as write:
        for columns, unreadable in pieces:
            skipped.update(unreadable)
            if columns:
                write(columns)
                rows += len(columns["path"])
    listing = out.with_name(f"{out.stem}.skipped_files.txt")
    if skipped:
        skipped.write(listing)
        print_log(
            f"All unreadable files are listed in {listing}.", "current", level=logging.WARNING
        )
    else:
        listing.unlink(missing_ok=True)
    return rows


def _rows(
    checkpoint: str | None,
    source: str,
    config: str | None,
    dense: bool,
    nodes: bool,
    windows: dict[str, Any],
    settings: dict[str, Any],
) -> Iterator[_Piece]:
    """Choose how the rows of a source are computed; see :func:`extract_features`."""
    windows = {name: value for name, value in windows.items() if value is not None}
    is_video = has_extension(Path(source).name, VIDEOS) and Path(source).is_file()
    if windows and not is_video:
        raise UserError(f"{source} is no video file: {' and '.join(windows)} cannot be set.")
    if config is not None and not _has_backbone(config):
        if dense or settings.get("size"):
            raise UserError(f"{config} has no backbone for images: no --dense, no --size.")
        return _method_rows(checkpoint, source, config, nodes, settings.get("device"))
    if nodes:
        raise UserError("Images have no nodes: --nodes is for the config of a method of graphs.")
    if is_video:
        extractor = FeatureExtractor(checkpoint, config, **settings)
        return _window_rows(extractor, source, dense, windows)
    return _image_rows(checkpoint, source, config, dense, settings)


def _has_backbone(config: str) -> bool:
    return "backbone" in load_config(config).get("model", {})


def _image_rows(
    checkpoint: str | None,
    source: str,
    config: str | None,
    dense: bool,
    settings: dict[str, Any],
) -> Iterator[_Piece]:
    images, total, classes = _open_source(source, config, settings.get("size"))
    extractor = FeatureExtractor(checkpoint, config, **settings)
    progress = ProgressBar(total, file=sys.stderr)
    is_empty = True
    for batch in extractor.stream(images, dense):
        samples, skipped = batch["data_samples"], batch["skipped"]
        progress.update(len(samples) + len(skipped) - len(_replaced(samples)))
        is_empty &= not samples
        yield image_columns(batch, source, classes) if samples else {}, skipped
    print(file=sys.stderr)
    if is_empty:
        raise UserError(f"None of the {total} images in {source} can be read.")


def _window_rows(
    extractor: FeatureExtractor, video: str, dense: bool, windows: dict[str, Any]
) -> Iterator[_Piece]:
    result = extractor.over_time(video, dense=dense, **windows)
    columns = image_columns(result, video, ())
    for name in ("start", "end"):
        columns[name] = np.array([sample[name] for sample in result["data_samples"]])
    yield columns, ()


def _method_rows(
    checkpoint: str | None, source: str, config: str, nodes: bool, device: str | None
) -> Iterator[_Piece]:
    data = MethodOnData(checkpoint, config, source, device)
    for features, samples in data.extract():
        if any("path" not in sample for sample in samples):
            raise UserError(
                f"{source} of {config} is for training: take the one of the evaluation."
            )
        if not nodes:
            columns = sample_columns(features["global"], samples, data.classes)
        elif "nodes" in features:
            columns = node_columns(features["nodes"], samples, data.classes)
        else:
            raise UserError(f"The method of {config} has no features of nodes.")
        yield columns, _replaced(samples)


def _replaced(samples: DataSamples) -> list[str]:
    """Return the paths of files that a data set has replaced by others."""
    return [path for sample in samples for path in sample.get("skipped", ())]


def _open_source(
    source: str, config: str | None, size: int | None
) -> tuple[Any, int, tuple[str, ...]]:
    """Return the images of a source, their number, and the names of the classes."""
    path = Path(source)
    if path.is_file():
        return path, 1, ()
    if path.is_dir():
        with input_errors(source):
            total = sum(1 for _ in find_images(source))
        return path, total, tuple(class_folders(path))
    if config is None:
        raise UserError(f"There is no image or folder {source}.")
    return _open_loader(source, config, size)


def _open_loader(name: str, config: str, size: int | None) -> tuple[Any, int, tuple[str, ...]]:
    """Return the same of a data loader of a config."""
    cfg = load_config(config)
    if not isinstance(cfg.get(name), dict) or "dataset" not in cfg[name]:
        raise UserError(f"{name} is no image, no folder and no data loader of {config}.")
    if size is not None:
        raise UserError(f"--size does not go with {name}: its own pipeline sets the size.")
    with input_errors(f"{config}, {name}"):
        dataset = DATASETS.build(cfg[name].dataset)
    return dataset, len(dataset), tuple(dataset.metainfo.get("classes", ()))
