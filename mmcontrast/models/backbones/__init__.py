"""Backbones: pictures (N, 3, H, W) in, a tuple of feature maps out."""

from .color_patches import ColorPatches
from .resnet import ResNet, set_strides
from .timm import TimmBackbone

__all__ = ["ColorPatches", "ResNet", "TimmBackbone", "set_strides"]
