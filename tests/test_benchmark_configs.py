"""Every evaluation config builds, has its protocol's settings, and says how to run it."""

import copy
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope

from mmcontrast.registry import METRICS, MODELS, TRANSFORMS

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "configs/benchmarks").glob("**/*.py")
)
FOLDERS = {path: path.split("/")[2] for path in CONFIGS}
TRAINED = [path for path in CONFIGS if FOLDERS[path] in ("linear", "semi_supervised")]
ACTIONS = [path for path in CONFIGS if FOLDERS[path] in ("ucf101", "hmdb51")]
METHODS = [
    path for path in CONFIGS if FOLDERS[path] == "retrieval" and ("sound" in path or "mini" in path)
]
TRACKING = [path for path in CONFIGS if "/otb100/" in path]
VIDEO = [path for path in CONFIGS if FOLDERS[path] in ("davis2016", "davis2017", "jhmdb", "vip")]
FROZEN = sorted(set(CONFIGS) - {*TRAINED, *ACTIONS, *METHODS, *VIDEO, *TRACKING})


@pytest.fixture(autouse=True)
def scope():
    """Build as the Runner does, in our scope."""
    with DefaultScope.overwrite_default_scope("mmcontrast"):
        yield


def pipelines(dataset):
    parts = dataset.get("datasets", [dataset])
    return [part.pipeline for part in parts]


@pytest.mark.parametrize("path", TRAINED)
def test_trained_protocols_build(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.model.pretrained == ""  # the one blank
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    optimized = {id(p) for group in wrapper.optimizer.param_groups for p in group["params"]}
    trained = model.head if cfg.model.type == "LinearProbe" else model
    assert optimized == {id(p) for p in trained.parameters()}
    scheduler = dict(cfg.param_scheduler)
    scheduler.pop("convert_to_iter_based", None)
    PARAM_SCHEDULERS.build(dict(scheduler, optimizer=wrapper))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        assert loader.dataset.type == "ImageFolder"
        assert all(TRANSFORMS.build(transform) for transform in loader.dataset.pipeline)
    assert METRICS.build(cfg.val_evaluator).topk == (1, 5)
    last = scheduler.get("T_max") or max(scheduler["milestones"])
    assert last <= cfg.train_cfg.max_epochs
    assert cfg.train_cfg.max_epochs % cfg.train_cfg.val_interval == 0


@pytest.mark.parametrize("path", FROZEN)
def test_protocols_of_a_frozen_backbone_build(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.model.type == "FrozenBackbone" and cfg.model.pretrained == ""
    assert "train_cfg" not in cfg
    check_evaluation(cfg)


@pytest.mark.parametrize("path", METHODS)
def test_retrieval_between_modalities_builds(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.model.type in ("CrissCross", "XDC") and cfg.compare_untrained
    assert [type(metric).__name__ for metric in check_evaluation(cfg)] == [
        "Retrieval", "Retrieval", "CrossModalRetrieval",
    ]  # fmt: skip


def check_evaluation(cfg):
    """Build model, metrics and transforms of an evaluation on a bank and queries."""
    MODELS.build(cfg.model)
    evaluators = cfg.test_evaluator
    evaluators = evaluators if isinstance(evaluators, list) else [evaluators]
    metrics = [METRICS.build(evaluator) for evaluator in evaluators]
    splits = [part.meta.split for part in cfg.test_dataloader.dataset.datasets]
    assert splits == ["bank", "query"]
    for pipeline in pipelines(cfg.test_dataloader.dataset):
        assert [TRANSFORMS.build(t) for t in pipeline]
    return metrics


@pytest.mark.parametrize("path", ACTIONS)
def test_action_recognition_builds(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.model.pretrained == "" and cfg.model.view == "video"
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    optimized = {id(p) for group in wrapper.optimizer.param_groups for p in group["params"]}
    trained = model.head if cfg.model.type == "LinearProbe" else model
    assert optimized == {id(p) for p in trained.parameters()}
    PARAM_SCHEDULERS.build(dict(cfg.param_scheduler, optimizer=wrapper))
    assert max(cfg.param_scheduler.milestones) < cfg.train_cfg.max_epochs
    assert cfg.train_cfg.max_epochs % cfg.train_cfg.val_interval == 0
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size
    train, val, test = (cfg[f"{part}_dataloader"].dataset for part in ("train", "val", "test"))
    assert val == test and train.type == val.type
    for dataset in (train, val):
        assert [TRANSFORMS.build(transform) for transform in dataset.pipeline]
    # One clip in training, of the length of the ten in the test.
    clips = [dataset.pipeline[0] for dataset in (train, val)]
    assert clips[0].video == clips[1].video
    assert [clip.sampler.get("num_clips", 1) for clip in clips] == [1, 3 if "mini" in path else 10]


@pytest.mark.parametrize(
    ("name", "lr", "batch", "seconds", "gamma", "milestones"),
    [
        ("ucf101/r2plus1d18", 7e-5, 32, 2.0, 0.3, [8, 12, 16]),
        ("hmdb51/r2plus1d18", 1e-4, 32, 2.0, 0.3, [8, 12, 16]),
        ("ucf101/r2plus1d18_8frames", 5e-4, 64, 0.5, 0.3, [6, 10, 14]),
        ("hmdb51/r2plus1d18_8frames", 5e-4, 64, 0.5, 0.1, [6, 10, 14]),
    ],
)
def test_settings_of_crisscross_fine_tuning(name, lr, batch, seconds, gamma, milestones):
    cfg = Config.fromfile(ROOT / f"configs/benchmarks/{name}.py")
    assert cfg.optim_wrapper.optimizer == dict(type="SGD", lr=lr, momentum=0.9, weight_decay=0)
    assert cfg.train_dataloader.batch_size == batch
    # Their epoch has ten clips of each video.
    assert cfg.param_scheduler.milestones == [10 * epoch for epoch in milestones]
    assert (cfg.param_scheduler.gamma, cfg.train_cfg.max_epochs) == (gamma, 200)
    train = cfg.train_dataloader.dataset.pipeline
    assert train[0].video == dict(seconds=seconds, fps=16)
    assert train[1].video[1] == dict(type="Cutout", max_length=20)
    assert "GaussianBlur" not in str(train)
    assert cfg.model.pool == dict(type="MaxPool")
    classes = dict(ucf101=101, hmdb51=51)[name.split("/")[0]]
    assert (cfg.model.head.num_classes, cfg.model.head.init_std) == (classes, None)


def test_settings_of_retrieval():
    ours, published = (
        Config.fromfile(ROOT / f"configs/benchmarks/retrieval/ucf101{name}.py")
        for name in ("", "_selavi")
    )
    gallery, queries = pipelines(ours.test_dataloader.dataset)
    assert gallery == queries
    assert ours.model.pool == dict(type="MaxPool", kernel_size=(2, 2, 2), normalize="vector")
    gallery, queries = pipelines(published.test_dataloader.dataset)
    assert gallery[0].sampler == dict(type="random_clips", num_clips=10)
    assert queries[0].sampler == dict(type="uniform_clips", num_clips=10, include_end=False)
    assert gallery[0].video.seconds * gallery[0].video.fps == pytest.approx(32)
    assert published.model.data_preprocessor.mean == (114.75,) * 3
    assert METRICS.build(published.test_evaluator).topk == (1, 5, 10, 20, 50)


@pytest.mark.parametrize(
    ("name", "num_clips", "seconds", "cost"),
    [("esc50/r18", 10, 2.0, 1e-4), ("dcase/r18", 60, 1.0, None), ("esc50/r18_xdc", 10, 2.0, None)],
)
def test_settings_of_svms_on_sounds(name, num_clips, seconds, cost):
    cfg = Config.fromfile(ROOT / f"configs/benchmarks/{name}.py")
    metric = METRICS.build(cfg.test_evaluator)
    assert metric.cost == cost and metric.oracle
    assert metric.costs == (1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 1.0)
    bank, queries = pipelines(cfg.test_dataloader.dataset)
    assert bank[0].sampler.num_clips == num_clips and bank[0].audio.seconds == seconds
    if "xdc" not in name:
        assert queries[2] == dict(
            type="SpectrogramWindows", num_windows=num_clips, length=int(100 * seconds)
        )


@pytest.mark.parametrize("path", VIDEO)
def test_video_protocols_build(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.model.pretrained == ""
    assert "train_cfg" not in cfg
    model = MODELS.build(cfg.model)
    if cfg.model.backbone and cfg.model.backbone.type == "ResNet":
        assert cfg.model.backbone.strides == (1, 2, 1, 1)
        width = cfg.model.backbone.get("base_channels", 64)
        # ContrastCorr compares res5, all others res4.
        assert cfg.model.backbone.out_indices == ((3,) if "contrastcorr" in path else (2,))
        expansion = {18: 1, 50: 4}[cfg.model.backbone.depth]
        stage = cfg.model.backbone.out_indices[0]
        assert model.backbone.out_channels == (width * expansion * 2**stage,)
    METRICS.build(cfg.test_evaluator)
    assert cfg.test_dataloader.batch_size == 1
    first, *_, last = (TRANSFORMS.build(t) for t in cfg.test_dataloader.dataset.pipeline)
    assert (type(first).__name__, type(last).__name__) == ("LoadImage", "PackInputs")


@pytest.mark.parametrize("path", TRACKING)
def test_tracking_protocols_build(path):
    cfg = Config.fromfile(ROOT / path)
    model = MODELS.build(cfg.model)
    assert model.backbone.out_channels == (model.head.search.in_channels,)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    optimized = {id(p) for group in wrapper.optimizer.param_groups for p in group["params"]}
    assert optimized == {id(p) for p in model.head.parameters()}
    PARAM_SCHEDULERS.build(dict(cfg.param_scheduler, optimizer=wrapper))
    epochs = cfg.train_cfg.max_epochs
    assert cfg.param_scheduler.gamma**epochs == pytest.approx(0.01, rel=1e-3)
    METRICS.build(cfg.test_evaluator)


@pytest.mark.parametrize("path", CONFIGS)
def test_header_says_how_to_run_it(path):
    header = (ROOT / path).read_text().split('"""')[1]
    tool = "train" if path in TRAINED + TRACKING + ACTIONS else "test"
    for text in (
        f"tools/{tool}.py {path}",
        "Cost",
        "Expected",
    ):
        assert text in header
    # Nothing to distribute without a network.
    weightless = Path(path).stem in ("color", "copy_first")
    assert (f"bash tools/dist_{tool}.sh {path}" in header) != weightless
    assert "ours" in header.lower() or "docs/evaluation.md" in header


@pytest.mark.parametrize(
    ("name", "optimizer", "batch", "epochs", "schedule"),
    [
        ("r50_imagenet", dict(type="SGD", lr=30, momentum=0.9, weight_decay=0), 256, 100, [60, 80]),
        (
            "r50_imagenet_simclr",
            dict(type="SGD", lr=0.1 * 4096 / 256, momentum=0.9, nesterov=True, weight_decay=0),
            4096, 90, 90,
        ),
        (
            "r50_imagenet_lars",
            dict(type="LARS", lr=1.6, momentum=0.9, weight_decay=0), 4096, 90, 90,
        ),
        (
            "r50_imagenet_multistage",
            dict(type="SGD", lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4),
            256, 90, [30, 60, 90],
        ),
    ],
)  # fmt: skip
def test_settings_of_linear_probes(name, optimizer, batch, epochs, schedule):
    cfg = Config.fromfile(ROOT / f"configs/benchmarks/linear/{name}.py")
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.param_scheduler.get("T_max", cfg.param_scheduler.get("milestones")) == schedule
    crop, flip = cfg.train_dataloader.dataset.pipeline[1:3]
    assert crop == dict(type="RandomResizedCrop", size=224, scale=(0.08, 1.0))
    assert flip == dict(type="HorizontalFlip", p=0.5)
    assert [t.get("size") for t in cfg.val_dataloader.dataset.pipeline[1:3]] == [256, 224]
    assert cfg.model.head.get("init_std", 0.01) == (0 if "simclr" in name else 0.01)


@pytest.mark.parametrize(("percent", "decay"), [(1, 5e-4), (10, 1e-4)])
def test_settings_of_few_labels_by_a_grid(percent, decay):
    cfg = Config.fromfile(
        ROOT / f"configs/benchmarks/semi_supervised/r50_imagenet_{percent}percent.py"
    )
    assert cfg.optim_wrapper.optimizer == dict(
        type="SGD", lr=0.01, momentum=0.9, weight_decay=decay
    )
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult == 100
    assert list(cfg.grid.values()) == [[1e-3, 1e-2, 1e-1], [1, 10, 100]]
    assert cfg.param_scheduler.milestones == [12, 16] and cfg.param_scheduler.gamma == 0.2
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr.base_batch_size) == (20, 256)
    assert cfg.train_dataloader.dataset.ann_file == f"../{percent}percent.txt"


@pytest.mark.parametrize(("percent", "epochs"), [(1, 60), (10, 30)])
def test_settings_of_few_labels_by_simclr(percent, epochs):
    name = f"semi_supervised/r50_imagenet_{percent}percent_simclr.py"
    cfg = Config.fromfile(ROOT / "configs/benchmarks" / name)
    assert cfg.optim_wrapper.optimizer == dict(
        type="SGD", lr=0.05 * 4096 / 256, momentum=0.9, nesterov=True, weight_decay=0
    )
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler.T_max == epochs
    assert cfg.auto_scale_lr.base_batch_size == 4096


def test_settings_of_knn_and_svm():
    cfg = Config.fromfile(ROOT / "configs/benchmarks/knn/imagenet.py")
    metric = METRICS.build(cfg.test_evaluator)
    assert (metric.k, metric.temperature) == ((10, 20, 100, 200), 0.07)
    for pipeline in pipelines(cfg.test_dataloader.dataset):
        assert [t.get("size") for t in pipeline[1:3]] == [256, 224]
    cfg = Config.fromfile(ROOT / "configs/benchmarks/svm_voc07.py")
    metric = METRICS.build(cfg.test_evaluator)
    assert (metric.shots, metric.num_draws) == ((1, 2, 4, 8, 16, 32, 64, 96), 5)
    sets = [part.image_set for part in cfg.test_dataloader.dataset.datasets]
    assert sets == ["trainval", "test"]
