"""Any network of the timm library as a backbone."""

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcontrast.registry import MODELS
from mmcontrast.structures.maps import MapsWithToken

# What lets a network take images of other sizes than its own: in timm's vision transformers (the
# position embedding is interpolated), and in its Swin transformers (windows are padded).
_ANY_SIZE: tuple[dict[str, bool], ...] = (
    dict(dynamic_img_size=True),
    dict(strict_img_size=False),
    {},
)


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A timm network cut to its feature maps. Needs the extra ``timm``.

    A vision transformer gives its patch tokens as maps, behind the network's final norm. Where timm
    classifies by its class token, that token is the global feature, see
    :func:`~mmcontrast.structures.maps.pool_maps`; otherwise the mean of the patches is. Networks
    that can be built for images of any size are; the sides must be multiples of a vision
    transformer's patch size.

    Parameters that no returned map depends on, such as those of HRNet's other branches, are frozen,
    since DistributedDataParallel refuses to train parameters without gradient.

    Args:
        model_name: A name of ``timm.list_models()``.
        out_indices: Which of the network's maps to return, in timm's counting (its ResNets count
            the stem as 0); -1 is the last.
        **kwargs: Passed on to ``timm.create_model``.

    Raises:
        ImportError: timm is not installed.
        ValueError: timm has no such network, or cannot cut it to feature maps.
    """

    def __init__(
        self,
        model_name: str,
        out_indices: Sequence[int] = (-1,),
        init_cfg: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(init_cfg)
        try:
            import timm  # noqa: F401
        except ImportError as error:
            raise ImportError("TimmBackbone needs timm: pip install 'mmcontrast[timm]'.") from error
        indices = tuple(out_indices)
        network: Any = _create(model_name, features_only=True, out_indices=indices, **kwargs)
        self.has_patches = _splits_tokens(getattr(network, "model", None))
        self.has_class_token = False
        if self.has_patches:
            # timm cuts the final norm off, without which tokens are not features.
            model: Any = _create(model_name, **kwargs)
            is_classified_by_token = getattr(model, "global_pool", "") == "token"
            self.has_class_token = (
                is_classified_by_token and getattr(model, "cls_token", None) is not None
            )
            network = type(network)(model, indices, norm=True)
        self.network = network
        # timm has initialized or loaded the weights; its HRNet has an ``init_weights`` that
        # MMEngine would call, which replaces them.
        self.network.is_init = True
        self.out_channels = tuple(self.network.feature_info.channels())
        # Some transformers hand their maps out with the channels last; some networks do not say.
        output_format = getattr(self.network, "output_fmt", None)
        self.channels_last = output_format is not None and output_format.value == "NHWC"
        self._freeze_unused()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps from images.

        Args:
            x: Images (N, 3, H, W).

        Returns:
            Maps (N, D, H', W'); those of a network with a class token as
            :class:`~mmcontrast.structures.maps.MapsWithToken`.

        Raises:
            ValueError: The network cannot take images of this size.
        """
        try:
            return self._patch_maps(x) if self.has_patches else self._maps(x)
        except AssertionError as error:  # timm's own checks
            raise ValueError(
                f"{error} Change the size of the images in the pipeline, or set "
                "backbone.img_size to it."
            ) from error

    def _maps(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = self.network(x)
        return tuple(m.permute(0, 3, 1, 2) if self.channels_last else m for m in maps)

    def _patch_maps(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = self.network.model.forward_intermediates(
            x,
            indices=self.network.out_indices,
            return_prefix_tokens=True,
            norm=True,
            intermediates_only=True,
        )
        if isinstance(outputs[0], Tensor):  # there are no other tokens than patches
            return tuple(outputs)
        maps, other_tokens = zip(*outputs, strict=True)
        return MapsWithToken(maps, other_tokens[-1][:, 0]) if self.has_class_token else maps

    def _freeze_unused(self) -> None:
        """Freeze the parameters that no returned map depends on."""
        # On the meta device, shapes alone are computed.
        network = copy.deepcopy(self).to("meta").eval()
        config = getattr(network.network, "default_cfg", None) or getattr(
            getattr(network.network, "model", None), "default_cfg", {}
        )
        channels, height, width = config.get("input_size", (3, 224, 224))
        with torch.enable_grad():
            maps = network(torch.zeros(1, channels, height, width, device="meta"))
            torch.stack([feature_map.sum() for feature_map in maps]).sum().backward()
        for parameter, copied in zip(self.parameters(), network.parameters(), strict=True):
            if copied.grad is None:
                parameter.requires_grad_(False)


def _create(
    model_name: str, any_size: Sequence[dict[str, bool]] = _ANY_SIZE, **kwargs: Any
) -> nn.Module:
    """Call ``timm.create_model``, for images of any size where the network can be built so."""
    import timm

    option, *others = any_size
    try:
        return timm.create_model(model_name, **{**option, **kwargs})
    except TypeError as error:
        if not any(f"'{name}'" in str(error) for name in option):
            raise
        return _create(model_name, others, **kwargs)
    except RuntimeError as error:
        raise ValueError(f"timm cannot build the backbone {model_name!r}: {error}") from error


def _splits_tokens(model: nn.Module | None) -> bool:
    """Whether a model of timm tells its patch tokens from its class and register tokens."""
    function = getattr(model, "forward_intermediates", None)
    return function is not None and "return_prefix_tokens" in inspect.signature(function).parameters
