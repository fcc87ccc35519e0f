"""The command ``mmcontrast``: one small module a sub-command, which holds its argument parser."""
