import importlib
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("lightly", reason="needs the extra 'bench'")
# Importing lightly takes seconds, too.
pytestmark = pytest.mark.slow


@pytest.fixture
def places(monkeypatch):
    monkeypatch.syspath_prepend("benchmarks")
    return importlib.import_module("places")


def one_hot(cells, grid):
    """A map (1, S, rows, columns) whose cell i has the feature of the source's cell cells[i]."""
    return torch.eye(16)[torch.tensor(cells)].t().reshape(1, 16, *grid)


WHOLE = dict(box=torch.tensor([[0.0, 0, 40, 40]]), flip=torch.tensor([False]))
MIRRORED = dict(WHOLE, flip=torch.tensor([True]))


class TestPercentRight:
    def test_equal_crops_with_equal_features(self, places):
        cells = one_hot(range(16), (4, 4))
        assert places.percent_right(cells, cells, WHOLE, WHOLE) == 100

    def test_a_flip_is_undone(self, places):
        cells = one_hot(range(16), (4, 4))
        assert places.percent_right(cells, cells.flip(3), WHOLE, MIRRORED) == 100
        # Without its flip, columns 1 and 2 are one cell apart, and columns 0 and 3 are three.
        assert places.percent_right(cells, cells.flip(3), WHOLE, WHOLE) == 50

    def test_one_cell_of_the_second_crop_is_right_and_two_are_wrong(self, places):
        near, far = (dict(WHOLE, box=torch.tensor([[x, 0, 40 + x, 40]])) for x in (10.0, 20.0))
        cells = one_hot(range(16), (4, 4))
        assert places.percent_right(cells, cells, WHOLE, near) == 100
        assert places.percent_right(cells, cells, WHOLE, far) == 0

    def test_only_mutual_pairs_count(self, places):
        first = one_hot([0, 1, 2, 3], (2, 2))
        # Cell 3 looks most like cell 0, which looks most like cell 0: the pair is not mutual.
        first[0, :, 1, 1] = torch.eye(16)[0] + torch.eye(16)[5]
        assert places.percent_right(
            first, one_hot([0, 1, 2, 7], (2, 2)), WHOLE, WHOLE
        ) == 100  # fmt: skip


def test_it_prints_its_figures(places, tmp_path, monkeypatch, capsys):
    noise = np.random.default_rng(0)
    for split, images in (("train", 32), ("val", 2)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(images):
                image = noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)
                Image.fromarray(image).save(tmp_path / split / name / f"{i}.JPEG")
    reduced = dict(VARIANTS=("cells", "lightly"), TRAINING_IMAGES=64, EPOCHS=1, PAIRS=2)
    for name, value in reduced.items():
        monkeypatch.setattr(places, name, value)
    command = ["places.py", "--data", str(tmp_path), "--seeds", "0", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    places.main()
    output = capsys.readouterr().out
    for variant in places.VARIANTS:
        for name in ("places", "knn"):
            assert re.search(rf"^figure {name}_{variant} \d+\.\d\d percent$", output, re.M)

    def train_again(*args):
        raise AssertionError("A training whose scores are kept was repeated.")

    monkeypatch.setattr(places, "build_runner", train_again)
    places.main()
    assert capsys.readouterr().out.endswith(output[output.index("variant ") :])
