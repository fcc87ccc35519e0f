"""Write the embedded mini-world: images in ImageNet, COCO and VOC layout, graphs, zero-shot data.

With --videos also clips: mp4 files to train from, and DAVIS, JHMDB, VIP and OTB layouts.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from PIL import Image

from mmcontrast.mini import (
    LAYOUTS,
    USUAL_LAYOUTS,
    VIDEO_LAYOUTS,
    contact_sheet,
    make_mini,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="data/mini", help="folder of the world (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--layouts",
        nargs="+",
        choices=list(LAYOUTS),
        default=list(USUAL_LAYOUTS),
        help="which ones (default: all but those of videos)",
    )
    parser.add_argument("--videos", action="store_true", help="also all layouts of videos")
    parser.add_argument(
        "--num-images",
        nargs="+",
        default=[],
        metavar="LAYOUT=TRAIN,VAL",
        help="other numbers of images, clips, small graphs or features, such as imagenet=400,100",
    )
    parser.add_argument(
        "--preview", metavar="FILE.png", help="also write a contact sheet of all classes"
    )
    args = parser.parse_args()
    if args.videos:
        args.layouts = list(dict.fromkeys([*args.layouts, *VIDEO_LAYOUTS]))
    try:
        args.num_images = {
            name: tuple(map(int, counts.split(",")))
            for name, counts in (entry.split("=") for entry in args.num_images)
        }
        if any(len(counts) != 2 for counts in args.num_images.values()):
            raise ValueError
    except ValueError:
        parser.error("--num-images takes entries like imagenet=400,100")
    return args


def main() -> int:
    """Make the world and say what was made."""
    args = parse_args()
    start = time.perf_counter()
    try:
        made = make_mini(args.out, args.seed, args.layouts, args.num_images)
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - start
    for name, layout in made.items():
        size = sum(path.stat().st_size for path in layout.folder.rglob("*") if path.is_file())
        print(
            f"{name:9s} {layout.num_train:5d} train {layout.num_val:5d} val "
            f"{size / 1e6:6.1f} MB  {layout.folder}"
            f"{'' if layout.fresh else '  (already there)'}"
        )
    print(f"{seconds:.1f} s, seed {args.seed}")
    if args.preview:
        Image.fromarray(contact_sheet(args.seed)).save(Path(args.preview))
        print(f"contact sheet: {args.preview}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
