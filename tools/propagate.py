"""Carry a mask through a video: python tools/propagate.py clip.mp4 mask.png --out overlay.mp4."""

import argparse
import sys

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", help="video file, or folder of frames")
    parser.add_argument("mask", help="palette or gray PNG: ids of the first frame's objects")
    parser.add_argument("--out", required=True, help="video to write, such as overlay.mp4")
    parser.add_argument("--masks", help="folder for the masks, as palette PNGs")
    parser.add_argument("--checkpoint", help="weights of a backbone; without, raw colors")
    parser.add_argument("--config", help="config of its training (that inside the checkpoint)")
    parser.add_argument(
        "--protocol",
        "--preset",
        default="vfs_r18",
        help="published protocol: vfs_r18, vfs_r50, crw, uvc, contrastcorr, dino (%(default)s)",
    )
    parser.add_argument("--size", type=int, help="short side in pixels (that of the protocol)")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    return parser.parse_args()


def show(done: int) -> None:
    """Tell the number of frames in place, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{done} frames", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Propagate, with one clear message for wrong input."""
    args = parse_args()
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.device)
        from mmcontrast.apis.inference.propagation import propagate, save_masks, write_overlay

        masks = propagate(
            args.video, args.mask, checkpoint=args.checkpoint, config=args.config,
            protocol=args.protocol, size=args.size,
        )  # fmt: skip
        if args.masks:
            masks = save_masks(masks, args.masks)
        done = write_overlay(args.video, masks, args.out, progress=show)
        print(f"Written: {args.out}, {done} frames")


if __name__ == "__main__":
    main()
