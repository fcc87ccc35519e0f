"""Two-view images per second and core: ours, lightly's, and plain torchvision's pipeline.

All three read the same JPEGs in turn, in one process with one thread, and give a normalized float
batch of two 224-pixel views by MoCo v2's recipe (crop 0.2 to 1, jitter 0.4 0.4 0.4 0.1 with
probability 0.8, gray 0.2, blur 0.1 to 2.0 with probability 0.5, flip 0.5). Our time includes
stacking and normalizing the batch on the CPU, which a training run does on the device. Time is CPU
time of the process, so that a busy machine disturbs less; the images come from the page cache.

Run:  python benchmarks/data_pipeline.py [--root FOLDER] [--rounds 9]

The images are FOLDER's, else those of $MMCONTRAST_DATA/coco128/images, else generated 640x480
JPEGs. The reference recipe is lightly's ``MoCoV2Transform``, and torchvision's transforms on Pillow
images with Pillow's blur, as in MoCo's own code (torchvision's own ``GaussianBlur`` would make it
slower by half). Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from lightly.transforms import MoCoV2Transform
from PIL import Image, ImageFilter
from torch.utils.data import default_collate
from torchvision.transforms import v2

from mmcontrast.datasets import Images, collate
from mmcontrast.datasets.transforms import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    LoadImage,
    PackInputs,
    RandomResizedCrop,
    Views,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 32


def our_steps() -> dict[str, Callable[[dict], dict]]:
    """The transforms of one view, by the name of the table's row."""
    return {
        "crop": RandomResizedCrop(224, scale=(0.2, 1.0)),
        "jitter": ColorJitter(0.4, 0.4, 0.4, 0.1, p=0.8),
        "gray": Grayscale(p=0.2),
        "blur": GaussianBlur((0.1, 2.0), p=0.5),
        "flip": HorizontalFlip(p=0.5),
    }


def our_pipeline(root: Path) -> Callable[[list[int]], list[torch.Tensor]]:
    view = list(our_steps().values())
    pipeline = [LoadImage(min_side=580), Views([view, view]), PackInputs()]
    dataset = Images(root, pipeline)
    mean = torch.tensor(MEAN).view(3, 1, 1) * 255
    std = torch.tensor(STD).view(3, 1, 1) * 255

    def batch(indices: list[int]) -> list[torch.Tensor]:
        views = collate([dataset[i] for i in indices])["inputs"].values()
        return [view.float().sub_(mean).div_(std) for view in views]

    return batch


def pillow_pipeline(
    paths: list[Path], two_views: Callable[[Image.Image], list[torch.Tensor]]
) -> Callable[[list[int]], list[torch.Tensor]]:
    def batch(indices: list[int]) -> list[torch.Tensor]:
        return default_collate([two_views(Image.open(paths[i]).convert("RGB")) for i in indices])

    return batch


def pillow_blur(image: Image.Image) -> Image.Image:
    """MoCo's blur."""
    sigma = float(torch.empty(()).uniform_(0.1, 2.0))
    return image.filter(ImageFilter.GaussianBlur(radius=sigma))


def torchvision_view() -> v2.Compose:
    return v2.Compose(
        [
            v2.RandomResizedCrop(224, scale=(0.2, 1.0)),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
            v2.RandomGrayscale(p=0.2),
            v2.RandomApply([v2.Lambda(pillow_blur)], p=0.5),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )


def shares(paths: list[Path]) -> dict[str, float]:
    """CPU milliseconds of each of our steps for one image, that is for both of its views."""
    spent: dict[str, float] = {}

    def timed(name: str, step: Callable[[dict], dict], results: dict) -> dict:
        start = time.process_time()
        results = step(results)
        spent[name] = spent.get(name, 0.0) + time.process_time() - start
        return results

    load, steps, pack = LoadImage(min_side=580), our_steps(), PackInputs()
    for path in paths:
        image = timed("read and decode", load, dict(path=path))
        views = []
        for _ in range(2):
            view = dict(image)
            for name, step in steps.items():
                view = timed(name, step, view)
            views.append(view)
        timed("pack", pack, dict(image, views=views))
    return {name: seconds / len(paths) * 1e3 for name, seconds in spent.items()}


def write_images(folder: Path, count: int = 64) -> None:
    """Photographs are smooth with edges and some noise; so are these."""
    generator = np.random.default_rng(0)
    for number in range(count):
        coarse = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        image[100:300, 200:500] += generator.integers(-60, 60, 3, dtype=np.int16)
        image += generator.normal(0, 6, image.shape).astype(np.int16)
        pixels = np.clip(image, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.jpg", quality=85)


def main() -> None:
    """Measure and print the table and the two figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="folder of JPEGs")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)

    root, data = args.root, os.environ.get("MMCONTRAST_DATA")
    with tempfile.TemporaryDirectory() as scratch:
        if root is None and data:
            root = Path(data) / "coco128" / "images"
        if root is None:
            root = Path(scratch)
            write_images(root)
        measure(root, args.rounds)


def measure(root: Path, rounds: int) -> None:
    paths = sorted(root.glob("*.jpg"))
    view = torchvision_view()
    pipelines = {
        "ours": our_pipeline(root),
        "lightly": pillow_pipeline(paths, MoCoV2Transform()),
        "torchvision": pillow_pipeline(paths, lambda image: [view(image), view(image)]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in pipelines}
    for number in range(rounds + 1):
        indices = [(number * BATCH + i) % len(paths) for i in range(BATCH)]
        for name, pipeline in pipelines.items():
            start = time.process_time()
            pipeline(indices)
            if number > 0:  # the first round warms up
                seconds[name].append((time.process_time() - start) / BATCH)

    print(f"{len(paths)} JPEGs in {root}, {rounds} rounds of {BATCH}, one thread, CPU time")
    print(f"{'pipeline':<16}{'ms/image':>10}{'images/s/core':>15}")
    for name, times in seconds.items():
        middle = statistics.median(times)
        print(f"{name:<16}{middle * 1e3:>10.2f}{1 / middle:>15.0f}")
    steps = shares(paths)
    total = sum(steps.values())
    print(f"\n{'our step':<16}{'ms/image':>10}{'share':>15}")
    for name, milliseconds in steps.items():
        print(f"{name:<16}{milliseconds:>10.2f}{milliseconds / total:>15.0%}")
    print()
    for name in ("lightly", "torchvision"):
        ratios = [other / own for other, own in zip(seconds[name], seconds["ours"], strict=True)]
        print(f"figure pipeline_over_{name} {statistics.median(ratios):.2f} ratio")


if __name__ == "__main__":
    main()
