"""Look at what a network has learned; each command writes one image.

python tools/visualize.py correspondence photo.jpg --checkpoint epoch_18.pth --out cells.png
"""

import argparse

from mmcontrast.utils.device import select_device
from mmcontrast.utils.errors import report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    network = argparse.ArgumentParser(add_help=False)
    network.add_argument("--checkpoint", help="weights; without, the untrained network of --config")
    network.add_argument("--config", help="config of the training (that inside the checkpoint)")
    network.add_argument("--size", type=int, help="side in pixels of what the network sees")
    network.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--out", required=True, help="image to write; its suffix says the format")

    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser
    one = add("correspondence", parents=[network, out], help="mutual nearest neighbors of cells")
    one.add_argument("images", nargs="+", help="two images, or one for two random crops of it")
    one.add_argument("--threshold", type=float, default=0.9, help="least cosine (%(default)s)")
    one.add_argument("--seed", type=int, default=0, help="of the crops (%(default)s)")
    one = add("similarity", parents=[network, out], help="heat map of a point's similarity")
    one.add_argument("images", nargs=2, help="image with the point, other image")
    one.add_argument("--point", nargs=2, type=float, metavar=("X", "Y"), help="pixels (middle)")
    one = add("pca", parents=[network, out], help="dense features as colors")
    one.add_argument("images", nargs="+", help="images and folders")
    one.add_argument("--num", type=int, default=12, help="at most so many (%(default)s)")
    one = add("embedding", parents=[network, out], help="images or rows as points")
    one.add_argument("source", help="folder whose sub-folders are classes, or table of features")
    one.add_argument("--method", choices=("tsne", "pca", "umap"), default="tsne")
    one.add_argument("--num", type=int, default=2000, help="at most so many (%(default)s)")
    one.add_argument("--thumbnails", action="store_true", help="draw images where there is room")
    one.add_argument("--seed", type=int, default=0, help="of the projection (%(default)s)")
    one = add("neighbors", parents=[out], help="what is nearest to a row of a table of features")
    one.add_argument("table", help="written by tools/extract_features.py")
    one.add_argument("row", type=int, help="from 0; of a single graph its node")
    one.add_argument("--num", type=int, default=10, help="how many (%(default)s)")
    one = add("confusion", parents=[out], help="which classes, seen and unseen, are mixed up")
    one.add_argument("config", help="config of the training of a zero-shot method")
    one.add_argument("checkpoint", nargs="?", help="weights (untrained network)")
    one.add_argument("--device", help="cpu, cuda or cuda:N (the best there is)")
    one = add("curves", parents=[out], help="logged figures of runs over each other")
    one.add_argument("run_dirs", nargs="+", metavar="RUN_DIR", help="work dirs")
    return parser.parse_args()


def main() -> None:
    """Draw, with one clear message for wrong input."""
    args = vars(parse_args())
    with report_errors():
        # Before torch is imported, and so before the rest of mmcontrast.
        select_device(args.pop("device", None))
        from mmcontrast.apis.inference import visualize
        from mmcontrast.apis.inference.feature_table import TABLES

        draw = getattr(visualize, f"visualize_{args.pop('command')}")
        if "size" in args:
            network, size = (args.pop("checkpoint"), args.pop("config")), args.pop("size")
            table = args.get("source", "").endswith(TABLES)
            args["extractor"] = None if table else visualize.FeatureExtractor(*network, size=size)
        draw(**args)
        print(f"Written: {args['out']}")


if __name__ == "__main__":
    main()
