"""Draw augmented views.

Lines join the feature cells of the two views that show the same place of the image. Where a config
reads the embedded mini-world in data/mini and it is not there, it is written first.
"""

import argparse

from mmcontrast.cli.parsers import add_cfg_options, add_config

EXAMPLES = ("densecl/mini --out views.png",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    add_config(parser)
    parser.add_argument("--out", default="views.png", help="image to write (%(default)s)")
    parser.add_argument("--num", type=int, default=8, help="number of samples (%(default)s)")
    parser.add_argument("--epoch", type=int, default=0, help="augment as in this epoch (0)")
    parser.add_argument(
        "--grid", type=int, default=7, help="feature cells along a side (%(default)s)"
    )
    parser.add_argument(
        "--dataloader", default="train_dataloader", help="loader of the data set (%(default)s)"
    )
    parser.add_argument("--data-root", help="replaces dataset.data_root of the loader")
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw."""
    from mmcontrast.apis.data.browse import browse_dataset
    from mmcontrast.cli.mini_world import write_missing_mini_world

    write_missing_mini_world(args.config, args.cfg_options, args.data_root, (args.dataloader,))
    browse_dataset(**vars(args))
    print(f"Written: {args.out}")
