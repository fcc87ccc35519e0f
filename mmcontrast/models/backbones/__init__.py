"""Backbones: images (N, 3, H, W) in, a tuple of feature maps out; or graphs."""

from .color_patches import ColorPatches
from .gcn import GCN, PyGEncoder
from .resnet import ResNet, set_strides
from .timm import TimmBackbone

__all__ = ["GCN", "ColorPatches", "PyGEncoder", "ResNet", "TimmBackbone", "set_strides"]
