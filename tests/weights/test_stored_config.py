import pytest
from mmengine.config import Config

from mmcontrast.weights import read_stored_config
from tests.toy import ROOT


def test_it_reads_what_mmengine_dumps():
    cfg = Config.fromfile(ROOT / "configs/densecl/r50_coco.py")
    assert read_stored_config(cfg.pretty_text) == cfg.to_dict()


def test_nothing_is_executed(tmp_path):
    trap = tmp_path / "trap"
    text = f"""
a = open({str(trap)!r}, 'w')
open({str(trap)!r}, 'w')
b = {{'x': -1.5, 2: [dict(c=None)], 'y': __import__('os').system('true')}}
"""
    assert read_stored_config(text) == dict(
        a=f"open({str(trap)!r}, 'w')",
        b={"x": -1.5, 2: [dict(c=None)], "y": "__import__('os').system('true')"},
    )
    assert not trap.exists()


@pytest.mark.parametrize("text", ["model = dict(", "\0", "a = " + "(" * 10000])
def test_a_cut_off_text_is_an_error(text):
    with pytest.raises(ValueError, match="no config that a run has written"):
        read_stored_config(text)
