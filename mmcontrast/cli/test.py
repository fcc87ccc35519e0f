"""Evaluate a checkpoint by the protocol of a config.

Where a config reads the embedded mini-world in data/mini and it is not there, it is written first.
"""

import argparse

from mmcontrast.cli.parsers import add_config, add_run_options
from mmcontrast.utils.device import select_device

EXAMPLES = ("densecl/mini work_dirs/densecl/mini/epoch_18.pth",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    add_config(parser)
    parser.add_argument(
        "checkpoint", nargs="?", help="weights to evaluate (default: the untrained network)"
    )
    parser.add_argument(
        "--work-dir", help="folder of the log (default: work_dirs/<method>/<config>)"
    )
    parser.add_argument("--data-root", help="replaces test_dataloader.dataset.data_root")
    add_run_options(parser, "tools/dist_test.sh")


def run(args: argparse.Namespace) -> None:
    """Evaluate."""
    settings = vars(args)
    # Before torch is imported, and so before the rest of mmcontrast.
    select_device(settings.pop("device"))
    from mmcontrast.apis.training.test import test
    from mmcontrast.cli.mini_world import write_missing_mini_world

    write_missing_mini_world(
        args.config, args.cfg_options, args.data_root, ("test_dataloader", "val_dataloader")
    )
    test(**settings)
