"""Train a config with several seeds: python tools/trials.py CONFIG --seeds 0 1 2 3 4.

Finished trials are skipped, interrupted ones go on. Prints a table with mean and standard deviation
and writes trials.json into the work dir. Options that are not listed here are those of train.py.
"""

import argparse
from pathlib import Path

from mmcontrast.utils.errors import report_errors


def parse_args() -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; what is not ours goes to train.py."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="config file whose training ends with a validation")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--work-dir", help="(work_dirs/<folder>/<config>/trials)")
    parser.add_argument("--processes", type=int, default=1, help="of each trial (%(default)s)")
    return parser.parse_known_args()


def main() -> None:
    """Run the trials and print the table."""
    args, arguments = parse_args()
    with report_errors():
        from mmcontrast.apis.trials import format_table, run_trials

        results = run_trials(
            args.config,
            args.seeds,
            Path(__file__).with_name("train.py"),
            work_dir=args.work_dir,
            processes=args.processes,
            arguments=arguments,
        )
        print(format_table(results))


if __name__ == "__main__":
    main()
