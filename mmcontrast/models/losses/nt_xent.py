"""NT-Xent, the loss of SimCLR.

    l(i, j) = -log  exp(z_i.z_j / t) / sum_{k != i} exp(z_i.z_k / t)

Chen et al., ICML 2020, equation 1. Each of the 2N views has its partner as positive and the other
2N - 2 views as negatives. The paper's loss is the mean over the 2N views; the authors' code trains
on twice that, the sum of both directions' means.

Shapes: N images in this process, M images of all processes, C embedding.
"""

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn

from mmcontrast.ops.distributed import gather_with_grad
from mmcontrast.registry import MODELS
from mmcontrast.structures.contrast import Contrast


def nt_xent(
    views0_NC: Tensor,
    views1_NC: Tensor,
    temperature: float,
    all_views0_MC: Tensor | None = None,
    all_views1_MC: Tensor | None = None,
    position_N: Tensor | None = None,
) -> Contrast:
    """NT-Xent of the pairs of this process against the views of all processes.

    Collapsed embeddings give log(2M - 1). Computed in float32 under autocast too.

    Args:
        views0_NC: Unit vectors, with gradient.
        views1_NC: Unit vectors of the same images, with gradient.
        temperature: Temperature t, positive; 0.1 for ImageNet at batch 4096, 0.5 for CIFAR-10.
        all_views0_MC: The first views of all processes, with gradient. This argument and the next
            two are given together; without them the views of this process are all there are.
        all_views1_MC: The second views of all processes, with gradient.
        position_N: Index of each of this process's images among the M, int64.

    Returns:
        Loss and similarities of 2N anchors, the first views before the second ones.

    Raises:
        ValueError: Only some of the three optional arguments are given.
    """
    optional = (all_views0_MC, all_views1_MC, position_N)
    if any(value is None for value in optional) != all(value is None for value in optional):
        raise ValueError(
            "nt_xent needs all_views0_MC, all_views1_MC and position_N together: with some of them "
            "alone, the negatives of the other processes would be left out."
        )
    if all_views0_MC is None or all_views1_MC is None or position_N is None:
        all_views0_MC, all_views1_MC = views0_NC, views1_NC
        position_N = torch.arange(len(views0_NC), device=views0_NC.device)
    with torch.autocast(views0_NC.device.type, enabled=False):
        anchors = torch.cat([views0_NC, views1_NC]).float()
        others = torch.cat([all_views0_MC, all_views1_MC]).float()
        num_images = len(all_views0_MC)
        own = torch.cat([position_N, position_N + num_images])
        partner = torch.cat([position_N + num_images, position_N])

        similarity = anchors @ others.t()
        logits = (similarity / temperature).scatter(1, own[:, None], -torch.inf)
        loss = F.cross_entropy(logits, partner, reduction="none")

        with torch.no_grad():
            positive = similarity.gather(1, partner[:, None])[:, 0]
            own_similarity = similarity.gather(1, own[:, None])[:, 0]
            num_negatives = max(2 * num_images - 2, 1)
            negative = (similarity.sum(dim=1) - positive - own_similarity) / num_negatives
            correct = logits.argmax(dim=1) == partner
    return Contrast(loss, positive, negative, correct)


@MODELS.register_module()
class NTXent(nn.Module):
    """:func:`nt_xent` over the images of all processes.

    Args:
        temperature: 0.1 for ImageNet at batch 4096, 0.5 for CIFAR-10.
    """

    def __init__(self, temperature: float = 0.1):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        self.temperature = temperature

    def forward(self, views0_NC: Tensor, views1_NC: Tensor) -> Contrast:
        """See :func:`nt_xent`; every process must hold equally many images."""
        local = torch.arange(len(views0_NC), device=views0_NC.device)
        return nt_xent(
            views0_NC,
            views1_NC,
            self.temperature,
            gather_with_grad(views0_NC),
            gather_with_grad(views1_NC),
            local * get_world_size() + get_rank(),
        )
