"""The argument parsers of all sub-commands, and the options that several of them share."""

import argparse
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Protocol, cast

COMMANDS = (
    "train", "test", "sweep", "print-config", "browse-dataset", "extract-features", "visualize",
    "propagate", "export-weights", "report", "make-mini", "make-subset", "probe-videos",
    "extract-audio", "transcode", "collect-env", "completion",
)  # fmt: skip
"""All sub-commands, in the order of the help text; each is the module of its name."""


class Command(Protocol):
    """What the module of a sub-command holds; its docstring is the description in the help text.

    Attributes:
        EXAMPLES: Arguments of example calls, at least one.
    """

    EXAMPLES: tuple[str, ...]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the sub-command takes to its parser."""

    def run(self, args: argparse.Namespace) -> None:
        """Do what it is for, and raise UserError for wrong input."""


def load_command(name: str) -> Command:
    """Import the module of a sub-command.

    Args:
        name: One of :data:`COMMANDS`.
    """
    return cast(Command, importlib.import_module(f"mmcontrast.cli.{name.replace('-', '_')}"))


def make_parser(
    name: str, program: str | None = None, invocation: str | None = None
) -> argparse.ArgumentParser:
    """Make the argument parser of a sub-command. It imports no torch.

    Args:
        name: One of :data:`COMMANDS`.
        program: Name of the program in messages; ``mmcontrast <name>`` by default.
        invocation: Beginning of the examples; ``program`` by default.
    """
    command = load_command(name)
    program = program or f"mmcontrast {name}"
    parser = argparse.ArgumentParser(
        program,
        description=(command.__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    parser.epilog = _epilog(command.EXAMPLES, invocation or program)
    for nested, nested_parser in sub_parsers(parser).items():
        own = tuple(line for line in command.EXAMPLES if line.split()[0] == nested)
        nested_parser.epilog = _epilog(own, invocation or program)
        nested_parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def sub_parsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of a parser's own sub-commands by name, an empty mapping if it has none.

    Args:
        parser: Any parser.
    """
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def first_line(module: Command | ModuleType) -> str:
    """Return the first line of a module's docstring, without the full stop."""
    return (module.__doc__ or "").strip().split("\n", 1)[0].rstrip(".")


def _epilog(examples: tuple[str, ...], invocation: str) -> str:
    return "\n".join(f"example: {invocation} {words}" for words in examples)


def add_config(
    parser: argparse.ArgumentParser, help: str = "config file, or a name such as densecl/r50_coco"
) -> None:
    """Add the positional argument of a config, a file or the name of one of this package.

    Args:
        parser: Parser to extend.
        help: Help text.
    """
    parser.add_argument("config", help=help)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, which changes keys of the config."""
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE",
        help="change the config: train_cfg.max_epochs=10 model.backbone.strides=[1,2,2,1] "
        "'train_dataloader.dataset.data_root=/my photos'",
    )  # fmt: skip


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", help="cpu, cuda or cuda:N (default: the best device of this machine)"
    )


def add_run_options(parser: argparse.ArgumentParser, script: str) -> None:
    """Add the options that training and evaluation share.

    Args:
        parser: Parser to extend.
        script: Script of ``tools/`` that starts several processes.
    """
    add_device(parser)
    parser.add_argument("--seed", type=int, help="replaces the config's randomness.seed")
    parser.add_argument(
        "--trust-checkpoint", action="store_true", help="let checkpoints run the code in them"
    )
    add_cfg_options(parser)
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none",
        help=f"what started this process ({script} sets it)",
    )  # fmt: skip


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which network computes features."""
    parser.add_argument("--checkpoint", help="weights (default: the untrained network of --config)")
    parser.add_argument(
        "--config", help="config of the training (default: the one inside the checkpoint)"
    )
    parser.add_argument("--size", type=int, help="side in pixels of the images that it sees")
    add_device(parser)
