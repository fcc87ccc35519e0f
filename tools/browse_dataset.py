"""Draw augmented views: python tools/browse_dataset.py configs/densecl/mini.py --out views.png.

Lines join the cells of the two views that show the same place of the image.
"""

import argparse

from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as configs/densecl/r50_coco.py")
    parser.add_argument("--out", default="views.png", help="image to write (%(default)s)")
    parser.add_argument("--num", type=int, default=8, help="how many samples (%(default)s)")
    parser.add_argument("--epoch", type=int, default=0, help="augment as in this epoch (0)")
    parser.add_argument("--grid", type=int, default=7, help="cells along a side (%(default)s)")
    parser.add_argument(
        "--dataloader", default="train_dataloader", help="whose data set (%(default)s)"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    return parser.parse_args()


def main() -> None:
    """Draw, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        from mmcontrast.apis.data.browse import browse_dataset

        browse_dataset(**args)
        print(f"Written: {args['out']}")


if __name__ == "__main__":
    main()
