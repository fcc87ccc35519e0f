"""Write a backbone for another library: tools/export_weights.py a.pth --to mmdet --out b.pth."""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors

TARGETS = ("mmdet", "mmseg", "torchvision", "timm", "detectron2", "safetensors", "onnx")


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="of this package or another, see docs/weights.md")
    parser.add_argument("--to", required=True, choices=TARGETS, help="library that is to read it")
    parser.add_argument("--out", required=True, help="file to write")
    parser.add_argument("--config", help="the training's, where the checkpoint does not hold it")
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let the checkpoint run the code in it"
    )
    return parser.parse_args()


def main() -> None:
    """Export, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        select_device("cpu")
        from mmcontrast.apis.export.weights import export_weights

        print(export_weights(**args))


if __name__ == "__main__":
    main()
