"""Write the sound of all videos of a folder beside them, as FLAC files of 16 kHz.

LoadClip(audio=dict(suffix='.flac', ...)) reads them in place of the sound in the videos, several
times faster. The time at which the sound of a video begins is kept. A run that was stopped is
continued; videos without sound are named.
"""

import argparse
import os
from pathlib import Path

from mmcontrast.cli.outcomes import count_outcomes
from mmcontrast.utils.errors import UserError, input_errors

EXAMPLES = ("data/kinetics400/train", "/my/videos --sample-rate 44100 --keep-channels")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("root", type=Path, help="folder of the videos")
    parser.add_argument(
        "--sample-rate", type=int, default=16000, help="samples per second (default: %(default)s)"
    )
    parser.add_argument(
        "--keep-channels", action="store_true", help="do not mix the channels to one"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="number of processes (default: that of the cores)",
    )


def run(args: argparse.Namespace) -> None:
    """Write the files, name what cannot be read, and count."""
    for name in ("workers", "sample_rate"):
        if getattr(args, name) < 1:
            option = name.replace("_", "-")
            raise UserError(f"--{option} is at least 1, got {getattr(args, name)}.")
    with input_errors(f"cannot extract the sound of {args.root}"):
        from mmcontrast.apis.data.extract_audio import extract_audio
        from mmcontrast.datasets.files import find_videos

        total = len(list(find_videos(args.root)))
        outcomes = extract_audio(args.root, args.sample_rate, not args.keep_channels, args.workers)
        written, kept, unreadable = count_outcomes(total, outcomes)
    print(
        f"{args.root}: sound of {written} videos written, of {kept} kept, {unreadable} without "
        "readable sound"
    )
