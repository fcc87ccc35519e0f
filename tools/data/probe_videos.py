"""Decode all videos of a folder once and write what they hold, one JSON object a line.

It is ``mmcontrast probe-videos`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("probe-videos")
