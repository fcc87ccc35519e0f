"""The configs of MVGRL and CE-GZSL build, have the papers' settings, and train in small."""

import copy
import os
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

from mmcontrast.apis.training.inspect import check_config
from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import train
from mmcontrast.datasets.graph_files import read_tu
from mmcontrast.mini import make_mini
from mmcontrast.registry import METRICS, MODELS, TRANSFORMS
from tests.toy import unique_run

ROOT = Path(__file__).parents[1]
GRAPHS = sorted(path.stem for path in (ROOT / "configs/mvgrl").glob("*.py"))
UNSEEN = sorted(path.stem for path in (ROOT / "configs/cegzsl").glob("*.py"))
PATHS = [f"configs/mvgrl/{name}.py" for name in GRAPHS] + [
    f"configs/cegzsl/{name}.py" for name in UNSEEN
]


@pytest.mark.parametrize("path", PATHS)
def test_builds(path):
    cfg = Config.fromfile(ROOT / path)
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    if "param_scheduler" in cfg:
        for part in wrapper.values():
            assert PARAM_SCHEDULERS.build(cfg.param_scheduler, default_args=dict(optimizer=part))
    for transform in cfg.train_dataloader.dataset.get("prepare", ()):
        assert TRANSFORMS.build(transform)
    evaluators = cfg.val_evaluator if isinstance(cfg.val_evaluator, list) else [cfg.val_evaluator]
    assert all(METRICS.build(metric) for metric in evaluators)
    # Training and validation have the same graph, or set.
    for key in ("prepare", "source", "data_root", "path"):
        assert cfg.train_dataloader.dataset.get(key) == cfg.val_dataloader.dataset.get(key)
    assert cfg.train_cfg.max_epochs % cfg.train_cfg.val_interval == 0


@pytest.mark.parametrize("path", PATHS)
def test_header_says_how_to_run_it(path):
    header = (ROOT / path).read_text().split('"""')[1]
    last = Config.fromfile(ROOT / path).train_cfg.max_epochs
    for text in (
        f"python tools/train.py {path}",
        f"bash tools/dist_train.sh {path}",
        f"epoch_{last}.pth",
        "Data: ",
        "Cost: ",
        "Expected: ",
        "max_epochs",
    ):
        assert text in header


@pytest.mark.parametrize(
    ("name", "channels", "largest"),
    [("cora", 1433, None), ("citeseer", 3703, None), ("pubmed", 500, None), ("mutag", 12, 188),
     ("ptc_mr", 23, 344), ("imdb_binary", 136, 1000), ("imdb_multi", 89, 1500)],
)  # fmt: skip
def test_settings_of_mvgrl(name, channels, largest):
    cfg = Config.fromfile(ROOT / f"configs/mvgrl/{name}.py")
    assert cfg.model.encoder.in_channels == channels
    assert cfg.model.encoder.hidden_channels == 512
    assert cfg.optim_wrapper.optimizer == dict(type="Adam", lr=1e-3)
    if largest:
        assert cfg.train_dataloader.drop_last
        # What is left after an epoch's batches is never a graph by itself in a batch of its own.
        assert cfg.train_dataloader.batch_size < largest
    else:
        assert cfg.train_dataloader.dataset.repeat * cfg.train_cfg.max_epochs == 300


@pytest.mark.skipif(
    "MMCONTRAST_DATA" not in os.environ, reason="MMCONTRAST_DATA, real graphs, is not set"
)
@pytest.mark.parametrize("name", ["mutag", "ptc_mr", "proteins", "imdb_binary", "imdb_multi"])
def test_the_encoder_has_the_channels_of_the_files(name):
    cfg = Config.fromfile(ROOT / f"configs/mvgrl/{name}.py")
    graphs = cfg.train_dataloader.dataset
    folder = Path(os.environ["MMCONTRAST_DATA"], "graphs/tu", Path(graphs.data_root).name)
    stored = read_tu(folder, degrees=graphs.get("degrees", False))
    assert stored[0].features.shape[1] == cfg.model.encoder.in_channels


@pytest.mark.parametrize(
    ("name", "noise", "attributes", "synthesized", "rows", "weight", "lr", "decay", "seed"),
    [
        ("awa1", 85, 85, 1800, 4096, 0.001, 1e-4, 50, 9182),
        ("awa2", 85, 85, 2400, 4096, 0.001, 1e-4, 10, 9182),
        ("cub", 1024, 1024, 100, 2048, 0.001, 1e-4, 100, 3483),
        ("flo", 512, 1024, 600, 3072, 0.01, 1e-4, 100, 806),
        ("sun", 102, 102, 100, 4096, 0.01, 5e-5, 100, 4115),
    ],
)
def test_settings_of_cegzsl(name, noise, attributes, synthesized, rows, weight, lr, decay, seed):
    cfg = Config.fromfile(ROOT / f"configs/cegzsl/{name}.py")
    assert cfg.model.generator.num_noise == noise
    assert cfg.model.generator.num_attributes == cfg.model.critic.num_attributes == attributes
    assert cfg.model.num_synthesized == synthesized
    assert cfg.model.instance_weight == cfg.model.class_weight == weight
    assert cfg.train_dataloader.dataset.num_rows == rows
    assert cfg.train_dataloader.dataset.num_batches == 5
    for part in ("critic", "generator"):
        optimizer = cfg.optim_wrapper[part].optimizer
        assert optimizer == dict(type="Adam", lr=lr, betas=(0.5, 0.999))
    assert cfg.param_scheduler == dict(type="StepLR", step_size=decay, gamma=0.99, by_epoch=True)
    assert cfg.randomness.seed == seed


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini")
    make_mini(root / "data/mini", layouts=("graphs", "zeroshot"))
    return root


@pytest.mark.parametrize("path", ["mvgrl/mini_node", "mvgrl/mini_graph", "cegzsl/mini"])
def test_mini_trains_resumes_and_is_tested(path, world, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(world)
    config = str(ROOT / f"configs/{path}.py")
    short = [
        unique_run(), "train_cfg.max_epochs=2", "train_cfg.val_interval=2",
        "default_hooks.checkpoint.interval=1", "default_hooks.curves=None",
    ]  # fmt: skip
    if path == "mvgrl/mini_node":
        short += ["train_dataloader.dataset.repeat=5", "val_evaluator.0.repeats=2"]
    if path == "cegzsl/mini":
        short += ["train_dataloader.num_workers=0", "train_dataloader.persistent_workers=False"]
    work_dir = str(tmp_path / "run")
    train(config, work_dir=work_dir, cfg_options=[*short, "train_cfg.max_epochs=1"])
    runner = train(config, work_dir=work_dir, resume="auto", cfg_options=short)
    assert runner.epoch == 2
    whole = train(config, work_dir=str(tmp_path / "whole"), cfg_options=short)
    for name, value in whole.model.state_dict().items():
        assert (value == runner.model.state_dict()[name]).all(), name
    metrics = evaluate(
        config, os.path.join(work_dir, "epoch_2.pth"), work_dir=str(tmp_path / "test"),
        cfg_options=short,
    )  # fmt: skip
    wanted = {
        "mvgrl/mini_node": ("nodes/logistic_test", "nodes/raw_logistic_test",
                            "untrained/nodes/logistic_test", "nodes/adam_last_step_test"),
        "mvgrl/mini_graph": ("graphs/svm_10_folds", "graphs/raw_svm_10_folds",
                             "untrained/graphs/svm_10_folds", "graphs/largest_class"),
        "cegzsl/mini": ("gzsl/U", "gzsl/S", "gzsl/H", "gzsl/T1", "gzsl/eszsl/H"),
    }[path]  # fmt: skip
    assert set(wanted) <= set(metrics)
    of_what = {
        "mvgrl/mini_node": "nodes/logistic: split of the file, 60 nodes to train, C chosen on 150",
        "mvgrl/mini_graph": "graphs: 10 folds of 120 graphs (seed 0)",
        "cegzsl/mini": "gzsl: test, 240 rows of 12 seen and 80 of 4 unseen classes",
    }[path]
    printed = capsys.readouterr().out
    assert of_what in printed
    if path != "cegzsl/mini":  # under the table
        assert of_what in printed[printed.index("| raw features |") :]


@pytest.mark.parametrize(("name", "channels"), [("mini_node", 300), ("mini_graph", 4)])
def test_features_of_another_length_are_one_message(name, channels, world, tmp_path, monkeypatch):
    monkeypatch.chdir(world)
    message = f"in_channels={channels - 1}, but the nodes have {channels} features"
    options = [unique_run(), f"model.encoder.in_channels={channels - 1}"]
    config = str(ROOT / f"configs/mvgrl/{name}.py")
    with pytest.raises(ValueError, match=message):  # tools/train.py shows it without a traceback
        train(config, work_dir=str(tmp_path), cfg_options=options)


def test_check_of_a_config_with_two_optimizers(world, monkeypatch, capsys):
    monkeypatch.chdir(world)
    check_config(str(ROOT / "configs/cegzsl/mini.py"), [unique_run()])
    assert "Adam and Adam" in capsys.readouterr().out
