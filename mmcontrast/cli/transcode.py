"""Re-encode all videos of a folder, so that clips are read fast.

They become mp4 files of H.264 with a key frame every few frames, closed groups of pictures and no
B-frames, and their sound AAC; images and sound keep their times. The AVI files of UCF101 and HMDB51
otherwise have to be decoded from their start for every clip. A run that was stopped is continued.
"""

import argparse
import os
from pathlib import Path

from mmcontrast.cli.outcomes import count_outcomes
from mmcontrast.utils.errors import UserError, input_errors

EXAMPLES = ("data/UCF-101 --out data/UCF-101-mp4", "/my/videos --out /my/small --short-side 256")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("root", type=Path, help="folder of the videos")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--short-side", type=int, help="pixels to shrink larger images to (default: their size)"
    )
    parser.add_argument(
        "--gop", type=int, default=16, help="distance of two key frames (default: %(default)s)"
    )
    parser.add_argument(
        "--crf", type=int, default=18, help="constant rate factor of x264 (default: %(default)s)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="number of processes (default: that of the cores)",
    )


def run(args: argparse.Namespace) -> None:
    """Write the files, name what cannot be read, and count."""
    for name in ("short_side", "gop", "workers"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise UserError(f"--{name.replace('_', '-')} is at least 1, got {value}.")
    with input_errors(f"cannot transcode {args.root}"):
        from mmcontrast.apis.data.transcode import Encoding, transcode
        from mmcontrast.datasets.files import find_videos

        encoding = Encoding(args.short_side, args.gop, args.crf)
        total = len(list(find_videos(args.root)))
        outcomes = transcode(args.root, args.out, encoding, args.workers)
        written, kept, unreadable = count_outcomes(total, outcomes)
    print(f"{args.out}: {written} videos written, {kept} kept, {unreadable} not readable")
