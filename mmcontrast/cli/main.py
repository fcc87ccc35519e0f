"""The command ``mmcontrast`` and the scripts in ``tools/``: choose a sub-command and run it.

No parser needs torch, so that a help text, a completion or a message about a misspelled option
comes at once; what a sub-command calls is imported when it runs.
"""

import argparse
import difflib
import os
import sys
from collections.abc import Collection, Sequence

import mmcontrast
from mmcontrast import renames
from mmcontrast.cli.parsers import COMMANDS, first_line, load_command, make_parser, sub_parsers
from mmcontrast.utils.errors import UserError, report_errors

_OVERVIEW = """\
usage: mmcontrast COMMAND ...

{description}

commands:
{commands}

options:
  -h, --help           show this help message, or that of a command
  --version            show the version

example: mmcontrast train densecl/mini
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command ``mmcontrast``.

    Args:
        arguments: The words after the program's name; those of the process by default.

    Raises:
        SystemExit: With 2 for wrong input, and as the sub-command asks for.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        sys.stderr.write(overview())
        sys.exit(2)
    if words[0] in ("-h", "--help"):
        print(overview(), end="")
    elif words[0] == "--version":
        print(mmcontrast.__version__)
    else:
        with report_errors():
            name = resolve_command(words[0], COMMANDS, "mmcontrast")
        run_command(name, words[1:], f"mmcontrast {name}")


def run_tool(name: str) -> None:
    """Run a sub-command as a script of ``tools/``, with the words after the script's path.

    Args:
        name: Name of the sub-command.
    """
    run_command(name, sys.argv[1:], os.path.basename(sys.argv[0]), f"python {sys.argv[0]}")


def run_command(
    name: str, words: Sequence[str], program: str, invocation: str | None = None
) -> None:
    """Parse the arguments of a sub-command and run it, with one clear message for wrong input.

    Args:
        name: Name of the sub-command.
        words: Its arguments.
        program: Name of the program in messages.
        invocation: Beginning of the examples; ``program`` by default.
    """
    command, parser = load_command(name), make_parser(name, program, invocation)
    with report_errors():
        args = parse(parser, words, getattr(command, "PASSES_ON_OPTIONS", False))
        command.run(args)


def parse(
    parser: argparse.ArgumentParser, words: Sequence[str], pass_on: bool = False
) -> argparse.Namespace:
    """Parse arguments, of which the first may be a sub-command's old or misspelled name.

    Args:
        parser: Parser as from :func:`~mmcontrast.cli.parsers.make_parser`.
        words: The arguments.
        pass_on: Whether options that the parser lacks go to ``arguments`` of the result.

    Raises:
        UserError: There is no such sub-command.
        SystemExit: The arguments do not fit, or they ask for help.
    """
    words, nested = renames.modernize_arguments(words), sub_parsers(parser)
    if nested and words and not words[0].startswith("-"):
        words[0] = resolve_command(words[0], nested, parser.prog)
    if not pass_on:
        return parser.parse_args(words)
    args, others = parser.parse_known_args(words)
    args.arguments = others
    return args


def resolve_command(name: str, names: Collection[str], program: str) -> str:
    """Return the sub-command of a name, which may be an old one.

    Args:
        name: The word that was typed.
        names: The sub-commands that exist.
        program: Name of the program in messages.

    Raises:
        UserError: There is no such sub-command. The message holds the closest name.
    """
    new = renames.COMMANDS.get(name)
    if new is not None and name not in names and new in names:
        print(f"warning: {program} {name} is now called {program} {new}.", file=sys.stderr)
        return new
    if name in names:
        return name
    close = difflib.get_close_matches(name.replace("_", "-"), names, n=1)
    advice = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names)}."
    raise UserError(f"{program} has no command {name!r}. {advice}")


def overview() -> str:
    """Return the help text of the command itself."""
    lines = [f"  {name:<20} {first_line(load_command(name))}" for name in COMMANDS]
    description = first_line(mmcontrast).partition(": ")[2].capitalize()
    return _OVERVIEW.format(description=description, commands="\n".join(lines))
