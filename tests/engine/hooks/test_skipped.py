import logging
from types import SimpleNamespace

import pytest

from mmcontrast.datasets.base import TooManyUnreadableError
from mmcontrast.registry import HOOKS


def test_skipped_files_are_counted_and_listed(tmp_path, caplog):
    hook = HOOKS.build(dict(type="SkippedFilesHook"))
    logger = logging.getLogger("skipped")
    runner = SimpleNamespace(work_dir=str(tmp_path), logger=logger)
    first = dict(data_samples=[dict(index=1, skipped=["b.jpg", "a.jpg"]), dict(index=2)])
    second = dict(data_samples=[dict(index=3, skipped=["a.jpg"])])
    with caplog.at_level(logging.WARNING, "skipped"):
        hook.after_train_iter(runner, 0, first)
        hook.after_val_iter(runner, 0, second)
        hook.after_train_iter(runner, 1, dict(data_samples=None))
        hook.after_run(runner)
    assert (tmp_path / "skipped_files.txt").read_text() == "2\ta.jpg\n1\tb.jpg\n"
    assert "2 files could not be read and were replaced by others, 3 times" in caplog.text
    assert caplog.text.count("Skipped, since it cannot be read: a.jpg") == 1


def test_a_test_leaves_the_list_of_the_training_in_its_work_dir(tmp_path):
    (tmp_path / "skipped_files.txt").write_text("of the training")
    (tmp_path / "log").mkdir()
    hook = HOOKS.build(dict(type="SkippedFilesHook"))
    runner = SimpleNamespace(
        work_dir=str(tmp_path), log_dir=str(tmp_path / "log"), logger=logging.getLogger("skipped")
    )
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, dict(data_samples=[dict(skipped=["a.jpg"])]))
    hook.after_run(runner)
    assert (tmp_path / "log/skipped_files.txt").read_text() == "1\ta.jpg\n"
    assert (tmp_path / "skipped_files.txt").read_text() == "of the training"


def test_nothing_is_written_without_skipped_files(tmp_path, caplog):
    hook = HOOKS.build(dict(type="SkippedFilesHook"))
    runner = SimpleNamespace(work_dir=str(tmp_path), logger=logging.getLogger("skipped"))
    hook.after_test_iter(runner, 0, dict(data_samples=[dict(index=1)]))
    hook.after_run(runner)
    assert not list(tmp_path.iterdir()) and not caplog.text


def test_a_run_that_replaces_too_many_samples_stops(tmp_path):
    hook = HOOKS.build(dict(type="SkippedFilesHook", max_share=0.2))
    runner = SimpleNamespace(work_dir=str(tmp_path), logger=logging.getLogger("skipped"))
    batch = dict(data_samples=[dict(skipped=["bad.mp4"]), dict(), dict(), dict()])
    for number in range(20):
        hook.after_train_iter(runner, number, batch)
        hook.after_val_iter(runner, number, batch)  # of an evaluation all files are named
    with pytest.raises(TooManyUnreadableError, match=r"21 of 84 samples.*bad\.mp4.*max_share=0\.2"):
        hook.after_train_iter(runner, 20, batch)
    assert (tmp_path / "skipped_files.txt").read_text() == "41\tbad.mp4\n"
