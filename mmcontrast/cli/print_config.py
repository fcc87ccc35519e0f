"""Print the merged config and where each key was set, or check that it can be built."""

import argparse

from mmcontrast.cli.parsers import add_cfg_options, add_config
from mmcontrast.utils.device import select_device

EXAMPLES = (
    "densecl/r50_coco --cfg-options model.queue_size=1024",
    "densecl/r50_coco --check",
    "work_dirs/densecl/mini/epoch_18.pth",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    add_config(
        parser,
        "config file, or a name such as densecl/r50_coco; or a checkpoint, to print the config of "
        "its training",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="build everything and train one step, on the CPU",
    )
    parser.add_argument("--data-root", help="replaces train_dataloader.dataset.data_root")
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Print or check."""
    select_device("cpu")
    from mmcontrast.apis.training.inspect import check_config, print_config

    (check_config if args.check else print_config)(args.config, args.cfg_options, args.data_root)
