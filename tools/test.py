"""Evaluate a checkpoint: python tools/test.py configs/densecl/mini.py epoch_10.pth."""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as configs/densecl/r50_coco.py")
    parser.add_argument(
        "checkpoint", nargs="?", help="weights to evaluate; without, the untrained network's"
    )
    parser.add_argument("--work-dir", help="where the log goes (work_dirs/<method>/<config>)")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    parser.add_argument("--seed", type=int, help="replaces the config's randomness.seed")
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let the checkpoint run the code in it"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none",
        help="what started this process (tools/dist_test.sh sets it)",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Evaluate, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.pop("device"))
        from mmcontrast.apis.training.test import test

        test(**args)


if __name__ == "__main__":
    main()
