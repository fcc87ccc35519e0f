"""Propagate a mask through a video."""

import argparse
import sys

from mmcontrast.cli.parsers import add_device
from mmcontrast.utils.device import select_device

EXAMPLES = ("clip.mp4 mask.png --checkpoint epoch_18.pth --out overlay.mp4",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("video", help="video file, or folder of frames")
    parser.add_argument(
        "mask", help="image of the first frame's objects: ids, gray levels or colors"
    )
    parser.add_argument("--out", required=True, help="video to write, such as overlay.mp4")
    parser.add_argument("--masks", help="folder for the masks, as palette PNGs")
    parser.add_argument("--checkpoint", help="weights of a backbone (default: raw colors)")
    parser.add_argument(
        "--config", help="config of its training (default: the one inside the checkpoint)"
    )
    parser.add_argument(
        "--protocol",
        default="vfs_r18",
        help="published protocol: vfs_r18, vfs_r50, crw, uvc, contrastcorr, dino (%(default)s)",
    )
    parser.add_argument("--size", type=int, help="short side in pixels (default: the protocol's)")
    parser.add_argument(
        "--num-objects", type=int, help="objects in the mask (default: those that it shows)"
    )
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    """Propagate."""
    # Before torch is imported, and so before the rest of mmcontrast.
    select_device(args.device)
    from mmcontrast.apis.inference.propagation import propagate, save_masks, write_overlay

    masks = propagate(
        args.video, args.mask, checkpoint=args.checkpoint, config=args.config,
        protocol=args.protocol, size=args.size, num_objects=args.num_objects,
    )  # fmt: skip
    if args.masks:
        masks = save_masks(masks, args.masks)
    count = write_overlay(args.video, masks, args.out, progress=_show)
    print(f"Written: {args.out}, {count} frames")


def _show(count: int) -> None:
    """Print the number of frames so far, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{count} frames", end="", file=sys.stderr, flush=True)
