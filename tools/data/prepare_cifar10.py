"""Unpack CIFAR-10 to PNG files in ImageNet's layout, <out>/{train,test}/<class>/<number>.png.

    python tools/data/prepare_cifar10.py cifar-10-binary.tar.gz --out data/cifar10

The archive is the *binary* version of https://www.cs.toronto.edu/~kriz/cifar.html: the Python
version is pickled, and reading it would run whatever is in it.
"""

import argparse
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from mmcontrast.utils.errors import input_errors, report_errors

RECORD = 1 + 3 * 32 * 32  # label, then the red, green and blue planes


def unpack(archive: Path, out: Path) -> dict[str, int]:
    """Write the images of an archive.

    Args:
        archive: cifar-10-binary.tar.gz.
        out: Folder to make.

    Returns:
        Number of images written to ``train`` and ``test``.

    Raises:
        ValueError: The archive is not CIFAR-10's binary version.
    """
    count = dict(train=0, test=0)
    with tarfile.open(archive) as tar:
        files = {Path(member.name).name: member for member in tar if member.isfile()}
        if "batches.meta.txt" not in files:
            raise ValueError(
                f"{archive} holds no batches.meta.txt: it is not cifar-10-binary.tar.gz, the "
                "binary version of CIFAR-10."
            )
        classes = tar.extractfile(files["batches.meta.txt"]).read().decode().split()  # type: ignore[union-attr]
        for name in sorted(name for name in files if name.endswith(".bin")):
            records = np.frombuffer(tar.extractfile(files[name]).read(), np.uint8)  # type: ignore[union-attr]
            if len(records) % RECORD:
                raise ValueError(f"{name} in {archive} is cut off: download the archive again.")
            split = "test" if name.startswith("test") else "train"
            for record in records.reshape(-1, RECORD):
                folder = out / split / classes[record[0]]
                folder.mkdir(parents=True, exist_ok=True)
                image = record[1:].reshape(3, 32, 32).transpose(1, 2, 0)
                Image.fromarray(image).save(folder / f"{count[split]:05d}.png")
                count[split] += 1
    return count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("archive", type=Path, help="cifar-10-binary.tar.gz")
    parser.add_argument("--out", type=Path, default=Path("data/cifar10"))
    args = parser.parse_args()
    with report_errors(), input_errors(f"cannot unpack {args.archive}"):
        for split, number in unpack(args.archive, args.out).items():
            print(f"{args.out / split}: {number} images")


if __name__ == "__main__":
    main()
