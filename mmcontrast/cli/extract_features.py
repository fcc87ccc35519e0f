"""Write features of images to a file.

The source is a folder (its sub-folders are the classes), a video, whose features are written over
time, or the name of a data loader in --config: of images or, where the config's method is for them,
of graphs and their nodes.
"""

import argparse

from mmcontrast.cli.parsers import add_device
from mmcontrast.utils.device import select_device

EXAMPLES = (
    "epoch_18.pth photos --out features.npz",
    "epoch_18.pth clip.mp4 --window-seconds 2 --num-frames 4 --out features.npz",
    "epoch_18.pth val_dataloader --config densecl/mini --out features.npz --dense",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("checkpoint", help="weights; 'none' for the untrained network of --config")
    parser.add_argument(
        "source", help="folder, image, video, or data loader such as val_dataloader"
    )
    parser.add_argument("--out", required=True, help="file to write: .npz or .parquet")
    parser.add_argument(
        "--config", help="config of the training (default: the one inside the checkpoint)"
    )
    parser.add_argument("--dense", action="store_true", help="write the dense maps too, to .npz")
    parser.add_argument(
        "--nodes", action="store_true", help="write a row for each node, not for each graph"
    )
    parser.add_argument("--size", type=int, help="side of the network's input in pixels")
    parser.add_argument(
        "--window-seconds", type=float, metavar="SECONDS", help="length of a video's windows (1)"
    )
    parser.add_argument(
        "--num-frames", type=int, help="frames of a video to read in each window (1)"
    )
    add_device(parser)
    parser.add_argument(
        "--batch-size", type=int, default=32, help="number of images at once (%(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=2, dest="num_workers",
        help="number of processes that read images (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--on-error", choices=("raise", "skip"), default="raise",
        help="stop at an image that cannot be read, or leave it out (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Extract."""
    settings = vars(args)
    # Before torch is imported, and so before the rest of mmcontrast.
    select_device(settings.pop("device"))
    from mmcontrast.apis.inference.extract import extract_features

    if args.checkpoint == "none":
        settings["checkpoint"] = None
    rows = extract_features(**settings)
    print(f"Written: {args.out}, {rows} rows")
