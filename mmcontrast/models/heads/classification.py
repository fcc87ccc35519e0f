"""Linear classifiers of features, their losses and their predictions.

A head maps features to a dict of logits, one entry for each classifier in it. Its name is what the
names of losses and metrics end in: ``''`` for a single classifier, ``'_stage4'``, ...

Shapes: N images, C channels of a feature, M classes.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.models.modules.norm import SyncBN
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features
from mmcontrast.utils.arguments import check_given, check_number, check_sizes


@MODELS.register_module()
class LinearHead(BaseModule):
    """One fully connected layer on the ``global`` feature.

    Args:
        in_channels: Number of channels C of the feature; a protocol fills it in where its config
            has none.
        num_classes: Number of classes M.
        init_std: Standard deviation of the initial weights, whose mean is 0; biases start at 0.
            0.01 in MoCo's linear protocol, 0 in SimCLR's. None for an orthogonal matrix, as in
            CrissCross' fine-tuning.
        dropout: Probability with which a number of the feature is set to 0 in training.
    """

    def __init__(
        self,
        in_channels: int | None,
        num_classes: int,
        init_std: float | None = 0.01,
        dropout: float = 0.0,
    ):
        in_channels = check_given("LinearHead: in_channels", in_channels)
        check_sizes("LinearHead", in_channels=in_channels, num_classes=num_classes)
        check_number("LinearHead: dropout", dropout, 0, 1)
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(in_channels, num_classes)
        if init_std is None:
            nn.init.orthogonal_(self.fc.weight)
        else:
            check_number("LinearHead: init_std", init_std, 0)
            nn.init.normal_(self.fc.weight, std=init_std)
        nn.init.zeros_(self.fc.bias)

    def forward(self, features: Features) -> dict[str, Tensor]:
        """Classify ``global`` (N, C).

        Returns:
            ``{'': logits (N, M)}``.

        Raises:
            ValueError: The features have another number of channels.
        """
        _check_channels(features["global"].shape[1], self.fc.in_features, "in_channels")
        return {"": self.fc(self.dropout(features["global"]))}


@MODELS.register_module()
class MultiStageHead(BaseModule):
    """A classifier on each map that the backbone returns (Goyal et al., ICCV 2019, section 6.1).

    Each map is average-pooled to the largest square grid that gives at most ``max_features``
    numbers, normalized by its batch's statistics, and classified. With a ResNet-50 the grids have
    12, 6, 4, 3 and 2 cells a side from the stem on. The losses are summed, but no parameter is
    shared, so each classifier learns as if it were alone.

    Args:
        in_channels: Number of channels of each map; a protocol fills it in where its config has
            none. The first map is called ``stem``, the others
            ``stage1``, ``stage2``, ...
        num_classes: Number of classes M.
        max_features: Largest number of values that are left of a map after pooling, about 9,000 in
            the protocol.
        init_std: Standard deviation of the initial weights, as in :class:`LinearHead`.
    """

    reads_all_maps: ClassVar[bool] = True

    def __init__(
        self,
        in_channels: Sequence[int] | None,
        num_classes: int,
        max_features: int = 9216,
        init_std: float = 0.01,
    ):
        in_channels = check_given("MultiStageHead: in_channels", in_channels)
        check_sizes(
            "MultiStageHead",
            in_channels=in_channels,
            num_classes=num_classes,
            max_features=max_features,
        )
        check_number("MultiStageHead: init_std", init_std, 0)
        super().__init__()
        self.in_channels = tuple(in_channels)
        self.names = ["stem", *(f"stage{i}" for i in range(1, len(self.in_channels)))]
        self.grids = [max(math.isqrt(max_features // channels), 1) for channels in in_channels]
        self.classifiers = nn.ModuleList()
        for channels, grid in zip(self.in_channels, self.grids, strict=True):
            width = channels * grid**2
            fc = nn.Linear(width, num_classes)
            nn.init.normal_(fc.weight, std=init_std)
            nn.init.zeros_(fc.bias)
            norm = SyncBN(width, affine=False)
            self.classifiers.append(nn.Sequential(norm, fc))

    def forward(self, features: Features) -> dict[str, Tensor]:
        """Classify each of ``stages``, (N, channels, H, W).

        Returns:
            ``{'_stem': (N, M), '_stage1': (N, M), ...}``.

        Raises:
            ValueError: The backbone returns other maps than the head is made for.
        """
        maps = features["stages"]
        channels = [feature_map.shape[1] for feature_map in maps]
        _check_channels(channels, list(self.in_channels), "in_channels")
        logits = {}
        parts = zip(self.names, maps, self.grids, self.classifiers, strict=True)
        for name, feature_map, grid, classifier in parts:
            pooled = F.adaptive_avg_pool2d(feature_map, grid).flatten(1)
            logits[f"_{name}"] = classifier(pooled)
        return logits


def _check_channels(channels: int | list[int], expected: int | list[int], key: str) -> None:
    if channels != expected:
        raise ValueError(
            f"The backbone's features have {channels} channels, the head expects {expected}: set "
            f"model.head.{key} to {channels}."
        )


def classification_losses(
    logits: dict[str, Tensor], data_samples: DataSamples
) -> dict[str, Tensor]:
    """Cross-entropy and training accuracy of each classifier of a head.

    Args:
        logits: Logits (N, M) of each classifier, as a head returns them.
        data_samples: One dict an image, with its ``label``.

    Returns:
        ``loss`` and ``top1`` (percent, without gradient), followed by the classifier's name. Equal
        logits give log(M).

    Raises:
        ValueError: A sample has no label, or one that the head has no class for.
    """
    num_classes = next(iter(logits.values())).shape[1]
    for sample in data_samples:
        if not 0 <= sample.get("label", -1) < num_classes:
            raise ValueError(
                f"{sample.get('path')} has the label {sample.get('label')}, but the head knows "
                f"the classes 0 to {num_classes - 1}. Use a data set with labels, such as "
                "ImageFolder, and set model.head.num_classes to the number of its classes."
            )
    outputs = {}
    for name, logits_NM in logits.items():
        labels_N = torch.tensor([s["label"] for s in data_samples], device=logits_NM.device)
        outputs[f"loss{name}"] = F.cross_entropy(logits_NM.float(), labels_N)
        hits_N = logits_NM.detach().argmax(dim=1) == labels_N
        outputs[f"top1{name}"] = 100 * hits_N.float().mean()
    return outputs


@torch.no_grad()
def predictions(
    head: nn.Module, features: Features, data_samples: DataSamples | None
) -> list[dict[str, Any]]:
    """Describe each image for MMEngine's metrics.

    Args:
        head: The classifier.
        features: Features of the images, as ``extract`` returns them.
        data_samples: One dict an image, which is taken over into its prediction.

    Returns:
        One dict an image: its data sample, ``global``, its feature (C,), and ``scores``, see
        :func:`class_scores`.
    """
    scores = class_scores(head, features)
    samples = data_samples if data_samples is not None else [{}] * len(scores)
    return [
        {**sample, "global": feature, "scores": score}
        for sample, feature, score in zip(samples, features["global"], scores, strict=True)
    ]


def class_scores(head: nn.Module, features: Features) -> list[dict[str, Tensor]]:
    """Score each image for MMEngine's metrics, in eval mode.

    Args:
        head: The classifier.
        features: Features of the images, or of samples with several ``clips``.

    Returns:
        One dict an image: classifier's name to logits (M,); with several clips, to the mean of
        their probabilities.
    """
    was_training = head.training
    head.eval()
    try:
        if "clips" in features:
            clips_NVC = features["clips"]
            flat = head({"global": clips_NVC.flatten(0, 1)})
            logits = {
                name: value.float().softmax(dim=1).unflatten(0, clips_NVC.shape[:2]).mean(dim=1)
                for name, value in flat.items()
            }
        else:
            logits = {name: value.float() for name, value in head(features).items()}
    finally:
        head.train(was_training)
    num_images = len(next(iter(logits.values())))
    return [{name: value[i] for name, value in logits.items()} for i in range(num_images)]
