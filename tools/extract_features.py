"""Write features of images: python tools/extract_features.py epoch_18.pth photos --out f.npz.

The source is a folder (its sub-folders are the classes), or the name of a data loader in --config:
of images or, where the config's method is for them, of graphs and their nodes.
"""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="weights; 'none' for the untrained network of --config")
    parser.add_argument("source", help="folder, image, or data loader such as val_dataloader")
    parser.add_argument("--out", required=True, help="file to write: .npz or .parquet")
    parser.add_argument("--config", help="config of the training (that inside the checkpoint)")
    parser.add_argument("--dense", action="store_true", help="write the dense maps too, to .npz")
    parser.add_argument("--nodes", action="store_true", help="a row a node, not a row a graph")
    parser.add_argument("--size", type=int, help="side in pixels of what the network sees")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    parser.add_argument("--batch-size", type=int, default=32, help="images at once (%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=2, dest="num_workers", help="reading processes (%(default)s)"
    )
    parser.add_argument(
        "--on-error", choices=("raise", "skip"), default="raise",
        help="stop at an image that cannot be read, or leave it out (%(default)s)",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Extract, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.pop("device"))
        from mmcontrast.apis.inference.extract import extract_features

        if args["checkpoint"] == "none":
            args["checkpoint"] = None
        rows = extract_features(**args)
        print(f"Written: {args['out']}, {rows} rows")


if __name__ == "__main__":
    main()
