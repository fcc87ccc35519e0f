"""Images from files to files."""

import json

import numpy as np
import pytest
from PIL import Image

from mmcontrast.apis.inference import visualize
from mmcontrast.utils.errors import UserError
from tests.datasets.conftest import photo
from tests.toy import write_config


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number in range(6):
        path = folder / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(photo(60, 50, number)).save(path)
    return folder


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    config = write_config(tmp_path_factory.mktemp("toy"))
    return visualize.FeatureExtractor(None, config, device="cpu", size=64)


def is_drawn(path):
    with Image.open(path) as image:
        return image.width > 500 and len(set(image.convert("L").tobytes())) > 50


def test_correspondence(extractor, images, tmp_path):
    first, second = str(images / "dog/0.png"), str(images / "cat/1.png")
    outs = [tmp_path / f"{name}.png" for name in ("two", "crops", "same", "other")]
    draw = visualize.visualize_correspondence
    draw(extractor, [first, second], outs[0], threshold=0.5)
    draw(extractor, [first], outs[1], threshold=0.5)
    draw(extractor, [first], outs[2], threshold=0.5)
    draw(extractor, [first], outs[3], threshold=0.5, seed=1)
    assert all(map(is_drawn, outs))
    assert outs[1].read_bytes() == outs[2].read_bytes() != outs[3].read_bytes()
    with pytest.raises(UserError, match="between -1 and 1, got 2"):
        draw(extractor, [first], outs[0], threshold=2)
    with pytest.raises(UserError, match="one image or two, got 3"):
        draw(extractor, [first] * 3, outs[0])


def test_similarity(extractor, images, tmp_path):
    pair = [str(images / "dog/0.png"), str(images / "cat/1.png")]
    visualize.visualize_similarity(extractor, pair, None, tmp_path / "a.png")
    visualize.visualize_similarity(extractor, pair, (30, 20), tmp_path / "b.png")
    assert is_drawn(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    # The network sees the whole image, unless it is asked for the square in the middle.
    visualize.visualize_similarity(extractor, pair, (0, 0), tmp_path / "c.png")
    with pytest.raises(UserError, match=r"outside the part of 0\.png"):
        visualize.visualize_similarity(extractor, pair, (0, 0), tmp_path / "d.png", crop=True)
    with pytest.raises(UserError, match="Cannot read the image nowhere"):
        visualize.visualize_similarity(extractor, ["nowhere.png"] * 2, None, tmp_path / "d.png")


def test_the_whole_image_keeps_its_aspect_ratio(extractor, images, monkeypatch, tmp_path):
    shapes = []
    monkeypatch.setattr(
        visualize,
        "draw_similarity",
        lambda views, maps, point: (
            shapes.extend((v.box, m.shape) for v, m in zip(views, maps, strict=True))
            or visualize.draw_dense_pca(views, maps)
        ),
    )
    pair = [str(images / "dog/0.png"), str(tmp_path / "wide.png")]
    Image.fromarray(photo(100, 50)).save(pair[1])
    visualize.visualize_similarity(extractor, pair, None, tmp_path / "a.png")
    assert [box for box, _ in shapes] == [(0, 0, 60, 50), (0, 0, 100, 50)]
    # 64 x 80 and 64 x 128 pixels: sides are multiples of a cell's 16.
    assert [tuple(shape) for _, shape in shapes] == [(24, 4, 5), (24, 4, 8)]


def test_neighbors_with_thumbnails(extractor, images, tmp_path):
    batch = extractor(images, dense=False)
    paths = [sample["path"] for sample in batch["data_samples"]]
    sizes = []
    for number, names in enumerate((paths, ["gone.png"] * len(paths))):
        table = tmp_path / f"{number}.npz"
        np.savez(table, path=names, label=[-1] * len(paths), **{"global": batch["global"].numpy()})
        out = tmp_path / f"{number}.png"
        visualize.visualize_neighbors(str(table), 2, out, num=3)
        assert is_drawn(out)
        with Image.open(out) as image:
            sizes.append(image.height)
    assert sizes[0] > sizes[1], "without images there is no row of the query"


def test_pca_of_images_and_folders(extractor, images, tmp_path):
    visualize.visualize_pca(extractor, [str(images / "dog/0.png"), str(images)], tmp_path / "a.png")
    assert is_drawn(tmp_path / "a.png")
    visualize.visualize_pca(extractor, [str(images)], tmp_path / "b.png", rim=1)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    with pytest.raises(UserError, match="rim=-1"):
        visualize.visualize_pca(extractor, [str(images)], tmp_path / "a.png", rim=-1)
    with pytest.raises(UserError, match="num=0"):
        visualize.visualize_pca(extractor, [str(images)], tmp_path / "a.png", num=0)


def test_embedding(extractor, images, tmp_path):
    for number, settings in enumerate((dict(thumbnails=True), dict(method="pca", num=4))):
        out = tmp_path / f"{number}.png"
        visualize.visualize_embedding(extractor, str(images), out, **settings)
        assert is_drawn(out)
    with pytest.raises(UserError, match=r"one of tsne, pca, umap, got 'lda'"):
        visualize.visualize_embedding(extractor, str(images), out, method="lda")
    with pytest.raises(UserError, match="is not a folder"):
        visualize.visualize_embedding(extractor, str(images / "dog/0.png"), out)


def test_curves(tmp_path):
    for name in "ab":
        log = tmp_path / name / "20260101_100000/vis_data/scalars.json"
        log.parent.mkdir(parents=True)
        log.write_text("".join(json.dumps(dict(step=s, loss=1 / s)) + "\n" for s in (1, 2, 3)))
    visualize.visualize_curves([str(tmp_path / name) for name in "ab"], tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 300
    with pytest.raises(UserError, match="nowhere has no logged metrics"):
        visualize.visualize_curves(["nowhere"], tmp_path / "c.png")


def test_clear_errors(extractor, images, tmp_path):
    with pytest.raises(UserError, match="cannot draw"):
        visualize.visualize_pca(extractor, [str(images)], tmp_path / "a.unknown")
    with pytest.raises(UserError, match="Cannot read the image nowhere"):
        visualize.visualize_pca(extractor, ["nowhere.png"], tmp_path / "a.png")
    with pytest.raises(UserError, match="Cannot read the image nowhere"):
        visualize.visualize_correspondence(extractor, ["nowhere.png"], tmp_path / "a.png")
