"""Write the sound of all videos of a folder beside them, as FLAC files of 16 kHz.

LoadClip(audio=dict(suffix='.flac', ...)) reads them in place of the sound in the videos, several
times faster. The time at which the sound of a video begins is kept. A run that was stopped is
continued; videos without sound are named.
"""

import argparse
import os
import sys
from pathlib import Path

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
    counts = dict(written=0, kept=0)
    num_unreadable = 0
    with input_errors(f"cannot extract the sound of {args.root}"):
        from mmengine.utils import ProgressBar

        from mmcontrast.apis.data.extract_audio import extract_audio
        from mmcontrast.datasets.files import find_videos

        progress = ProgressBar(len(list(find_videos(args.root))), file=sys.stderr)
        outcomes = extract_audio(args.root, args.sample_rate, not args.keep_channels, args.workers)
        for path, outcome in outcomes:
            progress.update()
            if outcome in counts:
                counts[outcome] += 1
            else:
                num_unreadable += 1
                print(f"\n{path}: {outcome}")
    print(
        f"\n{args.root}: sound of {counts['written']} videos written, of {counts['kept']} kept, "
        f"{num_unreadable} without readable sound"
    )
