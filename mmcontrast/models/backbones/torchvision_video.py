"""Any network for videos of torchvision as a backbone.

Shapes: N clips, D channels, T frames of H x W pixels.
"""

from collections.abc import Callable
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.structures.maps import MapsWithToken


@MODELS.register_module()
class TorchvisionVideo(BaseModule):
    """A network of ``torchvision.models.video`` cut to its last feature map.

    Checkpoints of torchvision fill it: give their path as ``pretrained`` of a method or protocol.

    Args:
        model_name: A name of ``torchvision.models.list_models(torchvision.models.video)``:
            ``'r3d_18'``, ``'mc3_18'``, ``'r2plus1d_18'``, ``'s3d'``, ``'mvit_v2_s'``,
            ``'swin3d_t'``, ...
        init_cfg: That of MMEngine's ``BaseModule``.
        **kwargs: Passed on to torchvision. Its MViTs take clips of one size only, 16 frames of
            224 x 224 pixels; the other networks take any.

    Raises:
        ValueError: torchvision has no such network for videos.
    """

    def __init__(self, model_name: str, init_cfg: dict | None = None, **kwargs: Any):
        # Imported here, since it takes a second.
        from torchvision import models

        super().__init__(init_cfg)
        names = models.list_models(models.video)
        if model_name not in names:
            raise ValueError(
                f"TorchvisionVideo: torchvision has no network {model_name!r} for videos; it has "
                f"{', '.join(names)}."
            )
        self.network: Any = models.get_model(model_name, weights=None, **kwargs)
        head, width, self._maps = _FAMILIES[type(self.network).__name__]
        self.out_channels = (width(self.network),)
        setattr(self.network, head, nn.Identity())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the last feature map of clips.

        Args:
            x: Clips (N, 3, T, H, W), normalized.

        Returns:
            The map (N, D, T', H', W') alone; that of an MViT as
            :class:`~mmcontrast.structures.maps.MapsWithToken`.

        Raises:
            ValueError: The input is no batch of clips, or not of the size of the network.
        """
        if x.dim() != 5:
            raise ValueError(f"TorchvisionVideo needs clips (N, 3, T, H, W), got {tuple(x.shape)}.")
        return self._maps(self.network, x)


def _resnet_maps(network: Any, x: Tensor) -> tuple[Tensor, ...]:
    x = network.stem(x)
    return (network.layer4(network.layer3(network.layer2(network.layer1(x)))),)


def _s3d_maps(network: Any, x: Tensor) -> tuple[Tensor, ...]:
    return (network.features(x),)


def _swin_maps(network: Any, x: Tensor) -> tuple[Tensor, ...]:
    x_NTHWD = network.norm(network.features(network.pos_drop(network.patch_embed(x))))
    return (x_NTHWD.permute(0, 4, 1, 2, 3),)


def _mvit_maps(network: Any, x: Tensor) -> tuple[Tensor, ...]:
    patches = network.conv_proj(x)
    grid = (network.pos_encoding.temporal_size, *network.pos_encoding.spatial_size)
    if patches.shape[2:] != grid:
        raise ValueError(
            f"TorchvisionVideo: torchvision's MViTs take 16 frames of 224 x 224, got clips of "
            f"{tuple(x.shape[2:])} (T, H, W). Change the clips in the pipeline."
        )
    tokens = network.pos_encoding(patches.flatten(2).transpose(1, 2))
    for block in network.blocks:
        tokens, grid = block(tokens, grid)
    tokens = network.norm(tokens)
    map_NDTHW = tokens[:, 1:].transpose(1, 2).unflatten(2, grid)
    return MapsWithToken([map_NDTHW], tokens[:, 0])


_Family = tuple[str, Callable[[Any], int], Callable[[Any, Tensor], tuple[Tensor, ...]]]
# By torchvision's class: the name of the classifier, the width of its input, and the maps.
_FAMILIES: dict[str, _Family] = {
    "VideoResNet": ("fc", lambda network: network.fc.in_features, _resnet_maps),
    "S3D": ("classifier", lambda network: network.classifier[1].in_channels, _s3d_maps),
    "SwinTransformer3d": ("head", lambda network: network.num_features, _swin_maps),
    "MViT": ("head", lambda network: network.norm.normalized_shape[0], _mvit_maps),
}
