"""Train the points of a config's grid with several seeds: mean, standard deviation, best point.

It is ``mmcontrast sweep`` as a script.
"""

from mmcontrast.cli.main import run_tool

if __name__ == "__main__":
    run_tool("sweep")
