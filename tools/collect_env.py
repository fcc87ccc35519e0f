"""Print what is installed on this machine and which of it does not work together.

It is ``mmcontrast collect-env`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("collect-env")
