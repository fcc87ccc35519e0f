"""Propagate a mask through a video.

It is ``mmcontrast propagate`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("propagate")
