"""Draw what a network has learned; each command writes one image."""

import argparse

from mmcontrast.cli.parsers import add_device, add_network
from mmcontrast.utils.device import select_device

EXAMPLES = (
    "correspondence photo.jpg --checkpoint epoch_18.pth --out cells.png",
    "similarity a.jpg b.jpg --point 48 48 --checkpoint epoch_18.pth --out similarity.png",
    "pca photos --num 6 --checkpoint epoch_18.pth --out pca.png",
    "embedding photos --method tsne --checkpoint epoch_18.pth --out embedding.png",
    "neighbors features.npz 3 --out neighbors.png",
    "confusion cegzsl/mini epoch_30.pth --out confusion.png",
    "curves work_dirs/densecl/mini work_dirs/mocov2/mini --out curves.png",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands and what each of them takes."""
    network = argparse.ArgumentParser(add_help=False)
    add_network(network)
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--out", required=True, help="image to write; its suffix says the format")

    add = parser.add_subparsers(dest="command", required=True).add_parser
    one = add(
        "correspondence", parents=[network, out], help="mutual nearest neighbors of feature cells"
    )
    one.add_argument("images", nargs="+", help="two images, or one for two random crops of it")
    one.add_argument("--threshold", type=float, default=0.9, help="least cosine (%(default)s)")
    one.add_argument("--seed", type=int, default=0, help="seed of the crops (%(default)s)")
    one = add("similarity", parents=[network, out], help="heat map of a point's similarity")
    one.add_argument("images", nargs=2, help="image with the point, other image")
    one.add_argument("--point", nargs=2, type=float, metavar=("X", "Y"), help="pixels (middle)")
    one.add_argument(
        "--crop", action="store_true", help="cut images as the evaluation does (default: whole)"
    )
    one = add("pca", parents=[network, out], help="dense features as colors")
    one.add_argument("images", nargs="+", help="images and folders")
    one.add_argument("--num", type=int, default=12, help="largest number of images (%(default)s)")
    one.add_argument(
        "--rim", type=int, default=0, help="cells at each border to leave out (%(default)s)"
    )
    one = add("embedding", parents=[network, out], help="images or rows as points")
    one.add_argument("source", help="folder whose sub-folders are classes, or table of features")
    one.add_argument("--method", choices=("tsne", "pca", "umap"), default="tsne")
    one.add_argument("--num", type=int, default=2000, help="largest number of points (%(default)s)")
    one.add_argument("--thumbnails", action="store_true", help="draw images where there is room")
    one.add_argument("--seed", type=int, default=0, help="seed of the projection (%(default)s)")
    one = add("neighbors", parents=[out], help="nearest rows to a row of a table of features")
    one.add_argument("table", help="file that extract-features has written")
    one.add_argument("row", type=int, help="row, from 0; of a single graph the node")
    one.add_argument("--num", type=int, default=10, help="number of neighbors (%(default)s)")
    one = add("confusion", parents=[out], help="confusion matrix of seen and unseen classes")
    one.add_argument("config", help="config of the training of a zero-shot method")
    one.add_argument("checkpoint", nargs="?", help="weights (default: the untrained network)")
    add_device(one)
    one = add("curves", parents=[out], help="logged metrics of runs over each other")
    one.add_argument("run_dirs", nargs="+", metavar="RUN_DIR", help="work dirs")


def run(args: argparse.Namespace) -> None:
    """Draw."""
    settings = vars(args)
    # Before torch is imported, and so before the rest of mmcontrast.
    select_device(settings.pop("device", None))
    from mmcontrast.apis.inference import visualize
    from mmcontrast.apis.inference.feature_table import TABLES

    draw = getattr(visualize, f"visualize_{settings.pop('command')}")
    if "size" in settings:
        network = settings.pop("checkpoint"), settings.pop("config")
        size = settings.pop("size")
        table = settings.get("source", "").endswith(TABLES)
        settings["extractor"] = None if table else visualize.FeatureExtractor(*network, size=size)
    draw(**settings)
    print(f"Written: {args.out}")
