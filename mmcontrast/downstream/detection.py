"""Parts of detectron2's R50-C4 protocol that mmdet lacks, in mmdet's registries.

He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020, section
4.2 and appendix. Configs import this module with ``custom_imports``.
"""

from typing import Any
from xml.etree.ElementTree import ElementTree

from mmcv.cnn import build_norm_layer
from mmdet.datasets import VOCDataset
from mmdet.models.roi_heads.shared_heads import ResLayer
from mmdet.registry import DATASETS, MODELS
from torch import Tensor


@MODELS.register_module()
class ResLayerExtraNorm(ResLayer):
    """A ResNet stage as RoI head, followed by a norm.

    Fine-tuning needs normalized features where a supervised backbone would have frozen statistics:
    the box and mask predictors follow layer4 directly, and would get features of any scale.

    Args:
        norm_cfg: Config of the norms of the stage and of the extra norm.
        **kwargs: Arguments of mmdet's ``ResLayer``: ``depth``, ``stage``, ``stride``, ...
    """

    def __init__(self, norm_cfg: dict, **kwargs: Any):
        super().__init__(norm_cfg=norm_cfg, **kwargs)
        last = getattr(self, f"layer{self.stage + 1}")[-1]
        channels = getattr(last, "conv3", last.conv2).out_channels
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Compute (R, 2048, 7, 7) from RoI features (R, 1024, 14, 14), for depth 50."""
        return self.norm(super().forward(x))


@DATASETS.register_module()
class VOCWithDifficult(VOCDataset):
    """Pascal VOC for training, with the objects marked difficult among the targets.

    mmdet leaves them out of the loss; detectron2, with which the papers' results were obtained,
    trains on them. In the test both ignore them: use ``VOCDataset`` there.
    """

    def _parse_instance_info(self, raw_ann_info: ElementTree, minus_one: bool = True) -> list[dict]:
        for flag in raw_ann_info.iter("difficult"):
            flag.text = "0"
        return super()._parse_instance_info(raw_ann_info, minus_one)
