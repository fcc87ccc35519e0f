"""Compare runs on one HTML page.

It is ``mmcontrast report`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("report")
