import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmcontrast.apis.data.probe import probe_video
from tests.datasets.sound.files import noise, write_av
from tests.datasets.video.files import write_video

pytest.importorskip("av")
TOOL = Path(__file__).parents[3] / "tools/data/probe_videos.py"


def test_a_whole_video(tmp_path):
    found = probe_video(str(write_video(tmp_path / "a.mp4", "libx264", length=20)))
    assert (found["decodable"], found["num_frames"], found["fps"]) == (20, 20, 25)
    assert (found["width"], found["height"], found["codec"]) == (128, 64, "h264")
    assert found["has_audio"] is False and found["error"] is None
    assert found["duration"] == pytest.approx(0.8)
    assert found["size"] == (tmp_path / "a.mp4").stat().st_size


def test_the_sound_of_a_video(tmp_path):
    path = write_av(tmp_path / "a.mov", noise(1.5), "pcm_s16le", seconds=1, sound_start=0.25)
    described = probe_video(str(path))
    assert described["has_audio"] and described["error"] is None and not described["is_silent"]
    assert described["audio_start"] == pytest.approx(0.25, abs=1e-3)
    assert described["audio_duration"] == pytest.approx(1.5, abs=1e-3)
    assert described["duration"] == pytest.approx(1.0)
    silent = write_av(tmp_path / "b.mp4", 0 * noise(1.5), seconds=1)
    assert probe_video(str(silent))["is_silent"]


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.avi"])
def test_a_file_that_is_cut_off_counts_what_can_be_decoded(tmp_path, name):
    codec = "libvpx" if name.endswith("webm") else "mpeg4"
    whole = write_video(tmp_path / name, codec, length=60).read_bytes()
    assert probe_video(str(tmp_path / name))["error"] is None
    (tmp_path / f"cut-{name}").write_bytes(whole[: len(whole) * 6 // 10])
    found = probe_video(str(tmp_path / f"cut-{name}"))
    assert 0 < found["decodable"] < 58
    assert f"cut-{name}" in found["error"]


def test_the_tool_writes_a_line_for_every_file_and_names_the_bad_ones(tmp_path):
    write_video(tmp_path / "good.mp4", "libx264", length=5)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/empty.mp4").touch()
    (tmp_path / "text.avi").write_text("no video")
    done = subprocess.run(
        [sys.executable, str(TOOL), str(tmp_path), "--workers", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "meta.jsonl").read_text().splitlines()]
    assert {line["path"]: line["decodable"] for line in lines} == {
        "good.mp4": 5, "text.avi": 0, "sub/empty.mp4": 0,
    }  # fmt: skip
    assert "3 videos, 2 of them not decodable" in done.stdout
    assert "sub/empty.mp4: " in done.stdout and "text.avi: " in done.stdout


def test_a_folder_without_videos_is_one_clear_message(tmp_path):
    done = subprocess.run(
        [sys.executable, str(TOOL), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "no video" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "meta.jsonl").exists()


def test_frames_that_were_dropped_in_capture_are_not_missing(tmp_path):
    """They have a place in the index of an AVI file."""
    times = [number for number in range(60) if number % 10 != 5]
    found = probe_video(str(write_video(tmp_path / "a.avi", "mpeg4", times=times)))
    assert found["num_frames"] == 60 and found["decodable"] == 54
    assert found["error"] is None
