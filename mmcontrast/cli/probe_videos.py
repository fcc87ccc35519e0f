"""Decode all videos of a folder once and write what they hold, one JSON object a line.

A line has the path, frames by the header (num_frames) and by decoding (decodable), fps, duration in
seconds, codec, has_audio, width and height; audio_start, audio_duration and is_silent of the sound;
and error for a file that cannot be decoded to its end. Data sets of videos leave out by it what is
too short or has no sound (min_seconds, require_audio).
"""

import argparse
import json
import os
from pathlib import Path

from mmcontrast.utils.errors import UserError, input_errors

EXAMPLES = ("/my/videos --out /my/videos/meta.jsonl",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("root", type=Path, help="folder of the videos")
    parser.add_argument("--out", type=Path, help="file to write (default: meta.jsonl in root)")
    parser.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="number of processes (default: that of the cores)",
    )


def run(args: argparse.Namespace) -> None:
    """Write the file, name what cannot be decoded, and count."""
    if args.workers < 1:
        raise UserError(f"--workers is at least 1, got {args.workers}.")
    out = args.out or args.root / "meta.jsonl"
    total = unreadable = 0
    with input_errors(f"cannot probe {args.root}"):
        from mmcontrast.apis.data.probe import probe_videos
        from mmcontrast.utils.atomic import open_atomically

        with open_atomically(out) as file:
            for record in probe_videos(args.root, args.workers):
                file.write((json.dumps(record) + "\n").encode())
                total += 1
                if record["error"]:
                    unreadable += 1
                    print(f"{record['path']}: {record['error']}")
    print(f"{out}: {total} videos, {unreadable} of them not decodable to the end")
