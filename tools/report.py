"""Compare runs on one HTML page: python tools/report.py work_dirs --out report.html."""

import argparse

from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="RUN_DIR", help="work dir, or folder of such")
    parser.add_argument("--out", default="report.html", help="page to write (%(default)s)")
    parser.add_argument("--title", default="", help="of the page")
    return parser.parse_args()


def main() -> None:
    """Collect, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        from mmcontrast.apis.reports.page import write_report

        count = write_report(**args)
        print(f"Written: {args['out']}, {count} runs")


if __name__ == "__main__":
    main()
