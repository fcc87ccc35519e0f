"""Write the embedded mini-world: images in ImageNet, COCO and VOC layout, graphs, zero-shot data.

With --videos also clips: mp4 files to train from, without sound (videos) and with it (audiovisual),
and DAVIS, JHMDB, VIP and OTB layouts.
"""

import argparse
import re
import sys
import time

from mmcontrast.utils.errors import UserError

EXAMPLES = ("--out data/mini --videos", "--layouts imagenet --num-images imagenet=400,100")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    from mmcontrast.mini import LAYOUTS, USUAL_LAYOUTS

    parser.add_argument("--out", default="data/mini", help="folder of the world (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the world (%(default)s)")
    parser.add_argument(
        "--layouts",
        nargs="+",
        choices=list(LAYOUTS),
        default=list(USUAL_LAYOUTS),
        help="layouts to write (default: all but those of videos)",
    )
    parser.add_argument("--videos", action="store_true", help="write all layouts of videos too")
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


def run(args: argparse.Namespace) -> None:
    """Write the world and print what was written."""
    from mmcontrast.mini import VIDEO_LAYOUTS, make_mini

    layouts = dict.fromkeys([*args.layouts, *(VIDEO_LAYOUTS if args.videos else ())])
    numbers = _parse_numbers(args.num_images)
    start = time.perf_counter()
    try:
        written = make_mini(args.out, args.seed, list(layouts), numbers)
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    seconds = time.perf_counter() - start
    for name, layout in written.items():
        size = sum(path.stat().st_size for path in layout.folder.rglob("*") if path.is_file())
        print(
            f"{name:11s} {layout.num_train:5d} train {layout.num_val:5d} val "
            f"{size / 1e6:6.1f} MB  {layout.folder}"
            f"{'' if layout.fresh else '  (already there)'}"
        )
    print(f"{seconds:.1f} s, seed {args.seed}")
    if args.preview:
        _write_preview(args.preview, args.seed)


def _parse_numbers(entries: list[str]) -> dict[str, tuple[int, int]]:
    """Read ``layout=train,val``."""
    numbers = {}
    for entry in entries:
        match = re.fullmatch(r"(\w+)=(\d+),(\d+)", entry)
        if match is None:
            raise UserError(
                f"--num-images takes entries like imagenet=400,100, and {entry!r} is none."
            )
        numbers[match[1]] = int(match[2]), int(match[3])
    return numbers


def _write_preview(path: str, seed: int) -> None:
    from PIL import Image

    from mmcontrast.mini import contact_sheet
    from mmcontrast.utils.writing import writing

    with writing(path):
        Image.fromarray(contact_sheet(seed)).save(path)
    print(f"contact sheet: {path}")
