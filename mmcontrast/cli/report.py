"""Compare runs on one HTML page."""

import argparse

EXAMPLES = ("work_dirs --out report.html",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sub-command takes to its parser."""
    parser.add_argument(
        "folders", nargs="+", metavar="RUN_DIR", help="work dir, or folder of work dirs"
    )
    parser.add_argument("--out", default="report.html", help="page to write (%(default)s)")
    parser.add_argument("--title", default="", help="title of the page")


def run(args: argparse.Namespace) -> None:
    """Collect the runs and write the page."""
    from mmcontrast.apis.reports.page import write_report

    count = write_report(**vars(args))
    print(f"Written: {args.out}, {count} runs")
