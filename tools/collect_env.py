"""Print what is installed on this machine and what of it does not go together."""

import argparse
import sys

from mmcontrast.utils.environment import (
    find_conflicts,
    find_import_failures,
    installed_versions,
    shown_versions,
)


def main() -> None:
    """Print; exit with 1 if there is a conflict."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    from mmengine.utils.dl_utils import collect_env

    import mmcontrast

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


if __name__ == "__main__":
    main()
