"""The downstream configs: the papers' settings, and a step and a test of each in mmdet or mmseg."""

import pytest
import torch
from mmengine.config import Config

pytest.importorskip("mmdet")
pytest.importorskip("mmseg")
pytest.importorskip("mmcv._ext")

from mmcontrast.apis.training.runner import build_runner, build_training
from mmcontrast.apis.training.train import run
from tests.downstream.small import as_moco, build_model, resnet_weights, small_config
from tests.toy import ROOT

FOLDER = ROOT / "configs/downstream"
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in FOLDER.glob("*/*.py"))
PAPERS = [path for path in CONFIGS if "r50" in path]
SMALL = [path for path in CONFIGS if "r18" in path]


def config(name):
    return Config.fromfile(FOLDER / f"{name}.py")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """An official MoCo checkpoint of each network that the configs have."""
    folder = tmp_path_factory.mktemp("checkpoints")
    kinds = dict(r50=dict(depth=50), mini=dict(depth=18, base_channels=32), r18=dict(depth=18))
    for name, kwargs in kinds.items():
        torch.save(as_moco(resnet_weights(**kwargs)), folder / f"{name}.pth")
    return folder


@pytest.mark.parametrize("path", CONFIGS)
def test_header_says_how_to_run_it(path):
    header = (ROOT / path).read_text().split('"""')[1]
    for text in (f"python tools/train.py {path}", f"bash tools/dist_train.sh {path}", "Cost"):
        assert text in header
    assert "load_from=" in header
    assert "ours" in header.lower()


@pytest.mark.parametrize("path", CONFIGS)
def test_the_checkpoint_is_the_only_blank(path):
    cfg = Config.fromfile(ROOT / path)
    assert cfg.load_from is None
    assert cfg.default_hooks.backbone == dict(type="mmcontrast.PretrainedBackboneHook")
    text = str(cfg._cfg_dict["model"])
    assert "Pretrained" not in text
    assert "open-mmlab" not in text
    assert not cfg.model.get("pretrained")


@pytest.mark.parametrize("path", CONFIGS)
def test_the_backbone_is_that_of_the_pre_training(path):
    """RGB and ImageNet's statistics, a plain stem, strides in the 3x3, everything is trained."""
    cfg = Config.fromfile(ROOT / path)
    preprocessor = cfg.model.data_preprocessor
    assert preprocessor.mean == [123.675, 116.28, 103.53]
    assert preprocessor.std == [58.395, 57.12, 57.375]
    assert preprocessor.bgr_to_rgb
    backbone = cfg.model.backbone
    assert (backbone.type, backbone.style) == ("ResNet", "pytorch")
    assert (backbone.get("frozen_stages", -1), backbone.norm_eval) == (-1, False)
    assert backbone.norm_cfg == dict(type="mmcontrast.SyncBN", requires_grad=True)
    assert cfg.auto_scale_lr.base_batch_size


def test_voc_detection_is_detectron2s():
    cfg = config("mmdet/faster-rcnn_r50-c4_voc0712")
    assert (cfg.train_cfg.max_iters, cfg.train_cfg.val_interval) == (24000, 2000)
    warmup, steps = cfg.param_scheduler
    assert (warmup.start_factor, warmup.end) == (0.001, 100)
    assert (steps.milestones, steps.gamma) == ([18000, 22000], 0.1)
    assert cfg.optim_wrapper.optimizer == dict(
        type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001
    )
    assert cfg.optim_wrapper.paramwise_cfg.norm_decay_mult == 0
    head = cfg.model.roi_head.shared_head
    assert (head.type, head.norm_eval, head.style) == ("ResLayerExtraNorm", False, "pytorch")
    assert cfg.model.roi_head.bbox_head.num_classes == 20
    anchors = cfg.model.rpn_head.anchor_generator
    assert [scale * anchors.strides[0] for scale in anchors.scales] == [32, 64, 128, 256, 512]
    proposals = cfg.model.train_cfg.rpn_proposal, cfg.model.test_cfg.rpn
    assert [(p.nms_pre, p.max_per_img) for p in proposals] == [(12000, 2000), (6000, 1000)]
    data = cfg.train_dataloader.dataset
    assert data.times == 1
    inner = data.dataset.datasets
    assert [d.ann_file for d in inner] == [
        f"VOC{year}/ImageSets/Main/trainval.txt" for year in (2007, 2012)
    ]
    assert {d.type for d in inner} == {"VOCWithDifficult"}
    assert inner[0].pipeline[2].scales == [(1333, side) for side in range(480, 801, 32)]
    assert cfg.val_dataloader.dataset.type == "VOCDataset"
    assert cfg.val_dataloader.dataset.pipeline[1].scale == (1333, 800)
    assert cfg.val_evaluator.eval_mode == "11points"
    assert cfg.val_evaluator.iou_thrs == pytest.approx([0.5 + 0.05 * i for i in range(10)])
    assert cfg.test_evaluator == cfg.val_evaluator
    assert cfg.default_hooks.precise_bn.num_iters == 200


def test_coco_schedules():
    for name, end, steps, lr in (
        ("mask-rcnn_r50-fpn_1x_coco", 90000, [60000, 80000], 0.02),
        ("mask-rcnn_r50-fpn_moco-1x_coco", 90000, [60000, 80000], 0.02),
        ("mask-rcnn_r50-fpn_1x_coco-10pct", 90000, [60000, 80000], 0.02),
        ("mask-rcnn_r50-c4_1x_coco", 90000, [60000, 80000], 0.02),
        ("mask-rcnn_r50-c4_2x_coco", 180000, [120000, 160000], 0.02),
        ("retinanet_r50-fpn_1x_coco", 90000, [60000, 80000], 0.01),
    ):
        cfg = config(f"mmdet/{name}")
        assert (cfg.train_cfg.max_iters, cfg.param_scheduler[1].end) == (end, end), name
        assert cfg.param_scheduler[1].milestones == steps, name
        assert cfg.optim_wrapper.optimizer.lr == lr, name
        scales = cfg.train_dataloader.dataset.pipeline[2].scales
        assert scales == [(1333, side) for side in range(640, 801, 32)], name
        assert cfg.train_dataloader.sampler.type == "InfiniteSampler", name
    assert cfg.auto_scale_lr.base_batch_size == 16


def norms_in(module):
    return [m for m in module.modules() if type(m).__name__ == "SyncBN"]


def test_the_two_forms_of_mask_rcnn():
    ours = build_model(config("mmdet/mask-rcnn_r50-fpn_1x_coco"))
    mocos = build_model(config("mmdet/mask-rcnn_r50-fpn_moco-1x_coco"))
    for model in (ours, mocos):
        assert len(norms_in(model.backbone)) == 53
        assert len(norms_in(model.neck)) == 8
        assert all(parameter.requires_grad for parameter in model.backbone.parameters())
    assert len(norms_in(ours.roi_head.bbox_head)) == len(norms_in(ours.roi_head.mask_head)) == 4
    assert len(ours.roi_head.bbox_head.shared_fcs) == 1
    assert not norms_in(mocos.roi_head)
    assert len(mocos.roi_head.bbox_head.shared_fcs) == 2


def test_segmentation_settings():
    for name, crop, iters, batch, classes in (
        ("fcn_r50_voc12aug", 512, 20000, 16, 21),
        ("fcn_r50_cityscapes", 769, 40000, 8, 19),
        ("fcn_r50_ade20k", 512, 80000, 16, 150),
    ):
        cfg = config(f"mmseg/{name}")
        assert cfg.model.data_preprocessor.size == (crop, crop), name
        assert cfg.model.data_preprocessor.seg_pad_val == 255, name
        assert (cfg.train_cfg.max_iters, cfg.param_scheduler[0].end) == (iters, iters), name
        assert (cfg.param_scheduler[0].power, cfg.param_scheduler[0].eta_min) == (0.9, 1e-4)
        assert cfg.auto_scale_lr.base_batch_size == batch, name
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.01, 0.9, 5e-4)
        for head, in_channels, channels, convs, weight in (
            (cfg.model.decode_head, 2048, 512, 2, 1.0),
            (cfg.model.auxiliary_head, 1024, 256, 1, 0.4),
        ):
            assert (head.in_channels, head.channels, head.num_convs) == (
                in_channels, channels, convs,
            )  # fmt: skip
            assert head.loss_decode.loss_weight == weight
            assert head.norm_cfg.type == "mmcontrast.SyncBN"
            assert head.num_classes == classes, name
            assert head.align_corners is (name == "fcn_r50_cityscapes")
        assert cfg.model.backbone.dilations == (1, 1, 2, 4)
        assert cfg.model.backbone.strides == (1, 2, 1, 1)
        assert cfg.model.backbone.contract_dilation
        crop_step = next(t for t in cfg.train_pipeline if t.type == "RandomCrop")
        assert (crop_step.crop_size, crop_step.cat_max_ratio) == ((crop, crop), 0.75)
    slide = config("mmseg/fcn_r50_cityscapes").model.test_cfg
    assert slide == dict(mode="slide", crop_size=(769, 769), stride=(513, 513))


def check_a_step_and_a_test(path, world, checkpoints, tmp_path):
    weights = next(name for name in ("mini", "r50", "r18") if name in path)
    cfg = small_config(path, world, tmp_path, f"load_from={checkpoints / weights}.pth")
    runner = build_runner(cfg)
    build_training(runner)
    run(runner)
    log = next(tmp_path.glob("*/*.log")).read_text()
    assert "(layout: MoCo (official)), 100.0% loaded" in log
    assert runner.iter == 1
    assert all(parameter.isfinite().all() for parameter in runner.model.parameters())
    scalars = {**runner.message_hub.log_scalars}
    metrics = [name for name in scalars if name.startswith("val/") and "time" not in name]
    assert any("mAP" in name or "mIoU" in name for name in metrics), metrics
    return runner


@pytest.mark.slow
@pytest.mark.parametrize("path", PAPERS)
def test_trains_a_step_and_predicts(path, world, checkpoints, tmp_path):
    check_a_step_and_a_test(path, world, checkpoints, tmp_path)


@pytest.mark.parametrize("path", SMALL)
def test_small_config_trains_a_step_and_predicts(path, world, checkpoints, tmp_path):
    check_a_step_and_a_test(path, world, checkpoints, tmp_path)
