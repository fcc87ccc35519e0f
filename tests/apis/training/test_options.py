"""What is typed behind ``--cfg-options`` is what the config gets."""

import pytest

from mmcontrast.apis.training.config import load_config, use_data_root
from mmcontrast.apis.training.options import format_value, parse_value
from mmcontrast.utils.errors import UserError


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        # Texts stay as they are typed.
        ("/my photos", "data", "/my photos"),
        ("/a,b/c", "data", "/a,b/c"),
        ("2024", "data", "2024"),
        ("true", "data", "true"),
        ("[2020] photos", "data", "[2020] photos"),
        ("[2020]", "data", "[2020]"),
        ("/my photos (1)", None, "/my photos (1)"),
        ("(old) photos (1)", None, "(old) photos (1)"),
        ("Anna's photos", None, "Anna's photos"),
        ("007", None, "007"),
        ("1_000", None, "1_000"),
        ("__import__('os').getcwd()", None, "__import__('os').getcwd()"),
        ("'64'", None, "64"),
        ('"a, b"', None, "a, b"),
        ("None", "data", None),
        # Numbers, where the config has one or nothing.
        ("64", 8, 64),
        ("1e-3", 0.1, 0.001),
        ("1e-3", None, 0.001),
        (".5", None, 0.5),
        ("-1", None, -1),
        ("007", 3, 7),
        ("true", False, True),
        ("False", None, False),
        ("None", 3, None),
        ("auto", 3, "auto"),
        # Lists and tuples.
        ("1,2", [3], [1, 2]),
        ("1,2", (3, 4), (1, 2)),
        ("3", (3, 4), 3),
        ("1,2", ["a"], ["1", "2"]),
        ("[1, 2]", None, [1, 2]),
        ("(1,2)", None, (1, 2)),
        ("(1,)", None, (1,)),
        ("[]", [1], []),
        ("[/my photos, b c]", None, ["/my photos", "b c"]),
        ("[(1,2),[a,b],c]", None, [(1, 2), ["a", "b"], "c"]),
        ("['a','b']", "data", ["a", "b"]),
        # Dictionaries.
        ("dict(type='BN')", None, {"type": "BN"}),
        ("dict(type=BN, eps=1e-3, n=[1,2])", "BN", {"type": "BN", "eps": 1e-3, "n": [1, 2]}),
        ("{'a': {'b': 1}, 'c': None}", None, {"a": {"b": 1}, "c": None}),
        ("dict(path=1)", {"path": "text"}, {"path": "1"}),
        ("dict()", None, {}),
    ],
)  # fmt: skip
def test_values(text, current, expected):
    value = parse_value(text, current)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize("current", [None, 3, True, {"a": 1}])
def test_a_list_without_brackets_where_nothing_says_what_it_is(current):
    with pytest.raises(UserError, match=r"Write \[1,2\] for a list, or \"'1,2'\" for a text"):
        parse_value("1,2", current)


@pytest.mark.parametrize(
    "value",
    [1, 0.1, True, None, "a", "64", "true", "None", "a,b", "a b", [1, "2"], ("a, b",), {"a": "'"}],
)
@pytest.mark.parametrize("current", [None, [1]])
def test_values_of_a_grid_arrive(value, current):
    assert parse_value(format_value(value), current) == value


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.py"
    path.write_text(
        "model = dict(neck=None, name='a', sizes=(1, 2))\n"
        "train_dataloader = dict(dataset=dict(type='Images', data_root='data', size=3))\n"
        "val_dataloader = dict(dataset=dict(type='Wrapper', dataset=dict(data_root='data')))\n"
        "steps = [1, 2]\n"
        "pipeline = [dict(type='A', root='data')]\n"
    )
    return path


def test_options_of_a_config(config):
    options = [
        "train_dataloader.dataset.data_root=/my photos, 2020",
        "train_dataloader.dataset.size=4",
        "model.neck=dict(type='Projection', norm_cfg=dict(type='BN'))",
        "model.name=dict(type='B')",
        "model.sizes=3,4",
        "model.added=dict(a=1)",
        "pipeline.0.root=1",
        "steps.1=5",
    ]
    cfg = load_config(config, options)
    assert cfg.train_dataloader.dataset.data_root == "/my photos, 2020"
    assert cfg.train_dataloader.dataset.size == 4
    assert cfg.model == dict(
        neck=dict(type="Projection", norm_cfg=dict(type="BN")),
        name=dict(type="B"),
        sizes=(3, 4),
        added=dict(a=1),
    )
    assert cfg.steps == [1, 5]
    assert cfg.pipeline[0].root == "1"


def test_an_option_of_a_helper_variable_is_warned_of(config, capsys):
    load_config(config, ["steps.0=3", "model.name=b"])
    error = capsys.readouterr().err
    assert "warning: --cfg-options steps.0 changes a variable" in error and "model" not in error


def test_a_folder_with_blanks_that_a_shell_split(config):
    with pytest.raises(UserError, match=r"got 'photos'\. A value with blanks needs quotes"):
        load_config(config, ["train_dataloader.dataset.data_root=/my", "photos"])


def test_the_folder_of_a_data_set(config):
    cfg = load_config(config)
    use_data_root(cfg, "/my photos")
    use_data_root(cfg, "/wrapped", ("test_dataloader", "val_dataloader"))
    assert cfg.train_dataloader.dataset.data_root == "/my photos"
    assert cfg.val_dataloader.dataset.dataset.data_root == "/wrapped"
    with pytest.raises(UserError, match="none in test_dataloader"):
        use_data_root(cfg, "/my photos", ("test_dataloader",))
