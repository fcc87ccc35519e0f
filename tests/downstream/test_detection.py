"""detectron2's C4 protocol in mmdet, and the traps of its base configs in real models."""

import json
from xml.etree import ElementTree

import pytest
import torch
from mmengine.config import Config

pytest.importorskip("mmdet")
pytest.importorskip("mmcv._ext")

from mmengine.registry import DefaultScope

from mmcontrast.apis.training.runner import build_runner, build_training
from mmcontrast.apis.training.train import run
from mmcontrast.engine.hooks.pretrained import backbone_of
from mmcontrast.utils.errors import UserError
from mmcontrast.weights import CheckpointError, load_weights
from tests.downstream.small import as_moco, build_model, resnet_weights, small_config
from tests.toy import ROOT

C4 = "configs/downstream/mmdet/faster-rcnn_r50-c4_voc0712.py"
MINI = "configs/downstream/mmdet/mask-rcnn_r18_mini.py"


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield


def test_an_extra_norm_follows_layer4():
    from mmcontrast.downstream.detection import ResLayerExtraNorm

    layer = ResLayerExtraNorm(depth=18, norm_cfg=dict(type="mmcontrast.SyncBN"), norm_eval=False)
    assert layer.norm.num_features == 512
    x = torch.randn(6, 256, 4, 4)
    y = layer(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(512), atol=1e-4, rtol=0)
    assert y.shape == (6, 512, 2, 2)
    deep = ResLayerExtraNorm(depth=50, norm_cfg=dict(type="mmcontrast.SyncBN"))
    assert deep.norm.num_features == 2048


def test_layer4_of_a_c4_detector_comes_from_the_checkpoint():
    """318 tensors: 53 counters of norms do not count, and the extra norm is not filled."""
    model = build_model(Config.fromfile(ROOT / C4))
    given = resnet_weights()
    coverage = load_weights(backbone_of(model), given)
    assert (len(coverage.loaded), coverage.share) == (318 - 53, 1.0)
    shared = model.roi_head.shared_head.state_dict()
    assert torch.equal(shared["layer4.2.conv3.weight"], given["layer4.2.conv3.weight"])
    assert "norm.weight" in shared
    del model.roi_head.shared_head  # what a look at `backbone` alone would see
    assert len(load_weights(backbone_of(model), given).unexpected) > 40


@pytest.mark.parametrize("part", ["backbone", "roi_head.shared_head"])
def test_the_base_configs_supervised_weights_are_refused(part, world, tmp_path):
    cfg = small_config(C4, world, tmp_path, "load_from=not_read.pth")
    name = "open-mmlab://detectron2/resnet50_caffe"  # what mmdet's base config has in both
    section = cfg.model
    for key in part.split("."):
        section = section[key]
    section.init_cfg = dict(type="Pretrained", checkpoint=name)
    runner = build_runner(cfg)
    build_training(runner)
    with pytest.raises(UserError, match=rf"also loads {part} \(open-mmlab"):
        run(runner)


def test_difficult_objects_are_trained_on(world):
    from mmdet.datasets import VOCDataset

    from mmcontrast.downstream.detection import VOCWithDifficult

    folder = world / "VOCdevkit/VOC2012"
    marked = 0
    for path in sorted((folder / "Annotations").glob("*.xml")):
        tree = ElementTree.parse(path)
        flag = tree.find("object/difficult")
        flag.text, marked = "1", marked + 1
        tree.write(path)
    settings = dict(
        data_root=f"{world}/VOCdevkit/",
        ann_file="VOC2012/ImageSets/Main/trainval.txt",
        data_prefix=dict(sub_data_root="VOC2012/"),
        pipeline=[],
    )
    flags = [
        sum(i["ignore_flag"] for n in range(len(data)) for i in data.get_data_info(n)["instances"])
        for data in (VOCDataset(**settings), VOCWithDifficult(**settings))
    ]
    assert flags[0] >= marked > 0
    assert flags[1] == 0


def test_ap_is_the_mean_over_thresholds_by_the_11_point_rule():
    """Two objects, one found exactly, one missed: precision 1 up to recall 0.5, 6 of 11 points."""
    from mmdet.evaluation import VOCMetric

    metric = VOCMetric(**_without_type(Config.fromfile(ROOT / C4).val_evaluator))
    metric.dataset_meta = dict(classes=("horse",), dataset_type="VOC2007")
    boxes = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])
    none = dict(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    found = dict(
        bboxes=boxes[:1], scores=torch.tensor([0.9]), labels=torch.zeros(1, dtype=torch.long)
    )
    truth = dict(bboxes=boxes, labels=torch.zeros(2, dtype=torch.long))
    metric.process({}, [dict(gt_instances=truth, ignored_instances=none, pred_instances=found)])
    result = metric.evaluate(1)
    assert result["pascal_voc/mAP"] == pytest.approx(6 / 11)
    assert {f"pascal_voc/AP{t}" for t in range(50, 100, 5)} <= set(result)


def _without_type(settings):
    return {name: value for name, value in settings.items() if name not in ("type", "_scope_")}


def test_a_json_that_names_missing_images(world, tmp_path):
    cfg = small_config(MINI, world, tmp_path, "default_hooks.backbone.random_weights=True")
    annotations = world / "mini/coco/annotations/objects_train2017.json"
    content = json.loads(annotations.read_text())
    content["images"][2]["file_name"] = "gone.jpg"
    cfg.train_dataloader.dataset.ann_file = str(tmp_path / "train.json")
    (tmp_path / "train.json").write_text(json.dumps(content))
    runner = build_runner(cfg)
    build_training(runner)
    with pytest.raises(UserError, match=r"of which 1 are not there:\n  .*/gone.jpg"):
        run(runner)
    assert runner.iter == 0


def test_a_json_without_the_classes(world, tmp_path):
    cfg = small_config(MINI, world, tmp_path, "default_hooks.backbone.random_weights=True")
    cfg.train_dataloader.dataset.ann_file = "annotations/instances_train2017.json"
    with pytest.raises(UserError, match=r"mini\.py: No sample is left .*metainfo\.classes"):
        build_training(build_runner(cfg))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_moco(resnet_weights(50, base_channels=32)), "The checkpoint fills"),
        (as_moco(resnet_weights(34, base_channels=32)), "The checkpoint is of a larger network"),
        (dict(state_dict={"my.conv1.weight": torch.zeros(3)}), "No backbone was found"),
    ],
)
def test_a_checkpoint_that_does_not_fit(content, message, world, tmp_path):
    torch.save(content, tmp_path / "other.pth")
    cfg = small_config(MINI, world, tmp_path, f"load_from={tmp_path}/other.pth")
    runner = build_runner(cfg)
    build_training(runner)
    with pytest.raises(CheckpointError, match=rf"other.pth: {message}"):
        run(runner)


def test_no_checkpoint_at_all(world, tmp_path):
    runner = build_runner(small_config(MINI, world, tmp_path))
    build_training(runner)
    with pytest.raises(UserError, match="load_from=CHECKPOINT"):
        run(runner)
