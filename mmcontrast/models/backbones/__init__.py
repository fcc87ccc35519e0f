"""Backbones: images, clips or spectrograms in, a tuple of feature maps out; or graphs."""

from .audio_resnet import AudioResNet
from .color_patches import ColorPatches
from .gcn import GCN, PyGEncoder
from .light_r2plus1d import LightR2Plus1D
from .r2plus1d import R2Plus1D
from .resnet import ResNet, set_strides
from .timm import TimmBackbone
from .torchvision_video import TorchvisionVideo

__all__ = [
    "GCN",
    "AudioResNet",
    "ColorPatches",
    "LightR2Plus1D",
    "PyGEncoder",
    "R2Plus1D",
    "ResNet",
    "TimmBackbone",
    "TorchvisionVideo",
    "set_strides",
]
