"""Write the backbone of a checkpoint for another library."""

import argparse

from mmcontrast.utils.device import select_device

EXAMPLES = ("epoch_800.pth --to mmdet --out backbone.pth",)
_TARGETS = ("mmdet", "mmseg", "torchvision", "timm", "detectron2", "safetensors", "onnx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("checkpoint", help="file in any layout that docs/weights.md lists")
    parser.add_argument("--to", required=True, choices=_TARGETS, help="library that is to read it")
    parser.add_argument("--out", required=True, help="file to write")
    parser.add_argument(
        "--config", help="config of the training, where the checkpoint does not hold it"
    )
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let the checkpoint run the code in it"
    )


def run(args: argparse.Namespace) -> None:
    """Export."""
    select_device("cpu")
    from mmcontrast.apis.export.weights import export_weights

    print(export_weights(**vars(args)))
