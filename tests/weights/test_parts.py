"""Files that hold several networks: one is named behind the path."""

import pytest
import torch
from mmengine.runner.checkpoint import _load_checkpoint

from mmcontrast.weights import Checkpoint, CheckpointError
from mmcontrast.weights.parts import split_part
from tests.weights.test_layouts import FC, MOMENTUM, ONLINE, resnet, under

BYOL = {
    **under("net.", ONLINE),
    **under("online_encoder.net.", ONLINE),
    **under("online_encoder.projector.", FC),
    **under("target_encoder.net.", MOMENTUM),
}
DINO = dict(
    student=under("module.backbone.", ONLINE),
    teacher=under("backbone.", MOMENTUM),
    optimizer=dict(state={0: dict(exp_avg=torch.zeros(2))}, param_groups=[]),
    dino_loss=dict(center=torch.zeros(1, 8)),
    epoch=3,
)
# What is in the file, the part that is named, and what is read and named as further choices.
CASES = {
    "timm": (dict(state_dict={**ONLINE, **FC}, state_dict_ema=MOMENTUM), "", ONLINE),
    "timm-ema": (dict(state_dict=ONLINE, state_dict_ema=MOMENTUM), "state_dict_ema", MOMENTUM),
    "torchvision-ema": (dict(model=ONLINE, model_ema=MOMENTUM), "model_ema", MOMENTUM),
    "only-ema": (dict(model_ema=under("module.", MOMENTUM), epoch=1), "", MOMENTUM),
    "dino-student": (DINO, "student", ONLINE),
    "dino-teacher": (DINO, "teacher", MOMENTUM),
    "dinov2": (dict(teacher=under("backbone.", MOMENTUM)), "", MOMENTUM),
    "byol": (BYOL, "", ONLINE),
    "byol-target": (dict(state_dict=BYOL), "target_encoder.net", MOMENTUM),
    "byol-containers": (
        dict(
            online_network_state_dict=under("encoder.", ONLINE),
            target_network_state_dict=under("encoder.", MOMENTUM),
        ),
        "",
        ONLINE,
    ),
    "net-container": (dict(net=under("module.", ONLINE), acc=93.1), "", ONLINE),
    "nested": (dict(ckpt=dict(a=ONLINE, b=MOMENTUM)), "ckpt.b", MOMENTUM),
    "moco-momentum": (
        dict(state_dict={
            **under("module.encoder_q.", ONLINE), **under("module.encoder_k.", MOMENTUM)
        }),
        "encoder_k",
        MOMENTUM,
    ),
    "ours-momentum": (
        dict(state_dict={
            **under("backbone.", ONLINE), **under("momentum_encoder.backbone.", MOMENTUM)
        }),
        "momentum_encoder",
        MOMENTUM,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_network_that_is_named_is_read(case, tmp_path):
    content, part, expected = CASES[case]
    torch.save(content, tmp_path / "a.pth")
    checkpoint = Checkpoint.read(f"{tmp_path / 'a.pth'}#{part}" if part else tmp_path / "a.pth")
    assert checkpoint.state_dict.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(checkpoint.state_dict[name], tensor), name


def others(path):
    return Checkpoint.read(path).weights_for(resnet()).others


def test_further_networks_are_named(tmp_path):
    torch.save(CASES["timm"][0], tmp_path / "a.pth")
    assert others(tmp_path / "a.pth") == ("state_dict_ema",)
    torch.save(dict(state_dict=ONLINE, optimizer=DINO["optimizer"]), tmp_path / "a.pth")
    assert others(tmp_path / "a.pth") == ()


def test_where_none_comes_first_the_choice_is_shown(tmp_path):
    torch.save(DINO, tmp_path / "a.pth")
    expected = "student and teacher: choose with CHECKPOINT#student or CHECKPOINT#teacher"
    with pytest.raises(CheckpointError, match=expected):
        _ = Checkpoint.read(tmp_path / "a.pth").state_dict
    flat = {**under("student.net.", ONLINE), **under("teacher.net.", MOMENTUM)}
    torch.save(flat, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"CHECKPOINT#student\.net or CHECKPOINT#teacher\.n"):
        _ = Checkpoint.read(tmp_path / "a.pth").state_dict


def test_a_part_that_is_not_there(tmp_path):
    torch.save(DINO, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"a\.pth: There is no 'techer'.*CHECKPOINT#teacher"):
        Checkpoint.read(f"{tmp_path / 'a.pth'}#techer")


def test_mmengine_reads_parts_too(tmp_path):
    torch.save(DINO, tmp_path / "a.pth")
    content = _load_checkpoint(f"{tmp_path / 'a.pth'}#teacher")
    assert content.keys() == {"state_dict"}
    assert torch.equal(content["state_dict"]["backbone.conv1.weight"], MOMENTUM["conv1.weight"])


def test_a_file_name_with_the_sign(tmp_path):
    torch.save(ONLINE, tmp_path / "a#1.pth")
    assert split_part(str(tmp_path / "a#1.pth")) == (str(tmp_path / "a#1.pth"), "")
    assert Checkpoint.read(tmp_path / "a#1.pth").layout.startswith("torchvision")
    assert split_part(f"{tmp_path / 'a#1.pth'}#b") == (str(tmp_path / "a#1.pth"), "b")
    assert split_part("https://a.b/c.pth#teacher") == ("https://a.b/c.pth", "teacher")
