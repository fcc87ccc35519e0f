"""Write a seeded part of a data set: a list of labeled images, or a smaller COCO file."""

import argparse
import json
from pathlib import Path

from mmcontrast.utils.errors import UserError, input_errors

EXAMPLES = (
    "images data/imagenet/train 0.01 --out data/imagenet/1percent.txt",
    "coco data/coco/annotations/instances_train2017.json 0.1 --images data/coco/train2017 "
    "--out data/coco/annotations/instances_train2017_10percent.json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the kinds of data sets and what each of them takes."""
    kinds = parser.add_subparsers(dest="kind", required=True)
    images = kinds.add_parser("images", help="part of an image folder, one sub-folder a class")
    images.add_argument(
        "--plain", action="store_true",
        help="draw from all images alike; by default every class gives equally many, as in the "
        "1%% and 10%% of ImageNet that SimCLR published",
    )  # fmt: skip
    coco = kinds.add_parser("coco", help="part of a COCO annotation file")
    coco.add_argument("--images", required=True, type=Path, help="folder of the images")
    for kind, source in ((images, "folder of the classes"), (coco, "COCO annotation file")):
        kind.add_argument("source", type=Path, help=source)
        kind.add_argument("fraction", type=float, help="share of the images, in (0, 1]")
        kind.add_argument("--out", required=True, type=Path, help="file to write")
        kind.add_argument("--seed", type=int, default=0, help="seed of the draw (%(default)s)")


def run(args: argparse.Namespace) -> None:
    """Draw the part and write it."""
    from mmcontrast.apis.data.subset import subset_of_coco, subset_of_images
    from mmcontrast.utils.atomic import write_atomically

    if not 0 < args.fraction <= 1:
        raise UserError(f"The share is above 0 and at most 1, got {args.fraction:g}.")
    with input_errors(f"cannot take a part of {args.source}"):
        if args.kind == "images":
            lines = subset_of_images(args.source, args.fraction, args.seed, args.plain)
            text, summary = "\n".join(lines) + "\n", f"{len(lines)} images"
        else:
            content = subset_of_coco(args.source, args.images, args.fraction, args.seed)
            counts = f"{len(content['images'])} images, {len(content['annotations'])}"
            text, summary = json.dumps(content), f"{counts} annotations"
    write_atomically(text.encode(), args.out)
    print(f"{args.out}: {summary}, seed {args.seed}")
