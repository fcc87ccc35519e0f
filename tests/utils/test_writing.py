"""Files that cannot be written."""

import errno
import os
import subprocess
import sys

import pytest

from mmcontrast.utils.errors import UserError, explain, input_errors, report_errors
from mmcontrast.utils.tables import open_table
from mmcontrast.utils.writing import UnwritableError, writing

WRITERS = dict(
    atomic="""
from mmcontrast.utils.atomic import write_atomically
write_atomically(bytes(100_000), PATH)""",
    npz="""
import numpy as np
from mmcontrast.utils.tables import open_table
with open_table(PATH + '.npz') as write:
    write(dict(path=['a'] * 9, x=np.zeros((9, 5000))))""",
    parquet="""
import numpy as np
from mmcontrast.utils.tables import open_table
with open_table(PATH + '.parquet') as write:
    write(dict(x=np.random.default_rng(0).normal(size=(99, 500))))""",
    figure="""
import numpy as np
from matplotlib.figure import Figure
from mmcontrast.visualization.saving import save_figure
figure = Figure((20, 20))
figure.subplots().imshow(np.random.default_rng(0).normal(size=(500, 500)))
save_figure(figure, PATH + '.png')""",
    video="""
import numpy as np
from mmcontrast.apis.inference.propagation import write_overlay
frames = np.random.default_rng(0).integers(0, 255, (4, 300, 300, 3), dtype=np.uint8)
write_overlay(frames, [np.zeros((300, 300), np.uint8)] * 4, PATH + '.mp4')""",
)
_SCRIPT = """
import resource, signal
from mmcontrast.utils.errors import report_errors
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
PATH = {path!r}
with report_errors():
    {body}
"""


@pytest.mark.parametrize(
    "writer", ["atomic", "npz", "parquet", *(
        pytest.param(name, marks=pytest.mark.slow) for name in ("figure", "video")
    )]
)  # fmt: skip
def test_a_file_that_grows_too_large_is_named(tmp_path, writer):
    body = WRITERS[writer].strip().replace("\n", "\n    ")
    script = _SCRIPT.format(path=str(tmp_path / "out"), body=body)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"error: cannot write {tmp_path}/out" in done.stderr
    assert "File too large. Raise the limit" in done.stderr and "Traceback" not in done.stderr
    if writer != "video":
        assert not list(tmp_path.iterdir())


def test_the_remedy_fits_the_cause(tmp_path):
    for number, remedy in (
        (errno.ENOSPC, "Free space on that disk"), (errno.EDQUOT, "quota"),
        (errno.EROFS, "Choose a folder"), (errno.EACCES, "that you may write to"),
    ):  # fmt: skip
        with pytest.raises(UnwritableError, match=f"{tmp_path}/a.json: .*{remedy}"), writing(
            tmp_path / "a.json"
        ):  # fmt: skip
            raise OSError(number, os.strerror(number))


def test_errors_of_reading_pass():
    for error in (OSError(errno.ENOENT, "no", "7.jpg"), OSError("7.jpg is cut off"), KeyError()):
        with pytest.raises(type(error)) as caught, writing("out", also_reads=True):
            raise error
        assert caught.value is error


def test_the_file_of_an_error_of_another_library_is_named(capsys):
    def dump(filepath):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SystemExit) as stopped, report_errors():
        dump("/runs/metrics.json")
    assert stopped.value.code == 1
    err = capsys.readouterr().err
    assert "error: cannot write /runs/metrics.json: No space left on device. Free space" in err
    assert "Traceback" not in err
    assert "cannot write a file" in explain(OSError(errno.ENOSPC, "full"))


def test_a_table_in_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/a\.npz: .*file is not a folder"), open_table(
        tmp_path / "file/a.npz"
    ):  # fmt: skip
        pass


def test_a_write_error_among_wrong_inputs_keeps_its_exit_code():
    with pytest.raises(UnwritableError, match="cannot write /runs/a: ") as caught, input_errors(
        "config.py"
    ):  # fmt: skip
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/runs/a")
    assert caught.value.exit_code == 1
