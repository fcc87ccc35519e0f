"""Which tensors of a checkpoint are those of a ResNet or of a network for clips, by their names."""

import re

from torch import Tensor

StateDict = dict[str, Tensor]

# Of CrissCross' network, and of R(2+1)D and the other ResNets of torchvision.
_VIDEO_BLOCK = re.compile(r"(conv2x\.0\.spt_conv1|layer1\.0\.conv1\.0(\.0)?)\.weight")


def resnet_tensors(tensors: StateDict) -> StateDict:
    """Return the tensors of a ResNet under torchvision's names, or nothing if they are no ResNet's.

    Classifiers and heads beside them are left out.
    """
    tensors = {_resnet_name(name): t for name, t in _named_children(tensors).items()}
    if "block1.0.conv1.weight" in tensors:
        tensors = {_blocks_name(name): t for name, t in tensors.items()}
    if "layer1.0.conv1.weight" not in tensors:
        return {}
    return {n: t for n, t in tensors.items() if re.match(r"(conv1|bn1|stem|layer\d)\.", n)}


def video_tensors(tensors: StateDict) -> StateDict:
    """Return the tensors of CrissCross' or XDC's network for clips, or of torchvision's ResNets."""
    if not any(_VIDEO_BLOCK.fullmatch(name) for name in tensors):
        return {}
    return {n: t for n, t in tensors.items() if re.match(r"(conv1|conv\dx|stem|layer\d)\.", n)}


def _resnet_name(name: str) -> str:
    # The form of many ResNets for CIFAR.
    return re.sub(r"^(layer\d\.\d+)\.shortcut\.", r"\1.downsample.", name)


def _blocks_name(name: str) -> str:
    # CrissCross' network for sounds: stem and norm in one sequence, stages called blocks.
    name = re.sub(r"^conv1\.1\.", "bn1.", re.sub(r"^conv1\.0\.", "conv1.", name))
    return re.sub(r"^block(\d)\.", r"layer\1.", name)


def _named_children(tensors: StateDict) -> StateDict:
    """Name the children of ``nn.Sequential(*resnet.children())``, which numbers them.

    Layers without weights (pooling, activation) take numbers too, and not every port has the same
    ones, so it is the content that tells: a convolution, its norm, then the layers in order.
    """
    if "0.weight" not in tensors or not any(re.match(r"\d\.0\.conv1\.", name) for name in tensors):
        return tensors
    layers = sorted({name[0] for name in tensors if re.match(r"\d\.0\.conv1\.", name)})
    names = {"0": "conv1", "1": "bn1", **{n: f"layer{i}" for i, n in enumerate(layers, start=1)}}
    split = ((name.split(".", 1), tensor) for name, tensor in tensors.items())
    return {f"{names[first]}.{rest}": t for (first, rest), t in split if first in names}
