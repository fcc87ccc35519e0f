"""Re-encode all videos of a folder, so that clips are read fast.

It is ``mmcontrast transcode`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("transcode")
