"""Completion, as the shells would ask for it."""

import shutil
import subprocess

import pytest

from mmcontrast.cli.completion import completion_script
from mmcontrast.utils.config_files import config_names
from tests.toy import ROOT

BASH = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_mmcontrast mmcontrast "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(words):
    """Return what bash offers for the last word."""
    code = BASH.format(script=completion_script("bash"), words=words)
    run = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("mmcontrast pr", ["print-config", "propagate", "probe-videos"]),
        ("mmcontrast train densecl/m", ["densecl/mini"]),
        ("mmcontrast train --am", ["--amp"]),
        ("mmcontrast train densecl/mini --amp ''", ["bf16", "fp16"]),
        ("mmcontrast visualize p", ["pca"]),
        ("mmcontrast visualize embedding photos --met", ["--method"]),
        ("mmcontrast visualize embedding photos --method u", ["umap"]),
        ("mmcontrast export-weights a.pth --to d", ["detectron2"]),
        ("mmcontrast completion ''", ["bash", "zsh", "--help"]),
        ("mmcontrast make-mini --layouts v", ["voc", "videos", "vip"]),
    ],
)
def test_what_bash_offers(words, offers):
    assert sorted(complete(words)) == sorted(offers)


def test_configs_are_offered_where_one_is_asked_for():
    assert set(config_names()) < set(complete("mmcontrast train ''"))
    assert not set(config_names()) & set(complete("mmcontrast report ''"))


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_what_zsh_offers():
    # What zsh's own completion would define.
    stand_ins = "compdef() { :; }; _files() { :; }; compadd() { shift; print -l -- $@; }"
    words = "words=(mmcontrast train densecl/mini --amp ''); CURRENT=5; _mmcontrast"
    code = f"{stand_ins}\n{completion_script('zsh')}\n{words}"
    run = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True)
    assert run.returncode == 0 and not run.stderr, run.stderr
    assert run.stdout.split() == ["bf16", "fp16"]
