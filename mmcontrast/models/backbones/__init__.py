"""Backbones: pictures (N, 3, H, W) in, a tuple of feature maps out."""

from .resnet import ResNet
from .timm import TimmBackbone

__all__ = ["ResNet", "TimmBackbone"]
