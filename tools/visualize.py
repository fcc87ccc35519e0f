"""Draw what a network has learned; each command writes one image.

It is ``mmcontrast visualize`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("visualize")
