"""Checkpoints are written atomically."""

from mmengine.fileio import get_file_backend

from mmcontrast.engine.hooks import SafeCheckpointHook


def test_mmengine_finds_the_backend(tmp_path):
    backend_args = SafeCheckpointHook().backend_args
    assert backend_args == dict(backend="atomic")
    backend = get_file_backend(str(tmp_path), backend_args=backend_args)
    backend.put_text("text", str(tmp_path / "file"))
    backend.put(b"bytes", str(tmp_path / "other"))
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "other").read_bytes() == b"bytes"
