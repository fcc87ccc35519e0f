"""Print what is installed on this machine and which of it does not work together."""

import argparse
import sys

EXAMPLES = ("",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser: nothing."""


def run(args: argparse.Namespace) -> None:
    """Print; exit with 1 if there is a conflict."""
    from mmengine.utils.dl_utils import collect_env

    import mmcontrast
    from mmcontrast.utils.environment import (
        find_conflicts,
        find_import_failures,
        installed_versions,
        shown_versions,
    )

    versions = installed_versions()
    for name, value in {
        "mmcontrast": mmcontrast.__version__,
        **collect_env(),
        **shown_versions(versions),
    }.items():
        print(f"{name}: {value}")
    problems = find_conflicts(versions) + find_import_failures(versions)
    for problem in problems:
        print(f"\nconflict: {problem}", file=sys.stderr)
    if not problems:
        print("\nNo conflicts found.")
    sys.exit(bool(problems))
