"""Train the points of a config's grid with several seeds: mean, standard deviation, best point.

Run again, it skips the runs that are finished and resumes the one that is not. It prints a table
and writes sweep.json into the work dir. Options that are not listed here are those of train.
"""

import argparse

from mmcontrast.cli.parsers import add_cfg_options, add_config

EXAMPLES = (
    "benchmarks/semi_supervised/mini --cfg-options model.pretrained=CHECKPOINT",
    "downstream/mmseg/fcn_r18_mini --seeds 0 1 2 3 4 --cfg-options load_from=CHECKPOINT",
)
PASSES_ON_OPTIONS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    add_config(parser, "config whose training ends with a validation; grid and grid_metric")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of each point (0)")
    parser.add_argument(
        "--points", type=int, nargs="+", metavar="N", help="points to train, from 0 (default: all)"
    )
    parser.add_argument(
        "--work-dir", help="folder of all runs (default: work_dirs/<folder>/<config>/sweep)"
    )
    parser.add_argument(
        "--processes", type=int, default=1, help="processes of each run (%(default)s)"
    )
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Train, and print the table."""
    from mmcontrast.apis.training.sweep import run_sweep

    print(run_sweep(**vars(args)).table())
