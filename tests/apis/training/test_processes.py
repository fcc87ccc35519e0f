"""The beginning and the end of a run in several processes."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
import torch

from mmcontrast.apis.training.config import load_config
from mmcontrast.apis.training.processes import set_up_processes
from mmcontrast.mini import make_mini
from tests.toy import ROOT, write_config

# Each process writes how many threads of gloo's are left, and whether the model is still wrapped.
SCRIPT = """
import os
import sys
from pathlib import Path

from mmengine.model import is_model_wrapper

from mmcontrast.apis.training.test import test
from mmcontrast.apis.training.train import train

what, config = sys.argv[1:]
if what == "train":
    options = ["train_cfg.max_epochs=1", "train_cfg.val_interval=1"]
    runner = train(config, work_dir="run", cfg_options=options, launcher="pytorch")
    assert not any(is_model_wrapper(part) for part in runner.model.modules())
else:
    test(config, work_dir="run", launcher="pytorch")
names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
Path(f"threads_{os.environ['RANK']}").write_text(str(names.count("pt_gloo_runloop")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("what", "name"), [("train", "toy"), ("test", "toy"), ("train", "parts")])
def test_no_thread_of_the_group_outlives_a_run(what, name, tmp_path, monkeypatch):
    """One that does may still hold a tensor when the interpreter ends, and kills the process."""
    config = ROOT / "configs/cegzsl/mini.py"  # its parts are wrapped one by one
    if name == "toy":
        config = write_config(tmp_path)
    else:
        make_mini(tmp_path / "data/mini", layouts=("zeroshot",))
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "script.py", what, config],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [(tmp_path / f"threads_{rank}").read_text() for rank in range(2)] == ["0", "0"]


@pytest.mark.parametrize(
    ("config", "timeout"),
    [
        ("benchmarks/svm_voc07.py", timedelta(hours=6)),  # the other ranks wait for the SVMs
        ("densecl/mini.py", None),  # torch's own
    ],
)
def test_the_config_says_how_long_processes_wait_for_each_other(config, timeout, monkeypatch):
    names = dict(RANK="0", WORLD_SIZE="1", LOCAL_RANK="0", MASTER_ADDR="x", MASTER_PORT="1")
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    calls, store = [], torch.distributed.HashStore()
    monkeypatch.setattr(
        torch.distributed,
        "init_process_group",
        lambda *args, **kwargs: calls.append((args, kwargs)),
    )
    monkeypatch.setattr(torch.distributed, "rendezvous", lambda url, **_: iter([(store, 0, 1)]))
    set_up_processes(load_config(ROOT / "configs" / config), "pytorch")
    [(backend, options)] = calls
    assert backend == ("gloo",)
    assert options.get("timeout") == timeout


def test_each_restart_has_keys_and_each_job_a_name_of_its_own(monkeypatch):
    """Those of processes that have ended would be taken for those of their successors."""
    names = dict(RANK="0", WORLD_SIZE="1", LOCAL_RANK="0", MASTER_ADDR="x", MASTER_PORT="1")
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    store, stores, jobs = torch.distributed.HashStore(), [], []
    monkeypatch.setattr(torch.distributed, "rendezvous", lambda url, **_: iter([(store, 0, 1)]))
    monkeypatch.setattr(
        torch.distributed,
        "init_process_group",
        lambda backend, store, **kwargs: stores.append(store),
    )
    for restart in range(2):
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(restart))
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")  # of a training on several machines
        set_up_processes(load_config(ROOT / "configs/densecl/mini.py"), "pytorch")
        jobs.append(os.environ["TORCHELASTIC_RUN_ID"])
        stores[-1].set("address", str(restart))
    assert [kept.get("address") for kept in stores] == [b"0", b"1"]
    assert jobs[0] == jobs[1] != "none"
