r"""Decode all videos of a folder once and write what they hold, one JSON object a line.

python tools/data/probe_videos.py /my/videos --out /my/videos/meta.jsonl

A line has the path, frames by the header (num_frames) and by decoding (decodable), fps, duration in
seconds, codec, has_audio, width, height, and error for a file that cannot be decoded to its end.
"""

import argparse
import json
import os
from pathlib import Path

from mmcontrast.utils.errors import input_errors, report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="folder of the videos")
    parser.add_argument("--out", type=Path, help="file to write (default: meta.jsonl in root)")
    parser.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="processes (default: the cores)",
    )
    args = parser.parse_args()
    if args.workers < 1:
        parser.error("--workers is at least 1")
    return args


def main() -> None:
    """Write the file, name what is unreadable, and count."""
    args = parse_args()
    out = args.out or args.root / "meta.jsonl"
    total = unreadable = 0
    with report_errors(), input_errors(f"cannot probe {args.root}"):
        from mmcontrast.apis.data.probe import probe_videos
        from mmcontrast.utils.atomic import open_atomically

        with open_atomically(out) as file:
            for found in probe_videos(args.root, args.workers):
                file.write((json.dumps(found) + "\n").encode())
                total += 1
                if found["error"]:
                    unreadable += 1
                    print(f"{found['path']}: {found['error']}")
        print(f"{out}: {total} videos, {unreadable} of them not decodable to the end")


if __name__ == "__main__":
    main()
