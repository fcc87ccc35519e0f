r"""Train the points of a config's grid with several seeds: mean, standard deviation, best point.

    python tools/sweep.py configs/benchmarks/semi_supervised/mini.py \
        --cfg-options model.pretrained=CHECKPOINT
    python tools/sweep.py configs/downstream/mmseg/fcn_r18_mini.py --seeds 0 1 2 3 4 \
        --cfg-options load_from=CHECKPOINT

Run again, it skips the runs that are finished and resumes the one that is not. It prints a table
and writes sweep.json into the work dir. Options that are not listed here are those of train.py.
"""

import argparse
import sys
from pathlib import Path

from mmcontrast.renames import modernize_arguments
from mmcontrast.utils.errors import report_errors


def parse_args() -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; what is not ours goes to train.py."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "config", help="config file whose training ends with a validation; grid and grid_metric"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of each point (0)")
    parser.add_argument(
        "--points", type=int, nargs="+", metavar="N", help="train these alone, from 0 (all)"
    )
    parser.add_argument("--work-dir", help="(work_dirs/<folder>/<config>/sweep)")
    parser.add_argument("--processes", type=int, default=1, help="of each run (%(default)s)")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    return parser.parse_known_args(modernize_arguments(sys.argv[1:]))


def main() -> None:
    """Train, and print the table."""
    args, arguments = parse_args()
    with report_errors():
        from mmcontrast.apis.training.sweep import run_sweep

        tool = Path(__file__).with_name("train.py")
        print(run_sweep(train_tool=tool, arguments=arguments, **vars(args)).table())


if __name__ == "__main__":
    main()
