"""Write the backbone of a checkpoint for another library.

It is ``mmcontrast export-weights`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("export-weights")
