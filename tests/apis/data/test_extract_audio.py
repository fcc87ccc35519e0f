import os

import numpy as np
import pytest

from mmcontrast.apis.data import extract_audio as module
from mmcontrast.apis.data.extract_audio import extract_audio_of
from mmcontrast.cli.main import main
from mmcontrast.datasets.sound import open_sound

pytest.importorskip("av")
pytest.importorskip("soundfile")
from tests.datasets.sound.files import noise, write_av


def test_the_extracted_sound_is_that_of_the_video(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PIECE_SECONDS", 1)
    options = {"aac_pns": "0"}  # noise that would be drawn anew
    path = str(write_av(tmp_path / "v.mp4", noise(2.5), sound_start=0.3, sound_options=options))
    assert extract_audio_of(path) == "written"
    with open_sound(path) as video, open_sound(str(tmp_path / "v.flac")) as flac:
        assert flac.probe().start == pytest.approx(video.probe().start, abs=1e-4)
        assert flac.probe().sample_rate == 16000 and flac.probe().channels == ("FC",)
        for start in (0.0, 1.1):
            one, other = video.read(start, 1.5, 16000), flac.read(start, 1.5, 16000)
            np.testing.assert_allclose(one.samples, other.samples, atol=1e-3)
            assert one.valid_seconds == pytest.approx(other.valid_seconds, abs=1e-3)
    assert extract_audio_of(path) == "kept"
    os.utime(tmp_path / "v.flac", (0, 0))
    assert extract_audio_of(path) == "written"
    assert sorted(os.listdir(tmp_path)) == ["v.flac", "v.mp4"]


def test_the_tool_names_what_has_no_sound(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    write_av(tmp_path / "a/v.mkv", noise(1.0), "libopus", seconds=1)
    write_av(tmp_path / "mute.mp4", None, seconds=1)
    (tmp_path / "text.avi").write_text("no video")
    main(["extract-audio", str(tmp_path), "--workers", "1", "--sample-rate", "8000"])
    out = capsys.readouterr().out
    assert "sound of 1 videos written, of 0 kept, 2 without readable sound" in out
    assert "mute.mp4: there is no sound track" in out and "text.avi: Invalid data" in out
    with open_sound(str(tmp_path / "a/v.flac")) as flac:
        assert flac.probe().sample_rate == 8000
    assert not (tmp_path / "mute.flac").exists()
    with pytest.raises(SystemExit):
        main(["extract-audio", str(tmp_path), "--sample-rate", "0"])
    assert "--sample-rate is at least 1, got 0" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_write_the_same_files(tmp_path):
    for name in ("a", "b", "c"):
        write_av(tmp_path / f"{name}.mp4", noise(1.0), video=None)
    expected = [(f"{name}.mp4", "written") for name in "abc"]
    assert list(module.extract_audio(tmp_path, workers=2)) == expected
    alone = {name: (tmp_path / f"{name}.flac").read_bytes() for name in "abc"}
    for name in alone:
        (tmp_path / f"{name}.flac").unlink()
    assert list(module.extract_audio(tmp_path, workers=1)) == expected
    assert alone == {name: (tmp_path / f"{name}.flac").read_bytes() for name in "abc"}
