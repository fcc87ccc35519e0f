"""Train what a config describes.

Where a config reads the embedded mini-world in data/mini and it is not there, it is written first.
"""

import argparse

from mmcontrast.cli.parsers import add_config, add_run_options
from mmcontrast.utils.device import select_device

EXAMPLES = ("densecl/mini", "densecl/r50_coco --data-root /my/photos --amp bf16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    add_config(parser)
    parser.add_argument(
        "--work-dir", help="folder of logs and checkpoints (default: work_dirs/<method>/<config>)"
    )
    parser.add_argument(
        "--resume", nargs="?", const="auto", metavar="auto|PATH",
        help="resume from the newest checkpoint of the work dir, or from this one",
    )  # fmt: skip
    parser.add_argument(
        "--init-from", metavar="CHECKPOINT",
        help="start from the backbone in this file, of any project (sets model.pretrained)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=int, metavar="N",
        help="length of the training: the loop and every schedule as long as it",
    )  # fmt: skip
    parser.add_argument(
        "--iters", type=int, metavar="N", help="the same where the config counts iterations"
    )
    parser.add_argument("--amp", choices=("bf16", "fp16"), help="mixed precision, on CPUs too")
    parser.add_argument("--compile", action="store_true", help="torch.compile the training step")
    parser.add_argument("--deterministic", action="store_true", help="deterministic algorithms")
    parser.add_argument("--data-root", help="replaces train_dataloader.dataset.data_root")
    parser.add_argument(
        "--fit-data", action="store_true",
        help="fit batch, learning rate, queue, length and workers to the data and this machine",
    )  # fmt: skip
    parser.add_argument(
        "--auto-scale-lr", action="store_true", help="scale the learning rate with the total batch"
    )
    add_run_options(parser, "tools/dist_train.sh")


def run(args: argparse.Namespace) -> None:
    """Train."""
    settings = vars(args)
    # Before torch is imported, and so before the rest of mmcontrast.
    select_device(settings.pop("device"))
    from mmcontrast.apis.training.train import train
    from mmcontrast.cli.mini_world import write_missing_mini_world

    write_missing_mini_world(args.config, args.cfg_options, args.data_root)
    train(**settings)
