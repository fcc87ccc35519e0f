"""The columns of a file of features: one row for each image, graph or node."""

from pathlib import Path

import numpy as np
from torch import Tensor

from mmcontrast.apis.inference.features import Extracted
from mmcontrast.structures import DataSamples
from mmcontrast.utils.tables import Columns

UNLABELED = -1


def sample_columns(features_NC: Tensor, samples: DataSamples, classes: tuple[str, ...]) -> Columns:
    """Return the columns of graphs, or of the rows of one sample that holds many."""
    labels = np.concatenate([np.atleast_1d(s.get("label", UNLABELED)) for s in samples])
    paths = [s["path"] for s in samples for _ in np.atleast_1d(s.get("label", UNLABELED))]
    columns: Columns = dict(path=paths, label=labels.astype(np.int64))
    if classes:
        columns["class"] = ["" if label == UNLABELED else classes[label] for label in labels]
    if "seen" in samples[0]:
        columns["split"] = ["seen" if samples[0]["seen"][label] else "unseen" for label in labels]
    columns["global"] = features_NC.numpy()
    return columns


def node_columns(features_VC: Tensor, samples: DataSamples, classes: tuple[str, ...]) -> Columns:
    """Return the columns of the nodes of graphs, one graph after the other."""
    sizes = [sample["num_nodes"] for sample in samples]
    unknown = [np.full(size, UNLABELED) for size in sizes]
    labels = [s.get("node_labels", none) for s, none in zip(samples, unknown, strict=True)]
    split = np.full(sum(sizes), "", dtype="<U5")
    for name in ("train", "val", "test"):
        masks = [
            s.get("masks", {}).get(name, none >= 0)
            for s, none in zip(samples, unknown, strict=True)
        ]
        split[np.concatenate(masks)] = name
    label_V = np.concatenate(labels).astype(np.int64)
    columns: Columns = dict(
        path=[s["path"] for s, size in zip(samples, sizes, strict=True) for _ in range(size)],
        node=np.concatenate([np.arange(size) for size in sizes]),
        label=label_V,
    )
    if classes and any("node_labels" in sample for sample in samples):
        columns["class"] = ["" if label == UNLABELED else classes[label] for label in label_V]
    return {**columns, "split": split.tolist(), "nodes": features_VC.numpy()}


def image_columns(batch: Extracted, source: str, classes: tuple[str, ...]) -> Columns:
    """Return the columns of images, with the class of each where ``source`` has sub-folders."""
    samples = batch["data_samples"]
    labels = [sample.get("label", label_of(sample["path"], source, classes)) for sample in samples]
    columns: Columns = dict(
        path=[sample["path"] for sample in samples], label=np.array(labels, dtype=np.int64)
    )
    if classes:
        columns["class"] = ["" if label == UNLABELED else classes[label] for label in labels]
    if "split" in samples[0]:
        columns["split"] = [sample["split"] for sample in samples]
    for name in ("global", "dense"):
        if name in batch:
            columns[name] = batch[name].numpy()
    return columns


def label_of(path: str, source: str, classes: tuple[str, ...]) -> int:
    """Return the class of an image: the sub-folder of ``source`` that it is in, -1 for none."""
    inside = Path(path)
    if not (classes and inside.is_relative_to(source)):
        return UNLABELED
    folder = inside.relative_to(source).parts[0]
    return classes.index(folder) if folder in classes else UNLABELED
