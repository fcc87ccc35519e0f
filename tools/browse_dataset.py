"""Draw augmented views.

It is ``mmcontrast browse-dataset`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("browse-dataset")
