"""Train what a config describes.

It is ``mmcontrast train`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("train")
