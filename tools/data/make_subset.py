"""Write a seeded part of a data set: a list of labeled images, or a smaller COCO file.

It is ``mmcontrast make-subset`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("make-subset")
