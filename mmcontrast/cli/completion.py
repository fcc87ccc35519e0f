"""Print a script that completes commands, options and names of configs in a shell.

Put the line eval "$(mmcontrast completion bash)" into ~/.bashrc, or the same with zsh into ~/.zshrc
after compinit.
"""

import argparse
import shlex
from collections.abc import Iterator

from mmcontrast.cli.parsers import COMMANDS, make_parser, sub_parsers
from mmcontrast.utils.config_files import config_names

EXAMPLES = ("bash",)

# The words before the cursor are the arguments. The candidates are those of the option before it
# ("train --amp"), or else those of the sub-command ("train").
_CANDIDATES = """\
_mmcontrast_after() {{
    case "$1" in
{cases}
    esac
}}
_mmcontrast_candidates() {{
    local context= word= candidates
    for word in "$@"; do
        [[ $word != -* && -n $(_mmcontrast_after "${{context:+$context }}$word") ]] &&
            context="${{context:+$context }}$word"
    done
    candidates=$(_mmcontrast_after "$context $word")
    [[ -n $candidates ]] || candidates=$(_mmcontrast_after "$context")
    echo "$candidates"
}}
"""
_SHELLS = {
    "bash": """\
_mmcontrast() {
    local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    COMPREPLY=($(compgen -W "$(_mmcontrast_candidates "${before[@]}")" -- "$2"))
}
complete -o bashdefault -o default -F _mmcontrast mmcontrast
""",
    "zsh": """\
_mmcontrast() {
    compadd -- ${=$(_mmcontrast_candidates "${(@)words[2,CURRENT-1]}")}
    _files
}
compdef _mmcontrast mmcontrast
""",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument("shell", choices=tuple(_SHELLS), help="shell that is to run the script")


def run(args: argparse.Namespace) -> None:
    """Print the script."""
    print(completion_script(args.shell), end="")


def completion_script(shell: str) -> str:
    """Return a script that makes a shell complete the command ``mmcontrast``.

    Args:
        shell: ``'bash'`` or ``'zsh'``.
    """
    contexts = {"": [*COMMANDS, "--help", "--version"]}
    for name in COMMANDS:
        contexts |= _contexts(name, make_parser(name))
    cases = "\n".join(
        f"        {shlex.quote(context)}) echo {shlex.quote(' '.join(candidates))} ;;"
        for context, candidates in contexts.items()
    )
    return _CANDIDATES.format(cases=cases) + _SHELLS[shell]


def _contexts(context: str, parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Map what has been typed to the words that may follow."""
    nested = sub_parsers(parser)
    contexts = {context: [*nested, *_positional_values(parser)]}
    for action in parser._actions:
        contexts[context] += [option for option in action.option_strings if option[:2] == "--"]
        for option in action.option_strings if action.choices else ():
            contexts[f"{context} {option}"] = [str(choice) for choice in action.choices or ()]
    for name, nested_parser in nested.items():
        contexts |= _contexts(f"{context} {name}", nested_parser)
    return contexts


def _positional_values(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the choices of positional arguments, and the names of configs for a config."""
    for action in parser._actions:
        if action.dest == "config" and not action.option_strings:
            yield from config_names()
        elif not (action.option_strings or isinstance(action, argparse._SubParsersAction)):
            yield from map(str, action.choices or ())
