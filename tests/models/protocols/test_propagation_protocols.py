"""The table of propagation protocols: configs show its values, and old configs lead to it."""

import pytest
from mmengine.config import Config

from mmcontrast.cli.parsers import make_parser
from mmcontrast.models.modules.label_propagator import LabelPropagator
from mmcontrast.models.protocols.propagation_protocols import (
    LAB,
    LIGHTNESS,
    PROPAGATION_PROTOCOLS,
    RGB,
    PropagationInput,
    find_protocol,
)
from mmcontrast.registry import MODELS
from mmcontrast.renames import RemovedOptionError, modernize
from tests.toy import ROOT

FOLDERS = ("davis2016", "davis2017", "jhmdb", "vip")
CONFIGS = [p for name in FOLDERS for p in sorted((ROOT / "configs/benchmarks" / name).glob("*.py"))]


def test_every_published_protocol_has_a_config():
    shown = {Config.fromfile(path).model.protocol for path in CONFIGS}
    # No network is trained here on the gray frames of UVC.
    assert shown == PROPAGATION_PROTOCOLS.keys() - {"uvc"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_configs_show_the_input_of_the_table(path):
    cfg = Config.fromfile(path)
    expected = find_protocol(cfg.model.protocol).input
    load, resize, *to_lab, pack = cfg.test_dataloader.dataset.pipeline
    assert (load.type, resize.type, pack.type) == ("LoadImage", "Resize", "PackInputs")
    assert [transform.type for transform in to_lab] == ["ToLAB"] * (expected.colors is LAB)
    # Protocols are published for DAVIS; JHMDB, VIP and the mini-world have frames of other sizes.
    if path.parent.name.startswith("davis") and not path.stem.startswith("mini"):
        assert resize.size == expected.size
    assert resize.get("multiple", 1) == expected.multiple
    if path.stem == "copy_first":
        return
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    assert preprocessor.mean.flatten().tolist() == pytest.approx(expected.colors.mean)
    assert preprocessor.std.flatten().tolist() == pytest.approx(expected.colors.std)
    if path.stem != "color":
        backbone = cfg.model.backbone
        assert (tuple(backbone.out_indices), tuple(backbone.strides)) == (
            (expected.stage,), expected.strides,
        )  # fmt: skip


@pytest.mark.parametrize("name", PROPAGATION_PROTOCOLS)
def test_rules_are_arguments_of_the_propagator(name):
    propagator = LabelPropagator(**find_protocol(name).rule)
    assert propagator.topk == find_protocol(name).rule["topk"]


def test_colors_are_those_of_the_pre_training():
    rgb, lab = PropagationInput(), PropagationInput(colors=LAB, stage=3)
    assert rgb.with_colors_of("") is rgb and lab.with_colors_of("") is lab
    assert rgb.with_colors_of("ContrastCorr").colors is LAB
    assert PropagationInput(colors=LIGHTNESS).with_colors_of("ContrastCorr").colors is LAB
    assert lab.with_colors_of("VFS") == PropagationInput(colors=RGB, stage=3)
    # DINO's deviation of red holds for every network that sees RGB.
    dino = find_protocol("dino").input
    assert dino.with_colors_of("MoCo") is dino
    assert dino.colors.std[0] == pytest.approx(0.228 * 255)


OLD = dict(type="LabelPropagation", backbone=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (dict(propagator=dict(preset="crw")), dict(protocol="crw")),
        (
            dict(propagator=dict(preset="vfs_r18", radius=6), stretched=None),
            dict(protocol="vfs_r18", propagator=dict(radius=6)),
        ),
        (
            dict(propagator=dict(preset="uvc"), soft_first_mask=False, decide_at_input=True),
            dict(protocol="uvc"),
        ),
        # An old option on the command line, over a config of today.
        (dict(protocol="vfs_r18", propagator=dict(preset="dino")), dict(protocol="dino")),
        (dict(protocol="crw", stretched=False), dict(protocol="crw")),
    ],
)
def test_old_configs(old, new):
    with pytest.warns(FutureWarning, match="LabelPropagation"):
        assert modernize({**OLD, **old}) == {**OLD, **new}
    with pytest.warns(FutureWarning):
        model = MODELS.build({**OLD, **old})
    assert model.protocol is PROPAGATION_PROTOCOLS[new["protocol"]]


def test_a_decision_that_no_protocol_makes_is_refused():
    with pytest.raises(RemovedOptionError, match="'stretched' any more"):
        modernize({**OLD, "propagator": dict(preset="vfs_r18"), "stretched": False})


def test_the_command_and_the_docs_list_all_of_them():
    names = list(PROPAGATION_PROTOCOLS)
    text = " ".join(make_parser("propagate").format_help().split())
    assert f"published protocol: {', '.join(names)} (vfs_r18)" in text
    page = " ".join((ROOT / "docs/evaluation.md").read_text().split())
    assert f"(`{'`, `'.join(names)}`)" in page
