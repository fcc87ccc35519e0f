"""Any network of the timm library as a backbone."""

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from mmcontrast.registry import MODELS


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A timm network cut to its feature maps. Needs the extra ``timm``.

    Args:
        model_name: A name of ``timm.list_models()``.
        out_indices: Which of the network's maps to return, in timm's counting (its ResNets count
            the stem as 0); -1 is the last.
        **kwargs: Passed on to ``timm.create_model``.

    Raises:
        ImportError: timm is not installed.
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
            import timm
        except ImportError as error:
            raise ImportError("TimmBackbone needs timm: pip install 'mmcontrast[timm]'.") from error
        self.network = timm.create_model(
            model_name, features_only=True, out_indices=tuple(out_indices), **kwargs
        )
        self.out_channels = tuple(self.network.feature_info.channels())
        # Some transformers hand their maps out with the channels last.
        self.channels_last = self.network.output_fmt.value == "NHWC"

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps (N, D, H, W) from images (N, 3, H, W)."""
        maps = self.network(x)
        return tuple(m.permute(0, 3, 1, 2) if self.channels_last else m for m in maps)
