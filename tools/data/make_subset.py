r"""Write a seeded part of a data set: a list of labeled images, or a smaller COCO file.

python tools/data/make_subset.py images data/imagenet/train 0.01 \
        --out data/imagenet/1percent.txt
python tools/data/make_subset.py coco data/coco/annotations/instances_train2017.json 0.1 \
        --images data/coco/train2017 \
        --out data/coco/annotations/instances_train2017_10percent.json
"""

import argparse
import json
from pathlib import Path

from mmcontrast.utils.errors import UserError, input_errors, report_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    images = kinds.add_parser("images", help="of an image folder with one sub-folder a class")
    images.add_argument(
        "--plain", action="store_true",
        help="draw from all images alike; by default every class gives equally many, as in the "
        "1%% and 10%% of ImageNet that SimCLR published",
    )  # fmt: skip
    coco = kinds.add_parser("coco", help="of a COCO annotation file")
    coco.add_argument("--images", required=True, type=Path, help="folder of the images")
    for kind, source in ((images, "folder of the classes"), (coco, "COCO annotation file")):
        kind.add_argument("source", type=Path, help=source)
        kind.add_argument("fraction", type=float, help="share of the images, in (0, 1]")
        kind.add_argument("--out", required=True, type=Path, help="file to write")
        kind.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Write the part, with one clear message for wrong input."""
    args = parse_args()
    with report_errors():
        from mmcontrast.apis.data.subset import subset_of_coco, subset_of_images
        from mmcontrast.utils.atomic import write_atomically

        if not 0 < args.fraction <= 1:
            raise UserError(f"The share is above 0 and at most 1, got {args.fraction:g}.")
        with input_errors(f"cannot take a part of {args.source}"):
            if args.kind == "images":
                lines = subset_of_images(args.source, args.fraction, args.seed, args.plain)
                text, said = "\n".join(lines) + "\n", f"{len(lines)} images"
            else:
                content = subset_of_coco(args.source, args.images, args.fraction, args.seed)
                counts = f"{len(content['images'])} images, {len(content['annotations'])}"
                text, said = json.dumps(content), f"{counts} annotations"
        write_atomically(text.encode(), args.out)
        print(f"{args.out}: {said}, seed {args.seed}")


if __name__ == "__main__":
    main()
