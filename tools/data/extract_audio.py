"""Write the sound of all videos of a folder beside them, as FLAC files of 16 kHz.

It is ``mmcontrast extract-audio`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("extract-audio")
