"""Places: whether cells that DenseCL finds alike in two crops of an image show the same place.

    python benchmarks/places.py
    python benchmarks/places.py --data data/tinyimagenet --seeds 0 --out work_dirs/places

Trains ``configs/densecl/r18_tinyimagenet.py`` with either queue of the dense loss (``pooled`` and
``cells``), and the same recipe built from lightly's parts, which match cells by features and have
plain batch norm. The recipe is shortened: 10,000 images, a ResNet-18 of quarter width, crops of 48
pixels (a grid of 3x3 cells), 2 epochs or 312 steps in batches of 64. Each seed gives every variant
its own training, and the untrained network its initial weights.

Places: 200 validation images, two random crops each (area 0.2 to 1, flipped with probability 0.5,
no other augmentation), resized to 96 pixels, which is a grid of 6x6 cells. Of the pairs of cells
that are each other's most similar ones, those are right whose centers lie in the image at most one
cell of the second crop apart, in x and in y. Beside it, 20-nearest-neighbor accuracy of the same
features at 48 pixels. Both in percent, mean and standard deviation over seeds.

The images are FOLDER/{train,val}/<class>/*, else those of $MMCONTRAST_DATA/tinyimagenet40. Scores
of each training are kept in ``--out``; a run that was interrupted continues with what is missing.
Needs the extra ``bench``: ``pip install 'mmcontrast[bench]'``.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import set_random_seed
from step_time import LightlyDenseCL
from torch import Tensor

from mmcontrast.apis import load_config
from mmcontrast.apis.training.runner import build_runner, build_training
from mmcontrast.apis.training.train import run as run_training
from mmcontrast.datasets import Images, collate
from mmcontrast.models.methods.base import Method
from mmcontrast.models.methods.densecl import crop_of
from mmcontrast.ops.correspondence import cell_centers, mutual_nearest
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs

VARIANTS = ("untrained", "pooled", "cells", "lightly")
CONFIG = Path(__file__).parents[1] / "configs/densecl/r18_tinyimagenet.py"
TRAINING_IMAGES, TRAINING_SIZE, EPOCHS = 10_000, 48, 2
PAIRS, PAIR_SIZE = 200, 96


@MODELS.register_module()
class DenseCLFromLightly(Method):
    """The recipe of a DenseCL config, built from lightly's parts.

    Args:
        backbone: Config of the backbone.
        neck: Config of DenseCL's neck, whose ``hidden_channels`` lightly's heads take.
        queue_size: Length of both queues.
        momentum: Weight kept of the momentum encoder.
        data_preprocessor: As for every method.
    """

    def __init__(
        self, backbone: dict, neck: dict, queue_size: int, momentum: float, data_preprocessor: dict
    ):
        super().__init__(data_preprocessor)
        self.backbone = MODELS.build(backbone)
        self.parts = LightlyDenseCL(
            self.backbone,
            self.backbone.out_channels[-1],
            neck["hidden_channels"],
            queue_size,
            momentum,
        )

    def init_weights(self) -> None:
        """Initialize the backbone, of which the momentum encoder is a copy."""
        super().init_weights()
        self.parts.update_keys(momentum=0)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The sum of the global and the dense loss, half of each."""
        return dict(loss=self.parts.loss(inputs["view0"], inputs["view1"]))


def percent_right(
    features0_NDHW: Tensor,
    features1_NDHW: Tensor,
    view0: dict[str, Tensor],
    view1: dict[str, Tensor],
) -> float:
    """Percentage of the mutual nearest pairs of cells that are right within one cell.

    Args:
        features0_NDHW: Feature maps of the first crops.
        features1_NDHW: Feature maps of the second crops, of the same size.
        view0: How the first crops were cut: ``box`` (N, 4) in source pixels and ``flip`` (N,).
        view1: The same of the second crops.
    """
    rows, columns = grid = features0_NDHW.shape[-2:]
    match_NS, _, mutual_NS = mutual_nearest(features0_NDHW.flatten(2), features1_NDHW.flatten(2))
    centers0_NS2, centers1_NS2 = (
        cell_centers(view["box"], view["flip"], grid) for view in (view0, view1)
    )
    matched_NS2 = centers1_NS2.gather(1, match_NS[..., None].expand_as(centers1_NS2))
    extent_N2 = view1["box"][:, 2:] - view1["box"][:, :2]
    cell_N2 = extent_N2 / extent_N2.new_tensor([columns, rows])
    right_NS = ((matched_NS2 - centers0_NS2).abs() <= cell_N2[:, None]).all(dim=2)
    return 100 * right_NS[mutual_NS].float().mean().item()


def measure_places(model: Method, images: Path) -> float:
    """The measure of places on the same crops for every model."""
    crop = [
        dict(type="RandomResizedCrop", size=PAIR_SIZE, scale=(0.2, 1.0)),
        dict(type="HorizontalFlip", p=0.5),
    ]
    dataset = Images(
        str(images),
        [dict(type="LoadImage"), dict(type="Views", views=[crop, crop]), dict(type="PackInputs")],
        indices=dict(num=PAIRS, seed=0),
    )
    set_random_seed(0)
    batch = collate([dataset[i] for i in range(len(dataset))])
    inputs = model.data_preprocessor(batch, training=False)["inputs"]
    maps = [model.extract(dict(view0=inputs[view]))["dense"].float() for view in inputs]
    views = (crop_of(batch["data_samples"], view, maps[0].device) for view in inputs)
    return percent_right(*maps, *views)


def make_config(variant: str, data: Path) -> Config:
    """The shortened recipe of a variant, on the images of a folder."""
    cfg = load_config(CONFIG)
    cfg.model.backbone.base_channels = 16
    if variant == "lightly":
        cfg.model.backbone.norm_cfg = dict(type="BN")
        kept = ("backbone", "neck", "queue_size", "momentum", "data_preprocessor")
        cfg.model = dict(type="DenseCLFromLightly", **{name: cfg.model[name] for name in kept})
    elif variant != "untrained":
        cfg.model.dense_keys = variant
    bank, query = cfg.test_dataloader.dataset.datasets
    for dataset in (cfg.train_dataloader.dataset, bank):
        dataset.update(data_root=str(data / "train"), indices=dict(num=TRAINING_IMAGES, seed=0))
    query.data_root = str(data / "val")
    for view in cfg.train_dataloader.dataset.pipeline[1].views:
        view[0].size = TRAINING_SIZE
    for dataset in (bank, query):
        dataset.pipeline[1].size = dataset.pipeline[2].size = TRAINING_SIZE
    cfg.train_dataloader.num_workers = cfg.test_dataloader.num_workers = 0
    cfg.train_cfg.max_epochs = cfg.param_scheduler.T_max = EPOCHS
    # Neighbors are compared once, after the training.
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.log_level = "WARNING"
    return cfg


def run(variant: str, seed: int, data: Path, out: Path) -> dict[str, float]:
    """Train a variant, or only initialize it, and measure its features.

    Returns:
        ``places`` and ``knn`` in percent, ``seconds`` of CPU time of the training.
    """
    scores = out / f"{variant}-{seed}" / "scores.json"
    if scores.exists():
        return json.loads(scores.read_text())
    cfg = make_config(variant, data)
    cfg.work_dir, cfg.randomness.seed = str(scores.parent), seed
    runner = build_runner(cfg)
    start = time.process_time()
    if variant == "untrained":
        runner.model.init_weights()
    else:
        build_training(runner)
        run_training(runner)
    seconds = time.process_time() - start
    knn = runner.test()["knn/top1_k20"]
    result = dict(places=measure_places(runner.model, data / "val"), knn=knn, seconds=seconds)
    scores.write_text(json.dumps(result))
    return result


def main() -> None:
    """Train all variants with all seeds, print a table, and end with the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with train/ and val/, a folder a class")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("work_dirs/places"))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.data is None and "MMCONTRAST_DATA" not in os.environ:
        parser.error("Name the images with --data FOLDER, or set MMCONTRAST_DATA.")

    results: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    with tempfile.TemporaryDirectory() as scratch:
        data = args.data or Path(scratch)
        if args.data is None:
            images = Path(os.environ["MMCONTRAST_DATA"], "tinyimagenet40", "tinyimagenet40.zip")
            zipfile.ZipFile(images).extractall(scratch)
        for seed in args.seeds:
            for variant in VARIANTS:
                result = run(variant, seed, data, args.out)
                results[variant].append(result)
                values = ", ".join(f"{name} {value:.2f}" for name, value in result.items())
                print(f"seed {seed}, {variant}: {values}", flush=True)

    print(f"\n{'variant':<12}{'places':>8}{'dev.':>6}{'20-NN':>8}{'dev.':>6}{'CPU-s':>8}")
    figures = []
    for variant, rows in results.items():
        line = f"{variant:<12}"
        for name in ("places", "knn"):
            values = [row[name] for row in rows]
            deviation = statistics.stdev(values) if len(values) > 1 else 0
            line += f"{statistics.mean(values):>8.2f}{deviation:>6.2f}"
            figures.append(f"figure {name}_{variant} {statistics.mean(values):.2f} percent")
        print(f"{line}{statistics.mean(row['seconds'] for row in rows):>8.1f}")
    print(*figures, sep="\n")


if __name__ == "__main__":
    main()
