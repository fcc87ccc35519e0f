"""Write features of images to a file.

It is ``mmcontrast extract-features`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("extract-features")
