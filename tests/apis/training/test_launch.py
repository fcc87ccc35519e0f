"""Several processes: what is checked before torchrun starts them."""

import socket

import pytest
import torch
from mmengine.config import Config

from mmcontrast.apis.training.launch import launcher_arguments
from mmcontrast.apis.training.processes import set_up_processes
from mmcontrast.utils.errors import UserError


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("NNODES", "NODE_RANK", "MASTER_ADDR", "PORT", "MAX_RESTARTS", "WORLD_SIZE",
                 "RANK", "LOCAL_RANK", "OMP_NUM_THREADS"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture
def busy_port():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def test_one_machine_takes_a_free_port(monkeypatch):
    arguments = launcher_arguments("2", [])
    assert arguments == ["--standalone", "--nproc-per-node", "2", "--max-restarts", "3"]
    monkeypatch.setenv("MAX_RESTARTS", "0")
    assert launcher_arguments("2", [])[-1] == "0"


def test_several_machines(monkeypatch):
    monkeypatch.setenv("NNODES", "2")
    monkeypatch.setenv("NODE_RANK", "1")
    with pytest.raises(UserError, match="needs MASTER_ADDR"):
        launcher_arguments("8", [])
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("PORT", "29511")
    assert launcher_arguments("8", [])[:8] == [
        "--nnodes", "2", "--node-rank", "1", "--master-addr", "10.0.0.1", "--master-port", "29511",
    ]  # fmt: skip


def test_a_port_in_use(monkeypatch, busy_port):
    monkeypatch.setenv("PORT", busy_port)
    with pytest.raises(UserError, match=f"PORT={busy_port} cannot be used"):
        launcher_arguments("2", [])
    # Only the first node listens.
    monkeypatch.setenv("NNODES", "2")
    monkeypatch.setenv("NODE_RANK", "1")
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    launcher_arguments("2", [])


@pytest.mark.parametrize("port", ["abc", "99999999"])
def test_no_port(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(UserError, match="cannot be used"):
        launcher_arguments("2", [])


def test_more_processes_than_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    launcher_arguments("2", [])
    with pytest.raises(UserError, match="3 processes need 3 GPUs, this machine shows 2"):
        launcher_arguments("3", [])
    with pytest.raises(UserError, match="is one GPU"):
        launcher_arguments("2", ["--device", "cuda:0"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name, value in (("RANK", "2"), ("WORLD_SIZE", "3"), ("LOCAL_RANK", "2")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="Process 3 of this machine has no GPU"):
        set_up_processes(Config(), "pytorch")


@pytest.mark.parametrize("processes", ["0", "-1", "two"])
def test_not_a_number_of_processes(processes):
    with pytest.raises(UserError, match="must be 1 or more"):
        launcher_arguments(processes, [])


def test_launchers_that_do_not_fit(monkeypatch):
    with pytest.raises(UserError, match=r"needs SLURM_PROCID.*slurm_train.sh"):
        set_up_processes(Config(), "slurm")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(UserError, match="add --launcher pytorch"):
        set_up_processes(Config(), "none")
