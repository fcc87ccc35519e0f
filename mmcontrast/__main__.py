"""``python -m mmcontrast`` is the command ``mmcontrast``."""

from mmcontrast.cli.main import main

if __name__ == "__main__":
    main()
