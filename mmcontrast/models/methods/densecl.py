"""DenseCL.

Wang et al., "Dense Contrastive Learning for Self-Supervised Visual Pre-Training", CVPR 2021,
arXiv 2011.09157.

    q, r = global and dense projections of view 0;  k+, t = those of view 1, by the momentum encoder
    c(s) = argmax_j cos(f_s, g_j)   matches cell s of view 0 in view 1, by backbone features f and g
    L_r  = mean over cells s of InfoNCE(r_s, t_c(s), dense queue)                     (equation 2)
    L    = (1 - w) InfoNCE(q, k+, queue) + w L_r                                      (equation 3)

The dense queue takes one key an image, the mean of its dense projections, or the keys t_c(s) of
the matched cells. Shuffling, queues and momentum are MoCo v2's.

What differs from the authors' code: features are pooled to the grid of the dense head before they
are matched, as the paper says, so that any ``num_grid`` works (the same where the grid is the
backbone's own); ``match='geometric'`` matches by crop boxes and flips instead, and leaves out cells
that the other view does not show; ``dense_keys='cells'`` fills the dense queue with the keys of
matched cells, so that the negatives of a cell are cells too.

Shapes: N images in this process, D backbone channels, C embedding,
S cells of the grid, R = N * S queries.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.modules.momentum_contrast import (
    KeyQueue,
    MomentumEncoder,
    gather,
    shuffle_batch,
    unshuffle,
    warn_of_leaking_statistics,
)
from mmcontrast.models.widths import build_on
from mmcontrast.ops.correspondence import match_cells, match_entropy, match_geometric
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.arguments import check_number


@MODELS.register_module()
class DenseCL(Method):
    """DenseCL; batches hold ``view0`` (queries) and ``view1`` (keys), (N, 3, H, W) each.

    Args:
        backbone: The online encoder.
        neck: The two projection heads,
            :class:`~mmcontrast.models.necks.DenseProjection`; its ``out_channels`` is C.
        loss: Global loss, :class:`~mmcontrast.models.losses.InfoNCE`.
        dense_loss: Dense loss, of the same class.
        queue_size: Length K of each of the two queues; below the number of images.
        momentum: Weight m kept of the momentum encoder.
        dense_weight: Weight w of the dense loss; 0 gives MoCo v2.
        dense_start_iters: Training steps before which w is 0. The authors leave it at 0, and
            suggest 10000 where matches are poor at first.
        match: ``'max_sim'``, the paper's matching by features, or ``'geometric'``, by the crop
            boxes and flips in ``data_samples``.
        dense_keys: What an image adds to the dense queue: ``'pooled'``, one key, the mean of its
            dense projections, as in the paper; or ``'cells'``, the key of each query's match, in
            the order of images and cells (ours).
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.

    Raises:
        ValueError: Another ``match`` or ``dense_keys``, or a weight outside [0, 1].
    """

    def __init__(
        self,
        backbone: nn.Module | dict,
        neck: nn.Module | dict,
        loss: nn.Module | dict,
        dense_loss: nn.Module | dict,
        queue_size: int = 65536,
        momentum: float = 0.999,
        dense_weight: float = 0.5,
        dense_start_iters: int = 0,
        match: str = "max_sim",
        dense_keys: str = "pooled",
        **kwargs: Any,
    ):
        check_number("DenseCL: dense_weight", dense_weight, 0, 1)
        check_number("DenseCL: dense_start_iters", dense_start_iters, 0)
        super().__init__(**kwargs)
        if match not in ("max_sim", "geometric"):
            raise ValueError(f"match must be 'max_sim' or 'geometric', got {match!r}.")
        if dense_keys not in ("pooled", "cells"):
            raise ValueError(f"dense_keys must be 'pooled' or 'cells', got {dense_keys!r}.")
        if not 0 <= dense_weight <= 1:
            raise ValueError(f"dense_weight must be between 0 and 1, got {dense_weight}.")
        self.backbone = MODELS.build(backbone)
        self.neck = build_on(neck, self.backbone)
        self.momentum_encoder = MomentumEncoder(momentum, backbone=self.backbone, neck=self.neck)
        self.queue = KeyQueue(queue_size, self.neck.out_channels)
        self.dense_queue = KeyQueue(queue_size, self.neck.out_channels)
        self.info_nce = MODELS.build(loss)
        self.dense_info_nce = MODELS.build(dense_loss)
        self.dense_weight = dense_weight
        self.dense_start_iters = dense_start_iters
        self.match = match
        self.dense_keys = dense_keys
        warn_of_leaking_statistics(self.backbone)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Both losses on one batch; updates the momentum encoder and the queues."""
        features0 = self.backbone(inputs["view0"])
        query, dense_NCS, _ = self.neck(features0)
        query_NC = F.normalize(query.float(), dim=1)
        cells_NCS = F.normalize(dense_NCS.float(), dim=1)

        with torch.no_grad():
            self.momentum_encoder.update(backbone=self.backbone, neck=self.neck)
            shuffled, permutation = shuffle_batch(inputs["view1"])
            features1 = self.momentum_encoder.backbone(shuffled)
            key, dense_key, pooled_key = self.momentum_encoder.neck(features1)
            key_NC = unshuffle(F.normalize(key.float(), dim=1), permutation)
            cell_keys_NCS = unshuffle(F.normalize(dense_key.float(), dim=1), permutation)
            pooled_key_NC = unshuffle(F.normalize(pooled_key.float(), dim=1), permutation)

            grid0_NDHW = self.neck.to_grid(features0[-1])
            if self.match == "max_sim":
                grid1_NDS = unshuffle(self.neck.to_grid(features1[-1]).flatten(2), permutation)
                match_NS = match_cells(grid0_NDHW.flatten(2), grid1_NDS)
                valid_NS = torch.ones_like(match_NS, dtype=torch.bool)
            else:
                match_NS, valid_NS = match_geometric(
                    crop_of(data_samples, "view0", query.device),
                    crop_of(data_samples, "view1", query.device),
                    grid0_NDHW.shape[-2:],
                )
            matched_NCS = cell_keys_NCS.gather(2, match_NS[:, None].expand_as(cells_NCS))

        contrast = self.info_nce(query_NC, key_NC, self.queue.keys)
        dense = self.dense_info_nce(
            cells_NCS.transpose(1, 2)[valid_NS],
            matched_NCS.transpose(1, 2)[valid_NS],
            self.dense_queue.keys,
        )
        # The queue counts the steps, so a resumed run needs nothing else to know its weight.
        weight = self.dense_weight * (self.queue.step >= self.dense_start_iters)
        self.queue.push(gather(key_NC))
        if self.dense_keys == "pooled":
            self.dense_queue.push(gather(pooled_key_NC))
        else:
            # The number of valid cells differs between ranks, so all are gathered.
            matched_MSC = gather(matched_NCS).transpose(1, 2)
            self.dense_queue.push(matched_MSC[gather(valid_NS)])
        return dict(
            loss_global=(1 - weight) * contrast.loss.mean(),
            loss_dense=weight * mean_over_ranks(dense.loss),
            **contrast.metrics(),
            **{f"dense_{name}": value for name, value in dense.metrics().items()},
            embedding_std=embedding_std(query_NC),
            match_entropy=match_entropy(match_NS, matched_NCS.shape[2]),
            queue_age=self.queue.age(),
        )


def crop_of(data_samples: DataSamples, view: str, device: torch.device) -> dict[str, Tensor]:
    """Stack the crop boxes and flips of one view.

    Args:
        data_samples: One dict an image, with ``box`` and ``flip`` under the view's name.
        view: Name of the view, ``view0`` or ``view1``.
        device: Device of the result.

    Returns:
        ``box`` (N, 4) in source pixels, float32, and ``flip`` (N,), bool.

    Raises:
        KeyError: The pipeline recorded no crop.
    """
    try:
        boxes = [sample[view]["box"] for sample in data_samples]
        flips = [sample[view]["flip"] for sample in data_samples]
    except KeyError as error:
        raise KeyError(
            f"match='geometric' needs the crop box and flip of {view} in each data sample, and "
            f"{error} is missing: let the pipeline cut the views with RandomResizedCrop and "
            "HorizontalFlip."
        ) from error
    return dict(
        box=torch.tensor(boxes, dtype=torch.float32, device=device),
        flip=torch.tensor(flips, dtype=torch.bool, device=device),
    )


def mean_over_ranks(loss_R: Tensor) -> Tensor:
    """This rank's share of the mean over all ranks' queries, whose number may differ.

    DistributedDataParallel then takes the mean of the shares. Without any query it is 0.
    """
    count = gather(torch.tensor([len(loss_R)], dtype=loss_R.dtype, device=loss_R.device)).mean()
    return loss_R.sum() / count.clamp(min=1)
