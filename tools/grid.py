r"""Train the grid of a config, cell by cell, and print the table.

    python tools/grid.py configs/benchmarks/semi_supervised/mini.py \
        --cfg-options model.pretrained=CHECKPOINT

Run again, it skips the cells that are finished and resumes the one that is not.
"""

import argparse
import os

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="config file with grid and grid_metric")
    parser.add_argument("--work-dir", help="folder of the cells (work_dirs/<method>/<config>)")
    parser.add_argument(
        "--cells",
        nargs="*",
        type=int,
        metavar="N",
        help="train these alone, from 0; all by default",
    )
    parser.add_argument("--amp", choices=("bf16", "fp16"), help="mixed precision, on CPUs too")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    parser.add_argument("--seed", type=int, help="replaces the config's randomness.seed")
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let checkpoints run the code in them"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none",
        help="what started this process",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Train, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.pop("device"))
        from mmcontrast.apis.config import load_config
        from mmcontrast.apis.grid import run_grid, table

        results = run_grid(**args)
        if os.environ.get("RANK", "0") == "0":
            print(table(results, load_config(args["config"], args["cfg_options"]).grid_metric))


if __name__ == "__main__":
    main()
