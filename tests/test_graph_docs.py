"""docs/graphs_and_unseen_classes.md: its Python runs, its configs build, its commands exist."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from mmcontrast.apis.training.config import load_config
from mmcontrast.cli.main import parse
from mmcontrast.cli.parsers import make_parser
from mmcontrast.datasets.graph_files import read_npz
from mmcontrast.mini import make_mini
from mmcontrast.registry import DATASETS, MODELS
from tests.toy import ROOT

PAGE = (ROOT / "docs/graphs_and_unseen_classes.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]


def commands():
    for text in (text for language, text in BLOCKS if language == "bash"):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project's root with the mini-world in it, where the page's snippets are run in order."""
    root = tmp_path_factory.mktemp("page")
    make_mini(root / "data/mini", layouts=["graphs", "zeroshot"])
    (root / "configs").symlink_to(ROOT / "configs")
    return root


def test_commands_exist():
    found = list(commands())
    assert {words[1] for words in found} >= {
        "tools/train.py", "tools/test.py", "tools/sweep.py", "tools/extract_features.py",
        "tools/visualize.py", "tools/data/make_mini.py",
    }  # fmt: skip
    for words in found:
        assert words[0] == "python"
        name = Path(words[1]).stem.replace("_", "-")
        parse(make_parser(name), words[2:], pass_on=name == "sweep")
        configs = [word for word in words if word.startswith("configs/")]
        assert all((ROOT / config).is_file() for config in configs)


def test_own_graph(folder, monkeypatch):
    monkeypatch.chdir(folder)
    tables, config = (text for text in PYTHON if "edges.csv" in text)
    exec(tables, {})
    (folder / "my_graph.py").write_text(config)
    cfg = load_config(folder / "my_graph.py")
    MODELS.build(cfg.model)
    sample = DATASETS.build(cfg.val_dataloader.dataset)[0]
    assert sample["inputs"]["features"].shape == (600, cfg.model.encoder.in_channels)
    masks = sample["data_sample"]["masks"]
    assert {name: mask.sum() for name, mask in masks.items()} == dict(train=120, val=150, test=330)
    original = np.load("data/mini/graphs/citations.npz")
    np.testing.assert_array_equal(sample["data_sample"]["node_labels"], original["y"])
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 50


def test_graphs_of_torch_geometric(folder, monkeypatch):
    pytest.importorskip("torch_geometric")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    writer, config, function, large = (
        text for text in PYTHON if "citations.pt" in text or "load_pyg" in text
    )
    exec(writer, {})
    (folder / "my_parts.py").write_text(function)
    original = read_npz("data/mini/graphs/citations.npz")
    for name, text, count in (("pyg", config, 50), ("large", large, 200)):
        path = folder / f"my_{name}_graph.py"
        path.write_text(text)
        cfg = load_config(path)
        MODELS.build(cfg.model)
        train = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(train) == count
        sizes = [sample["graph"].num_nodes for sample in train.samples]
        assert sum(sizes) == 600 and len(sizes) == count // 50
        sample = DATASETS.build(cfg.val_dataloader.dataset)[0]["data_sample"]
        np.testing.assert_array_equal(sample["node_labels"], original.node_labels)
        for split, mask in original.masks.items():
            np.testing.assert_array_equal(sample["masks"][split], mask)


def test_own_classes(folder, monkeypatch):
    monkeypatch.chdir(folder)
    table, config = (text for text in PYTHON if "attributes.csv" in text)
    exec(table, {})
    names = ["cat", "turtle", "bicycle", "flower", "horse", "car"]
    rows = np.repeat(names, 5)
    features = np.random.default_rng(0).random((len(rows), 256), np.float32)
    np.savez("features.npz", **{"global": features, "class": rows})
    (folder / "my_classes.py").write_text(config)
    cfg = load_config(folder / "my_classes.py")
    method = MODELS.build(cfg.model)
    task = DATASETS.build(cfg.val_dataloader.dataset)
    inputs = task[0]["inputs"]
    assert inputs["attributes"].shape[1] == 36
    assert set(np.array(task.metainfo["classes"])[~inputs["seen"].numpy()]) == set(names[:4])
    generated = method.synthesize(inputs["attributes"][:2])
    assert generated.shape == (2 * cfg.model.num_synthesized, 256)
    assert method.extract({"feature": inputs["feature"]})["global"].shape[1] == 128


def test_from_python(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (code,) = (text for text in PYTHON if "MethodOnData" in text)
    exec(code.replace('"work_dirs/mvgrl/mini_node/epoch_6.pth"', "None"), {})
    assert "torch.Size([600, 512]) data/mini/graphs/citations.npz" in capsys.readouterr().out
