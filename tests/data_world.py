"""Small data at every path that the configs name, written from the mini-world.

Sizes that a config states, such as the number of features of Cora's nodes, are those of the data
sets.
"""

import collections
import itertools
import json
import pickle
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from scipy import sparse
from scipy.io import savemat

from mmcontrast.apis.data.probe import probe_videos
from mmcontrast.datasets.audiovisual.kinetics import KINETICS_SOUND
from mmcontrast.datasets.voc import VOC_CLASSES
from mmcontrast.mini import make_mini
from mmcontrast.mini.categories import CLASSES

COUNTS = dict(
    imagenet=(64, 32), voc=(6, 3), coco=(6, 3), videos=(8, 0), davis=(0, 2), jhmdb=(0, 2),
    vip=(0, 2), otb=(0, 4), audiovisual=(24, 8), graphs=(120, 0), zeroshot=(480, 320),
)  # fmt: skip
# Features of a node and classes; attributes of a class and the file of the splits.
PLANETOID = dict(cora=(1433, 7), citeseer=(3703, 6), pubmed=(500, 3))
UNSEEN = dict(AWA1=(85, "att"), AWA2=(85, "att"), CUB=(1024, "sent"), FLO=(1024, "att"),
              SUN=(102, "att"))  # fmt: skip
# Labels of the nodes and the largest degree.
TU = {"MUTAG": (7, 4), "PTC_MR": (18, 4), "PROTEINS": (3, 25), "IMDB-BINARY": (0, 135),
      "IMDB-MULTI": (0, 88), "REDDIT-BINARY": (0, 3062)}  # fmt: skip


def write_images(data: Path) -> None:
    """ImageNet, Tiny ImageNet and CIFAR-10, of the mini-world's classes."""
    mini = data / "mini/imagenet"
    for split in ("train", "val"):
        for name in ("imagenet", "tinyimagenet"):
            _link(mini / split, data / name / split)
        _link(mini / split, data / "cifar10" / dict(train="train", val="test")[split])
    paths = sorted((mini / "train").glob("*/*.jpg"))
    lines = "".join(f"{path.relative_to(mini / 'train')}\n" for path in paths)
    for folder in (mini, data / "imagenet"):
        for share in (1, 10):
            (folder / f"{share}percent.txt").write_text(lines)


def write_videos(data: Path) -> None:
    """Kinetics, TrackingNet, DAVIS, JHMDB, VIP, OTB and GOT-10k."""
    mini = data / "mini"
    _link(mini / "videos", data / "kinetics400/videos_train")
    names = sorted(path.name for path in (mini / "videos").glob("*.mp4"))
    list_file = data / "kinetics400/kinetics400_train_list_videos.txt"
    list_file.write_text("".join(f"{name} 0\n" for name in names))
    for name, source in (("DAVIS", "davis"), ("JHMDB", "jhmdb"), ("VIP_Fine", "vip"),
                         ("OTB100", "otb")):  # fmt: skip
        _link(mini / source, data / name)
    for sequence in (mini / "otb").glob("*/"):
        folder = data / "GOT-10k/train" / sequence.name
        shutil.copytree(sequence / "img", folder)
        shutil.copyfile(sequence / "groundtruth_rect.txt", folder / "groundtruth.txt")
    lists = mini / "davis/ImageSets"
    shutil.copytree(lists / "2017", lists / "2016")
    frames = sorted((mini / "davis/JPEGImages/480p").iterdir())
    for folder in frames:
        _link(folder, data / "vos" / folder.name / "JPEGImages")
        masks = mini / "davis/Annotations/480p" / folder.name
        _link(masks, data / "vos" / folder.name / "Annotations")
    for number in range(12):
        chunk = data / f"trackingnet/TRAIN_{number}"
        (chunk / "anno").mkdir(parents=True)
        for index in range(4):
            name = f"{number}_{index}"
            (chunk / "anno" / f"{name}.txt").touch()
            _link(frames[index % len(frames)], chunk / "frames" / name)


def write_actions(data: Path) -> None:
    """UCF101, HMDB51, Kinetics-Sound and AudioSet, of the mini-world's clips with sound."""
    source = data / "mini/audiovisual"
    videos = {split: sorted((source / split).glob("*/*.mp4")) for split in ("train", "val")}
    names = sorted({path.parent.name for path in videos["train"]})
    for name in names:
        for split in ("train", "val"):
            for path in (source / split / name).glob("*.mp4"):
                for folder in ("ucf101/UCF-101", "hmdb51/hmdb51_org"):
                    _link(path, data / folder / name / f"{split}_{path.name}")
    ucf, hmdb = data / "ucf101/ucfTrainTestlist", data / "hmdb51/testTrainMulti_7030_splits"
    ucf.mkdir()
    hmdb.mkdir()
    numbered = "".join(f"{number} {name}\n" for number, name in enumerate(names, start=1))
    (ucf / "classInd.txt").write_text(numbered)
    for split, subset, number in (("train", "train", 1), ("val", "test", 2)):
        lines = [f"{path.parent.name}/{split}_{path.name}\n" for path in videos[split]]
        (ucf / f"{subset}list01.txt").write_text("".join(lines))
        for name in names:
            with (hmdb / f"{name}_test_split1.txt").open("a") as file:
                file.writelines(
                    f"{split}_{path.name} {number}\n"
                    for path in videos[split]
                    if path.parent.name == name
                )
    for split, file in (("train", "train"), ("val", "validate")):
        rows = ["label,youtube_id,time_start,time_end,split\n"]
        for index, label in enumerate(KINETICS_SOUND):
            path = videos[split][index % len(videos[split])]
            video = f"{split:_<9}{index:02d}"  # ids of YouTube have 11 characters
            _link(path, data / f"kinetics400/{split}/{video}_000000_000010.mp4")
            rows.append(f"{label},{video},0,10,{split}\n")
        (data / f"kinetics400/{file}.csv").write_text("".join(rows))
    rows = ["# YTID, start_seconds, end_seconds, positive_labels\n"]
    for index, path in enumerate(videos["train"]):
        _link(path, data / f"audioset/unbalanced_train/segment__{index:02d}_0.000_10.000.mp4")
        rows.append(f'segment__{index:02d}, 0.000, 10.000, "/m/09x0r,/t/dd00088"\n')
    (data / "audioset/unbalanced_train_segments.csv").write_text("".join(rows))
    for folder in (data / "kinetics400/train", data / "audioset/unbalanced_train"):
        records = probe_videos(folder, workers=1)
        (folder / "meta.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in records))


def write_sounds(data: Path) -> None:
    """ESC-50, DCASE 2013 and spoken digits, of tones whose pitch is that of the class."""
    rows = ["filename,fold,target,category,esc10,src_file,take\n"]
    for fold, target in itertools.product(range(1, 6), range(3)):
        name = f"{fold}-{10 * fold + target}-A-{target}.wav"
        _save_tone(data / "ESC-50/audio" / name, target, 5.0)
        rows.append(f"{name},{fold},{target},sound {target},True,{10 * fold + target},A\n")
    (data / "ESC-50/meta").mkdir()
    (data / "ESC-50/meta/esc50.csv").write_text("".join(rows))
    for target, number in itertools.product(range(2), range(1, 4)):
        for folder in ("scenes_stereo", "scenes_stereo_testset"):
            path = data / "dcase2013" / folder / f"scene{'ab'[target]}{number:02d}.wav"
            _save_tone(path, target, 30.0)
    for target, take in itertools.product(range(3), range(2, 9)):
        _save_tone(data / f"fsdd/{target}_anna_{take}.wav", target, 0.5)


def write_graphs(data: Path) -> None:
    """The citation networks and TU Dortmund's sets."""
    (data / "planetoid").mkdir()
    for name, (num_features, num_classes) in PLANETOID.items():
        _write_planetoid(data / "planetoid", name, num_features, num_classes)
    for name, (num_labels, degree) in TU.items():
        _write_tu(data / name, num_labels, degree)


def write_unseen(data: Path) -> None:
    """The five sets of xlsa17, and features of one's own."""
    for name, (num_attributes, attributes) in UNSEEN.items():
        _write_xlsa(data / name, num_attributes, attributes)
    rng = np.random.default_rng(1)
    classes = ["german+shepherd", "lion", "cat", "dog", "horse", "cow"]
    (data / "zeroshot").mkdir()
    names = np.array(classes)[np.arange(240) % len(classes)]
    np.savez(
        data / "zeroshot/features.npz",
        **{"path": np.arange(240).astype(str), "label": np.arange(240) % len(classes)},
        **{"class": names, "global": rng.random((240, 512), np.float32)},
    )
    header = ",".join(["class", *(f"a{index}" for index in range(85))])
    rows = (",".join([name, *map(str, rng.random(85).round(3))]) for name in classes)
    (data / "zeroshot/attributes.csv").write_text("\n".join([header, *rows]) + "\n")


def write_downstream(data: Path) -> None:
    """COCO, VOC, Cityscapes, ADE20K, CamVid and Penn-Fudan, for mmdet and mmseg."""
    voc, coco = data / "mini/voc/VOC2012", data / "mini/coco"
    shutil.copytree(coco, data / "coco")
    annotations = data / "coco/annotations"
    for path in annotations.glob("*.json"):
        # An untrained detector finds things of all of COCO's classes.
        content = json.loads(path.read_text())
        names = coco_classes()
        content["categories"] = [dict(id=i, name=name) for i, name in enumerate(names, start=1)]
        path.write_text(json.dumps(content))
    whole, tenth = (annotations / f"instances_train2017{end}.json" for end in ("", "_10percent"))
    content = json.loads(whole.read_text())
    content["images"] = content["images"][:4]
    tenth.write_text(json.dumps(content))
    for year in ("VOC2007", "VOC2012"):
        copy = Path(shutil.copytree(voc, data / "VOCdevkit" / year))
        for path in (copy / "Annotations").glob("*.xml"):
            path.write_text(_with_classes_of_voc(path.read_text()))
        shutil.copytree(copy / "SegmentationClass", copy / "SegmentationClassAug")
        for kind, split, name in (("Main", "val", "test"), ("Segmentation", "train", "aug")):
            lists = copy / "ImageSets" / kind
            shutil.copyfile(lists / f"{split}.txt", lists / f"{name}.txt")
    _write_masks(data, voc)
    people = data / "pennfudan100"
    shutil.copytree(coco / "train2017", people / "images")
    (people / "annotations").mkdir()
    for entry in content["annotations"]:
        entry["category_id"] = 1
    content["categories"] = [dict(id=1, name="pedestrian")]
    for split in ("train", "val"):
        (people / "annotations" / f"{split}.json").write_text(json.dumps(content))


def write_all(data: Path) -> None:
    """All of them, in ``data``."""
    make_mini(data / "mini", layouts=list(COUNTS), num_images=COUNTS)
    for write in (
        write_images, write_videos, write_actions, write_sounds, write_graphs, write_unseen,
        write_downstream,
    ):  # fmt: skip
        write(data)


def coco_classes() -> tuple[str, ...]:
    """COCO's 80 names."""
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO["classes"]


def _link(source: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(source.resolve(), target_is_directory=True)


def _save_tone(path: Path, target: int, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(int(8000 * seconds)) / 8000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 300 * (target + 1) * times), 8000)


def _write_planetoid(folder: Path, name: str, num_features: int, num_classes: int) -> None:
    """A ring of 120 nodes, of which the last 40 are tests."""
    num_nodes, num_test = 120, 40
    rng = np.random.default_rng(0)
    x = sparse.csr_matrix((rng.random((num_nodes, num_features)) < 0.05).astype(np.float32))
    y = np.eye(num_classes, dtype=np.int32)[np.arange(num_nodes) % num_classes]
    rest = num_nodes - num_test
    neighbors = {v: [(v - 1) % num_nodes, (v + 1) % num_nodes] for v in range(num_nodes)}
    parts = dict(
        x=x[:20], y=y[:20], allx=x[:rest], ally=y[:rest], tx=x[rest:], ty=y[rest:],
        graph=collections.defaultdict(list, neighbors),
    )  # fmt: skip
    for part, value in parts.items():
        (folder / f"ind.{name}.{part}").write_bytes(pickle.dumps(value, protocol=4))
    lines = "".join(f"{node}\n" for node in range(rest, num_nodes))
    (folder / f"ind.{name}.test.index").write_text(lines)


def _write_tu(folder: Path, num_labels: int, degree: int) -> None:
    """A star whose center has the largest degree, and 63 paths of four nodes, in two classes."""
    sizes = [degree + 1, *[4] * 63]
    starts = np.cumsum([1, *sizes[:-1]])
    pairs = [(1, 1 + leaf) for leaf in range(1, sizes[0])]
    pairs += [(first + step, first + step + 1) for first in starts[1:] for step in range(3)]
    columns: dict[str, Iterable] = dict(
        A=[f"{a}, {b}" for pair in pairs for a, b in (pair, pair[::-1])],
        graph_indicator=np.repeat(np.arange(len(sizes)) + 1, sizes),
        graph_labels=np.arange(len(sizes)) % 2,
    )
    if num_labels:
        columns["node_labels"] = itertools.islice(
            itertools.cycle(range(num_labels)), int(sum(sizes))
        )
    folder.mkdir()
    for part, values in columns.items():
        lines = "".join(f"{value}\n" for value in values)
        (folder / f"{folder.name}_{part}.txt").write_text(lines)


def _write_xlsa(folder: Path, num_attributes: int, attributes: str) -> None:
    """Features of 8 classes, two of them unseen, in the files of Xian et al. (CVPR 2017)."""
    rng = np.random.default_rng(0)
    num_classes, num_images, unseen = 8, 320, (2, 5)
    labels = np.arange(num_images) % num_classes
    is_unseen = np.isin(labels, unseen)
    is_test = np.arange(num_images) % 5 == 0
    folder.mkdir()
    savemat(
        folder / "res101.mat",
        dict(features=rng.random((2048, num_images)), labels=labels[:, None] + 1.0,
             image_files=_cells(f"{index}.jpg" for index in range(num_images))),
    )  # fmt: skip
    places = dict(
        trainval_loc=~is_unseen & ~is_test, test_seen_loc=~is_unseen & is_test,
        test_unseen_loc=is_unseen, train_loc=~is_unseen & ~is_test, val_loc=~is_unseen & is_test,
    )  # fmt: skip
    savemat(
        folder / f"{attributes}_splits.mat",
        dict(
            {name: np.flatnonzero(mask)[:, None] + 1.0 for name, mask in places.items()},
            att=rng.random((num_attributes, num_classes)),
            original_att=rng.random((num_attributes, num_classes)),
            allclasses_names=_cells(f"class{index}" for index in range(num_classes)),
        ),
    )


def _with_classes_of_voc(annotation: str) -> str:
    for name, of_voc in zip(CLASSES, VOC_CLASSES, strict=False):
        annotation = annotation.replace(f"<name>{name}</name>", f"<name>{of_voc}</name>")
    return annotation


def _cells(texts: Iterator[str]) -> np.ndarray:
    return np.array(list(texts), dtype=object)[:, None]


def _write_masks(data: Path, voc: Path) -> None:
    for split, name, image, labels in _masks(voc, 19):
        city = data / "cityscapes"
        _save(image, city / "leftImg8bit" / split / "town" / f"{name}_leftImg8bit.png")
        _save(labels, city / "gtFine" / split / "town" / f"{name}_gtFine_labelTrainIds.png")
    for split, name, image, labels in _masks(voc, 150):
        ade, split = (
            data / "ade/ADEChallengeData2016",
            dict(train="training", val="validation")[split],
        )
        _save(image, ade / "images" / split / f"{name}.jpg")
        _save(labels, ade / "annotations" / split / f"{name}.png")
    for split, name, image, labels in _masks(voc, 12):
        _save(image, data / "camvid213" / split / "images" / f"{name}.jpg")
        _save(labels, data / "camvid213" / split / "labels" / f"{name}.png")


def _masks(folder: Path, modulus: int) -> Iterator[tuple[str, str, Image.Image, Image.Image]]:
    """Yield the images and masks of the VOC layout, with labels below ``modulus``."""
    for path in sorted((folder / "SegmentationClass").glob("*.png")):
        labels = np.asarray(Image.open(path)) % modulus
        split = "val" if path.stem.startswith("2012_1") else "train"
        image = Image.open(folder / "JPEGImages" / f"{path.stem}.jpg")
        yield split, path.stem, image, Image.fromarray(labels.astype(np.uint8))


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
