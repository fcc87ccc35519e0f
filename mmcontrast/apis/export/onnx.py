"""A backbone as an ONNX graph."""

import importlib.util
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from mmcontrast.structures.maps import pool_maps
from mmcontrast.utils.errors import UserError

_OPSET = 18


class _Features(nn.Module):
    """What evaluation sees of a backbone: the last map and its mean, or the class token."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.backbone(image)
        return pool_maps(maps), maps[-1]


def to_onnx(backbone: nn.Module) -> bytes:
    """Translate a backbone for images of any number and size.

    Args:
        backbone: In eval mode, on the CPU; images (N, 3, H, W) in, a sequence of maps out.

    Returns:
        The ONNX file: from ``image`` (N, 3, H, W) to ``global`` (N, C), the mean of the last map
        or the class token, and ``dense`` (N, C, H', W'), the last map.

    Raises:
        UserError: onnx or onnxscript is not installed, or the backbone takes images of one size
            only.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"The export to ONNX needs {' and '.join(missing)}: pip install 'mmcontrast[onnx]'."
        )
    network = _Features(backbone)
    network.eval()
    # Two sizes and two numbers, none of them 1, which torch.export would take for constants.
    images = [torch.zeros(2, 3, 96, 128), torch.zeros(3, 3, 160, 96)]
    dims = {0: "batch", 2: "height", 3: "width"}
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of torch, about its own calls
            for image in images:
                network(image)
            program: Any = torch.onnx.export(
                network,
                (images[0],),
                input_names=["image"],
                output_names=["global", "dense"],
                dynamic_shapes=({axis: torch.export.Dim(name) for axis, name in dims.items()},),
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"The backbone {type(backbone).__name__} cannot be exported for images of any number "
            f"and size: {reason}\nA network for one size, such as timm's ViTs without "
            "dynamic_img_size=True, has no such graph."
        ) from error
    return program.model_proto.SerializeToString()
