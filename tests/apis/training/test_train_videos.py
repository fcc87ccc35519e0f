"""Training from a folder of videos, some of which are no use."""

import pytest

from mmcontrast.apis.training.train import train
from tests.datasets.videos import write_frames, write_mp4
from tests.toy import unique_run, write_config

_VFS = """
from tests.small import CONFIGS
model = dict(type='VFS', **CONFIGS['VFS'])
frame = [dict(type='RandomResizedCrop', size=32), dict(type='HorizontalFlip')]
train_dataloader['dataset'] = dict(
    type={kind!r},
    data_root={folder!r},
    pipeline=[
        dict(type='LoadFrames', sampler=dict(type='segments', num_segments=4)),
        dict(type='EachFrame', transforms=frame),
        dict(type='PackClips')])
"""


@pytest.fixture
def run(tmp_path):
    """Train VFS for 3 epochs on a folder."""

    def start(folder, *options, kind="Videos"):
        (tmp_path / "config").mkdir()
        text = _VFS.format(kind=kind, folder=str(folder))
        config = write_config(tmp_path / "config", images=folder, extra=text)
        options = [unique_run(), *options]
        return train(str(config), work_dir=str(tmp_path / "run"), cfg_options=options)

    return start


@pytest.fixture
def folder(tmp_path):
    """Eight videos, and four files that are none."""
    for number in range(8):
        whole = write_mp4(tmp_path / f"videos/good{number}.mp4", length=12)
    data = whole.read_bytes()
    (tmp_path / "videos/truncated.mp4").write_bytes(data[: len(data) * 3 // 5])
    (tmp_path / "videos/empty.mp4").write_bytes(b"")
    (tmp_path / "videos/text.mp4").write_text("This is not a video.")
    write_mp4(tmp_path / "videos/one_frame.mp4", length=1)
    return tmp_path / "videos"


def test_videos_that_cannot_be_used_are_replaced_and_named_in_the_end(folder, run, tmp_path):
    runner = run(
        folder,
        "train_dataloader.dataset.on_error=skip",
        "train_dataloader.num_workers=2",
        "train_dataloader.persistent_workers=True",
    )
    assert runner.iter == 9
    bad = {str(folder / f"{name}.mp4") for name in ("truncated", "empty", "text", "one_frame")}
    listing = (tmp_path / "run/skipped_files.txt").read_text().splitlines()
    counts = {path: int(times) for times, path in (line.split("\t") for line in listing)}
    assert set(counts) == bad
    # Once an epoch, and now and then in another's place.
    assert all(times >= 3 for times in counts.values())
    (log,) = (tmp_path / "run").glob("*/*.log")
    summary = log.read_text().rsplit("4 files could not be read and were replaced", 1)[1]
    assert all(path in summary for path in bad)


@pytest.mark.slow
def test_by_default_the_first_one_stops_the_run(folder, run):
    for path in folder.glob("good*"):
        path.unlink()
    names = "(truncated|empty|text|one_frame)"
    with pytest.raises(OSError, match=rf"Cannot read the video .*{names}\.mp4: .*on_error='skip'"):
        run(folder)


def test_training_from_folders_of_frames(run, tmp_path):
    for number in range(4):
        write_frames(tmp_path / f"frames/{number}", range(6))
    assert run(tmp_path / "frames", kind="FrameFolders").iter == 3
