"""Graphs, nodes and classes: features in files, and figures of them."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcontrast.apis.inference import visualize
from mmcontrast.apis.inference.extract import extract_features
from mmcontrast.apis.inference.feature_table import FeatureTable
from mmcontrast.apis.inference.method import MethodOnData
from mmcontrast.apis.reports.runs import read_runs
from mmcontrast.apis.training.test import test as evaluation
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.files import CheckpointError
from tests.toy import ROOT, unique_run

CONFIG = """
_base_ = {base!r}
model = dict(
    type='MVGRL', level='node', readout='mean_sigmoid',
    encoder=dict(type='GCN', in_channels=5, hidden_channels=8),
    loss=dict(type='MutualInformation', estimator='bce'),
    critic=dict(type='BilinearCritic', channels=8))
views = [dict(type='GraphViews', kind='ppr', keep='all')]
val_dataloader = dict(
    batch_size=1, num_workers=0, collate_fn=dict(type='collate_graphs'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='NpzGraph', path={graph!r}, prepare=views, raw=True))
graphs_dataloader = dict(
    batch_size=2, num_workers=0, collate_fn=dict(type='collate_graphs'),
    dataset=dict(type='TUGraphs', data_root={graphs!r}, prepare=views))
val_evaluator = dict(type='NodeProbe', protocol='adam', repeats=2)
val_cfg = dict(type='ValLoop')
compare_untrained = True
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
broken_dataloader = dict(dataset=dict(type='NpzGraph', path='nowhere.npz'))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A config, a graph of 12 nodes, three graphs of 4, 3 and 2 nodes, and a checkpoint."""
    root = tmp_path_factory.mktemp("graphs")
    rng = np.random.default_rng(0)
    node = np.arange(12)
    np.savez(
        root / "ring.npz",
        edge_index=np.stack([node, (node + 1) % 12]),
        x=rng.random((12, 5), np.float32),
        y=node % 3,
        train_mask=node < 4,
        test_mask=node > 6,
        unlabeled_mask=node == 5,
    )
    (root / "TU").mkdir()
    for name, lines in dict(
        A=["1, 2", "2, 3", "3, 4", "5, 6", "6, 7", "8, 9"],
        graph_indicator=["1"] * 4 + ["2"] * 3 + ["3"] * 2,
        graph_labels=["-1", "1", "-1"],
        node_labels=list("123451234"),
    ).items():
        (root / f"TU/TU_{name}.txt").write_text("\n".join(lines) + "\n")
    base = str(ROOT / "configs/_base_/default_runtime.py")
    paths = dict(graph=str(root / "ring.npz"), graphs=str(root / "TU"))
    (root / "config.py").write_text(CONFIG.format(base=base, **paths))
    method = MethodOnData(None, root / "config.py", device="cpu").method
    for parameter in method.parameters():
        parameter.data += 0.1
    torch.save(dict(state_dict=method.state_dict()), root / "a.pth")
    return root


def extract(folder, out, checkpoint="a.pth", source="val_dataloader", **settings):
    checkpoint = checkpoint and str(folder / checkpoint)
    config = str(folder / "config.py")
    return extract_features(checkpoint, source, out, config=config, device="cpu", **settings)


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_a_row_a_node(folder, tmp_path, suffix):
    out = tmp_path / f"nodes.{suffix}"
    assert extract(folder, out, nodes=True) == 12
    table = FeatureTable.read(out)
    assert table.nodes.tolist() == list(range(12))
    assert table.labels.tolist() == [0, 1, 2, 0, 1, -1, 0, 1, 2, 0, 1, 2]
    data = MethodOnData(folder / "a.pth", folder / "config.py", device="cpu")
    (prediction,) = data.predict()
    np.testing.assert_allclose(table.features, prediction["nodes"], rtol=1e-5)
    assert table.name(3) == "node 3, class 0" and table.name(5) == "node 5"


def test_parts_of_the_split_are_named(folder, tmp_path):
    extract(folder, tmp_path / "n.npz", nodes=True)
    with np.load(tmp_path / "n.npz") as table:
        assert table["split"].tolist() == ["train"] * 4 + [""] * 3 + ["test"] * 5


def test_a_row_a_graph(folder, tmp_path):
    out = tmp_path / "graphs.npz"
    assert extract(folder, out, source="graphs_dataloader") == 3
    with np.load(out) as table:
        assert table["label"].tolist() == [0, 1, 0] and table["class"].tolist() == ["0", "1", "0"]
        assert table["global"].shape == (3, 8)
        trained = table["global"]
    assert extract(folder, out, source="graphs_dataloader", nodes=True) == 9
    assert FeatureTable.read(out).name(4) == "node 0 of TU, graph 2"
    extract(folder, out, checkpoint=None, source="graphs_dataloader")
    with np.load(out) as table:
        assert not np.allclose(table["global"], trained), "that is the untrained network"


def test_clear_errors(folder, tmp_path):
    out = tmp_path / "a.npz"
    with pytest.raises(UserError, match="no data loader 'train'"):
        extract(folder, out, source="train")
    with pytest.raises(UserError, match=r"There is no graph nowhere\.npz"):
        extract(folder, out, source="broken_dataloader")
    with pytest.raises(UserError, match="no backbone for images: no --dense"):
        extract(folder, out, dense=True)
    with pytest.raises(UserError, match="Images have no nodes"):
        extract_features(None, str(folder), out, nodes=True)
    wrong = torch.load(folder / "a.pth")["state_dict"]
    wrong.popitem()
    torch.save(dict(state_dict=wrong), tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match="at least 100% are asked for"):
        MethodOnData(tmp_path / "b.pth", folder / "config.py")
    torch.save(dict(state_dict=dict(a=1)), tmp_path / "c.pth")
    with pytest.raises(CheckpointError, match="no state_dict of a training"):
        MethodOnData(tmp_path / "c.pth", folder / "config.py")
    assert not out.exists()


def test_the_untrained_network_and_raw_features_stand_beside(folder, tmp_path):
    def evaluate(checkpoint):
        return evaluation(str(folder / "config.py"), checkpoint, work_dir=str(tmp_path))

    trained, untrained = evaluate(str(folder / "a.pth")), evaluate(None)
    name = "nodes/adam_last_step_test"
    assert trained[f"untrained/{name}"] == untrained[name]
    assert trained["nodes/raw_adam_last_step_test"] == untrained["nodes/raw_adam_last_step_test"]
    assert not [key for key in trained if key.startswith("untrained/") and "raw" in key]
    (log,) = (path for path in tmp_path.rglob("*.log") if "raw features" in path.read_text())
    rows = [line.split("|") for line in log.read_text().splitlines() if line.startswith("| nodes")]
    values = (trained[name], untrained[name], untrained["nodes/raw_adam_last_step_test"])
    assert rows[0] == ["", f" {name} ", *(f" {value:.2f} " for value in values), ""]


def test_the_file_of_results_is_about_the_checkpoint(folder, tmp_path):
    """Not about the untrained network, which is tested after it."""
    state = torch.load(folder / "a.pth")["state_dict"]
    torch.manual_seed(1)
    state = {name: torch.randn_like(tensor) for name, tensor in state.items()}
    torch.save(dict(state_dict=state), tmp_path / "b.pth")
    work_dir = tmp_path / "work"
    config, checkpoint = str(folder / "config.py"), str(tmp_path / "b.pth")
    metrics = evaluation(config, checkpoint, work_dir=str(work_dir), cfg_options=[unique_run()])
    name = "nodes/adam_last_step_test"
    assert metrics[name] != metrics[f"untrained/{name}"]
    (run,) = read_runs(work_dir)
    assert run.metrics[name] == metrics[name] and run.origin == checkpoint


# Figures ----------------------------------------------------------------------------------------


def is_drawn(path):
    with Image.open(path) as image:
        return image.width > 500 and len(set(image.convert("L").tobytes())) > 50


def test_figures_of_a_table(folder, tmp_path):
    table = str(tmp_path / "n.npz")
    extract(folder, table, nodes=True)
    for number, settings in enumerate((dict(method="pca"), dict(num=5))):
        visualize.visualize_embedding(None, table, tmp_path / f"{number}.png", **settings)
        assert is_drawn(tmp_path / f"{number}.png")
    visualize.visualize_neighbors(table, 5, tmp_path / "near.png", num=4)
    assert is_drawn(tmp_path / "near.png")
    with pytest.raises(UserError, match="A row is 0 to 11"):
        visualize.visualize_neighbors(table, 12, tmp_path / "near.png")


def test_tables_of_something_else(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3), label=np.zeros(3, int))
    with pytest.raises(UserError, match=r"has no global and no path: it is no table of"):
        FeatureTable.read(tmp_path / "a.npz")
    with pytest.raises(UserError, match="There is no table"):
        FeatureTable.read(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("labels", "expected", "names"),
    [
        (np.array([2.0, np.nan, 0]), [2, -1, 0], []),
        (np.array([[2], [-1], [0]]), [2, -1, 0], []),
        (np.array(["dog", "", "cat"]), [1, -1, 0], ["cat", "dog"]),
    ],
)
def test_forms_of_labels_in_a_table(tmp_path, labels, expected, names):
    columns = {"path": np.array(["a"] * 3), "label": labels, "global": np.eye(3)}
    np.savez(tmp_path / "a.npz", **columns)
    table = FeatureTable.read(tmp_path / "a.npz")
    assert table.labels.tolist() == expected and table.classes == names
    np.savez(tmp_path / "a.npz", **{**columns, "label": np.array([0.5, 1, 2])})
    with pytest.raises(ValueError, match=r"a\.npz: labels are integers, got 0\.5"):
        FeatureTable.read(tmp_path / "a.npz")


def test_unseen_classes_are_named_so(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        path=np.array(["a"] * 3),
        label=np.array([2, 0, -1]),
        split=np.array(["unseen", "seen", "seen"]),
        **{"class": np.array(["cat", "dog", ""]), "global": np.eye(3)},
    )
    assert FeatureTable.read(tmp_path / "a.npz").classes == ["dog", "1", "cat (unseen)"]


def test_confusion_is_of_the_last_epoch(monkeypatch, tmp_path):
    labels = np.array([0, 0, 1, 2])
    prediction = dict(
        path="set/res101.mat",
        label=labels,
        seen=np.array([True, False, True]),
        classes=("dog", "cat", "hen"),
        generalized=torch.stack([torch.zeros(4, dtype=torch.long), torch.from_numpy(labels)]),
    )
    drawn = []

    class Fake:
        def __init__(self, checkpoint, config, device):
            self.predictions = [prediction] if config == "zero.py" else [dict(nodes=1)]

        def predict(self):
            return iter(self.predictions)

    monkeypatch.setattr(visualize, "MethodOnData", Fake)
    draw = visualize.draw_confusion
    monkeypatch.setattr(
        visualize, "draw_confusion", lambda *args: drawn.append(args[0]) or draw(*args)
    )
    visualize.visualize_confusion(None, "zero.py", tmp_path / "a.png")
    assert is_drawn(tmp_path / "a.png")
    np.testing.assert_array_equal(drawn[0], np.eye(3))
    with pytest.raises(UserError, match="does not classify seen and unseen classes"):
        visualize.visualize_confusion(None, "graph.py", tmp_path / "a.png")
