"""Print the merged config and where each key was set, or check that it can be built.

It is ``mmcontrast print-config`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("print-config")
