"""Write the embedded mini-world: images in ImageNet, COCO and VOC layout, graphs, zero-shot data.

It is ``mmcontrast make-mini`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("make-mini")
