"""Print a config with the file that each key comes from, or check that it can be built."""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def main() -> None:
    """Print or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as configs/densecl/r50_coco.py")
    parser.add_argument(
        "--check", action="store_true", help="build model, data, optimizer and hooks, on the CPU"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="change the config"
    )
    args = parser.parse_args()
    with report_errors():
        select_device("cpu")
        from mmcontrast.apis.training.inspect import check_config, print_config

        (check_config if args.check else print_config)(args.config, args.cfg_options)


if __name__ == "__main__":
    main()
