"""Train what a config describes: python tools/train.py configs/densecl/mini.py."""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as configs/densecl/r50_coco.py")
    parser.add_argument("--work-dir", help="logs and checkpoints (work_dirs/<method>/<config>)")
    parser.add_argument(
        "--resume", nargs="?", const="auto", metavar="auto|PATH",
        help="go on from the newest checkpoint of the work dir, or from this one",
    )  # fmt: skip
    parser.add_argument("--amp", choices=("bf16", "fp16"), help="mixed precision, on CPUs too")
    parser.add_argument("--compile", action="store_true", help="torch.compile the training step")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    parser.add_argument("--seed", type=int, help="replaces the config's randomness.seed")
    parser.add_argument("--deterministic", action="store_true", help="deterministic algorithms")
    parser.add_argument("--data-root", help="replaces train_dataloader.dataset.data_root")
    parser.add_argument(
        "--auto-scale-lr", action="store_true", help="scale the learning rate with the total batch"
    )
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let checkpoints run the code in them"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE",
        help="change the config: train_cfg.max_epochs=10 train_dataloader.batch_size=64",
    )  # fmt: skip
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none",
        help="what started this process (tools/dist_train.sh sets it)",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Train, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.pop("device"))
        from mmcontrast.apis.training.train import train

        train(**args)


if __name__ == "__main__":
    main()
