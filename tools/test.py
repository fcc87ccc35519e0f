"""Evaluate a checkpoint by the protocol of a config.

It is ``mmcontrast test`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("test")
