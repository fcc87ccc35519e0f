"""The command ``mmcontrast``: its sub-commands, their help texts and the messages for mistakes."""

import subprocess
import sys

import pytest

import mmcontrast
from mmcontrast.cli import main as cli
from mmcontrast.cli.parsers import COMMANDS, make_parser, sub_parsers
from mmcontrast.utils.errors import UserError
from tests.toy import ROOT

HEAVY = {"torch", "mmengine", "matplotlib", "torchvision", "sklearn", "mmdet", "mmseg"}
# Runs the command in a process of its own and lists what it has imported.
PROBE = """
import sys
from mmcontrast.cli.main import main
for words in {calls!r}:
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, words
assert not set(sys.modules) & {heavy!r}, set(sys.modules) & {heavy!r}
"""


def test_no_help_imports_torch():
    calls = [["--help"], ["--version"], ["completion", "bash"]]
    calls += [[name, "--help"] for name in COMMANDS]
    code = PROBE.format(calls=calls, heavy=HEAVY)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_overview_names_every_command(capsys):
    cli.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert set(COMMANDS) <= {line.split()[0] for line in lines if line}
    assert lines[-1].startswith("example: mmcontrast ")


def test_without_a_command_the_overview_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main([])
    assert "usage: mmcontrast" in capsys.readouterr().err


def test_the_version(capsys):
    cli.main(["--version"])
    assert capsys.readouterr().out == f"{mmcontrast.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_text_ends_with_examples_that_can_be_parsed(name):
    parser = make_parser(name)
    for each in (parser, *sub_parsers(parser).values()):
        examples = each.format_help().rstrip().splitlines()[-1].split(": ", 1)
        assert examples[0] == "example"
        words = examples[1].split()
        assert words[:2] == ["mmcontrast", name]
        cli.parse(make_parser(name), words[2:])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trian",), "mmcontrast has no command 'trian'. Did you mean train?"),
        (("print_config",), "Did you mean print-config?"),
        (("qqq",), "There are: train, test, sweep"),
        (("visualize", "neihbors"), "visualize has no command 'neihbors'. Did you mean neighbors?"),
        (("make-subset", "image"), "Did you mean images?"),
        (("train", "densecl/nini"), "Did you mean densecl/mini"),
        (("train", "densecl"), "densecl is a directory. Choose one of"),
        (("make-mini", "--num-images", "coco=1"), "--num-images takes entries like"),
        (("probe-videos", ".", "--workers", "0"), "--workers is at least 1, got 0"),
    ],
)
def test_a_mistake_is_one_message(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_an_unknown_option_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["report", "work_dirs", "--titel", "a"])
    assert "unrecognized arguments: --titel" in capsys.readouterr().err


def test_options_that_a_sweep_lacks_are_those_of_train():
    words = ["densecl/mini", "--seeds", "1", "--amp", "bf16"]
    args = cli.parse(make_parser("sweep"), words, pass_on=True)
    assert args.seeds == [1] and args.arguments == ["--amp", "bf16"]


def test_old_names_work_with_a_warning(capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["visualize", "neighbours", "none.npz", "3", "--out", str(tmp_path / "a.png")])
    error = capsys.readouterr().err
    assert "mmcontrast visualize neighbours is now called mmcontrast visualize neighbors" in error
    assert "There is no table none.npz" in error
    with pytest.warns(FutureWarning, match="--cells"):
        args = cli.parse(make_parser("sweep"), ["densecl/mini", "--cells", "1"], pass_on=True)
    assert args.points == [1]


def test_a_name_that_is_none(capsys):
    with pytest.raises(UserError, match="has no command"):
        cli.resolve_command("--trian", COMMANDS, "mmcontrast")


def test_it_is_a_module_too():
    command = [sys.executable, "-m", "mmcontrast", "--version"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == f"{mmcontrast.__version__}\n", run.stderr
