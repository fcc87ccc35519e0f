"""ResNet-18/34/50/101 with torchvision's layers, parameter names and initialisation.

He et al., CVPR 2016, in the v1.5 form (stride in the 3x3 convolution of a bottleneck).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.resnet import ResNet as TorchvisionResNet

from mmcontrast.models.modules.norm import build_norm
from mmcontrast.registry import MODELS

_DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], list[int]]] = {
    18: (BasicBlock, [2, 2, 2, 2]),
    34: (BasicBlock, [3, 4, 6, 3]),
    50: (Bottleneck, [3, 4, 6, 3]),
    101: (Bottleneck, [3, 4, 23, 3]),
}


@MODELS.register_module()
class ResNet(BaseModule):
    """A ResNet without classifier; its keys are torchvision's (``conv1.weight``, ``layer1.0...``).

    Args:
        depth: 18, 34, 50 or 101.
        stem: ``'imagenet'``: 7x7 convolution of stride 2 and max-pooling; ``'cifar'``: 3x3 of
            stride 1 and no pooling, for pictures of 32 pixels.
        out_indices: Stages whose maps are returned, 0 to 3.
        strides: Of the four stages.
        dilations: Of the four stages' 3x3 convolutions.
        frozen_stages: The stem and this many stages are neither trained nor do their statistics
            move; 0 freezes the stem alone, -1 nothing.
        norm_cfg: Normalisation, see :func:`mmcontrast.models.modules.build_norm`.
        norm_eval: Keep all batch-norm statistics fixed in training, too.
        zero_init_residual: Let each residual block start as the identity, as SimCLR does.

    Raises:
        ValueError: A depth, stem, stage or stride that cannot be built.
    """

    def __init__(
        self,
        depth: int = 50,
        stem: str = "imagenet",
        out_indices: Sequence[int] = (3,),
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        norm_cfg: dict | None = None,
        norm_eval: bool = False,
        zero_init_residual: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if depth not in _DEPTHS:
            raise ValueError(f"ResNet depth must be one of {list(_DEPTHS)}, got {depth}.")
        if not out_indices or not set(out_indices) <= {0, 1, 2, 3}:
            raise ValueError(f"out_indices must name stages 0 to 3, got {tuple(out_indices)}.")
        if not -1 <= frozen_stages <= 4:
            raise ValueError(f"frozen_stages must be between -1 and 4, got {frozen_stages}.")
        block, layers = _DEPTHS[depth]
        network = TorchvisionResNet(
            block,
            layers,
            num_classes=1,
            zero_init_residual=zero_init_residual,
            norm_layer=partial(build_norm, norm_cfg or dict(type="BN")),
        )
        self.conv1, self.bn1, self.relu = network.conv1, network.bn1, network.relu
        self.maxpool: nn.Module = network.maxpool
        self.layer1, self.layer2 = network.layer1, network.layer2
        self.layer3, self.layer4 = network.layer3, network.layer4
        if stem == "cifar":
            self.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
            nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.maxpool = nn.Identity()
        elif stem != "imagenet":
            raise ValueError(f"stem must be 'imagenet' or 'cifar', got {stem!r}.")
        self.out_indices = tuple(out_indices)
        self.out_channels = tuple(64 * 2**i * block.expansion for i in out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.set_strides(strides)
        self.set_dilations(dilations)
        for module in self._frozen_modules():
            module.requires_grad_(False)

    @property
    def stages(self) -> list[nn.Sequential]:
        """The four stages, in order."""
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def set_strides(self, strides: Sequence[int]) -> None:
        """Change the strides of the four stages of a network, also of a trained one.

        Raises:
            ValueError: Not four strides, or one that a stage without shortcut convolution lacks.
        """
        if len(strides) != 4:
            raise ValueError(f"A ResNet has four stages, got the strides {tuple(strides)}.")
        for number, (stage, stride) in enumerate(zip(self.stages, strides, strict=True), start=1):
            first: Any = stage[0]
            if first.downsample is not None:
                first.downsample[0].stride = (stride, stride)
            elif stride != 1:
                raise ValueError(f"layer{number} has no shortcut convolution: its stride is 1.")
            (first.conv2 if isinstance(first, Bottleneck) else first.conv1).stride = (
                stride,
                stride,
            )

    def set_dilations(self, dilations: Sequence[int]) -> None:
        """Change the dilations of the four stages' 3x3 convolutions.

        Raises:
            ValueError: Not four dilations.
        """
        if len(dilations) != 4:
            raise ValueError(f"A ResNet has four stages, got the dilations {tuple(dilations)}.")
        for stage, dilation in zip(self.stages, dilations, strict=True):
            for module in stage.modules():
                if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
                    module.dilation = module.padding = (dilation, dilation)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps.

        Args:
            x: (N, 3, H, W), normalised.

        Returns:
            For each of ``out_indices`` a map; the last stage has stride 32 with the default stem
            and strides.
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        outputs = []
        for index, stage in enumerate(self.stages[: max(self.out_indices) + 1]):
            x = stage(x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def train(self, mode: bool = True) -> "ResNet":
        """Switch to training; frozen parts and, with ``norm_eval``, all statistics stay as is."""
        super().train(mode)
        if mode:
            for module in self._frozen_modules():
                module.eval()
            if self.norm_eval:
                for module in self.modules():
                    if isinstance(module, nn.modules.batchnorm._BatchNorm):
                        module.eval()
        return self

    def _frozen_modules(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        return [self.conv1, self.bn1, *self.stages[: self.frozen_stages]]
