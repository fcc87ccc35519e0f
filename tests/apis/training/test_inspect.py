"""What print-config shows of a file that is no config."""

import pytest
import torch

from mmcontrast.apis.training.inspect import print_config
from mmcontrast.utils.errors import UserError

TEXT = """
import os
os.mkdir('made')
default_scope = 'mmcontrast'
model = dict(type='mmcontrast.SimCLR', depth=18, width=os.mkdir('made'))
work_dir = './w'
"""


def test_the_config_in_a_checkpoint_is_printed_and_not_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(meta=dict(cfg=TEXT), state_dict={}), "a.pth")
    print_config("a.pth")
    lines = [line.partition("  # ")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "default_scope = 'mmcontrast'",
        "model.type = 'SimCLR'",
        "model.depth = 18",
        "model.width = \"os.mkdir('made')\"",
        "work_dir = './w'",
    ]
    assert not (tmp_path / "made").exists()
    with pytest.raises(UserError, match=r"Options change a config, and a\.pth is a checkpoint"):
        print_config("a.pth", ["model.depth=50"])
    torch.save(dict(state_dict={}), "b.pth")
    with pytest.raises(UserError, match=r"b\.pth holds no config"):
        print_config("b.pth")
