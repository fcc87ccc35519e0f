"""Annotations that name images which are not there."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mmcontrast.engine.hooks import MissingFilesHook
from mmcontrast.engine.hooks.missing_files import find_missing
from mmcontrast.utils.errors import UserError


class Annotations:
    """As much of an MMEngine data set as the hook asks for."""

    def __init__(self, *entries):
        self.entries = entries

    def __len__(self):
        return len(self.entries)

    def get_data_info(self, index):
        return self.entries[index]


def runner(train, val=None):
    return SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=train),
        val_dataloader=SimpleNamespace(dataset=val),
        val_loop=val,
    )


@pytest.fixture
def images(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "a" / name).touch()
    return [str(tmp_path / "a" / name) for name in ("1.jpg", "2.jpg")]


def test_what_is_there_passes(images):
    entries = [dict(img_path=path, seg_map_path=None) for path in images]
    MissingFilesHook().before_train(runner(Annotations(*entries), Annotations(*entries)))
    MissingFilesHook().before_train(runner([1, 2]))  # a data set without annotations of files
    MissingFilesHook().before_train(runner(Annotations(dict(img_path="s3://bucket/1.jpg"))))
    Path(images[1]).unlink()  # and the first call did look
    with pytest.raises(UserError, match="of which 1 "):
        MissingFilesHook().before_train(runner(Annotations(*entries), Annotations(*entries)))


@pytest.mark.parametrize("key", ["img_path", "seg_map_path"])
def test_missing_files_are_counted_and_named(images, tmp_path, key):
    gone = [str(tmp_path / "b" / f"{i}.jpg") for i in range(5)] + [str(tmp_path / "a/3.jpg")]
    data = Annotations(*({"img_path": images[0], key: path} for path in [*images, *gone]))
    with pytest.raises(UserError, match=r"training data name \d+ files, of which 6 are") as raised:
        MissingFilesHook().before_train(runner(data))
    assert gone[0] in str(raised.value)
    assert "ann_file" in str(raised.value)
    fine = Annotations(dict(img_path=images[0]))
    with pytest.raises(UserError, match="validation data"):
        MissingFilesHook().before_train(runner(fine, data))
    tested = SimpleNamespace(test_dataloader=SimpleNamespace(dataset=data))
    with pytest.raises(UserError, match="test data"):
        MissingFilesHook().before_test(tested)


def test_relative_paths(images, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path / "a")
    assert find_missing(["1.jpg", "9.jpg", "../a/2.jpg"]) == ["9.jpg"]
