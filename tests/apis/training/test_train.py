"""Training and evaluation from Python: options, learning rates and bad input."""

import logging
import shlex
import sys
from functools import partial

import pytest
import torch
from mmengine.config import Config

from mmcontrast.apis.training import train as train_module
from mmcontrast.apis.training.inspect import check_config, print_config
from mmcontrast.apis.training.learning_rate import settle_learning_rate
from mmcontrast.apis.training.start import choose_checkpoint
from mmcontrast.apis.training.test import test as evaluate
from mmcontrast.apis.training.train import train, use_autocast
from mmcontrast.utils.errors import UserError
from mmcontrast.weights.files import CheckpointError
from tests.toy import unique_run, write_config, write_images

SHORT = "train_cfg.max_epochs=1"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config").mkdir()
    return str(write_config(tmp_path / "config"))


@pytest.fixture
def run(config, tmp_path):
    def start(*options, **kwargs):
        return train(
            config, work_dir=str(tmp_path / "run"), cfg_options=[unique_run(), *options], **kwargs
        )

    return start


def log_of(folder):
    return "".join(path.read_text() for path in sorted(folder.glob("*/*.log")))


def test_a_run_leaves_logs_checkpoints_and_curves(run, tmp_path):
    curves = "default_hooks.draw.type=CurvesHook"
    tensorboard = "visualizer.vis_backends.0.type=TensorboardVisBackend"
    runner = run(SHORT, curves, data_root=str(write_images(tmp_path / "other", 12)))
    assert runner.iter == 3  # 12 images in batches of 4: --data-root was used
    assert (tmp_path / "run/epoch_1.pth").exists()
    assert (tmp_path / "run/curves.png").stat().st_size > 10_000
    assert len(next((tmp_path / "run").glob("*/vis_data/scalars.json")).read_text().split("\n")) > 3
    assert "eta:" in log_of(tmp_path / "run")
    assert log_of(tmp_path / "run").count(f"Command: {shlex.join(sys.argv)}") == 1
    run(SHORT, tensorboard)
    assert list((tmp_path / "run").glob("*/vis_data/events.out.tfevents*"))


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_mixed_precision_on_any_device(run, dtype):
    runner = run(SHORT, amp=dtype)
    assert runner.optim_wrapper.dtype is {"bf16": torch.bfloat16, "fp16": torch.float16}[dtype]
    assert torch.get_autocast_dtype("cpu") is not None
    for parameter in runner.model.parameters():
        assert parameter.dtype is torch.float32
        assert parameter.isfinite().all()


@pytest.mark.slow
def test_a_compiled_step_computes_the_same(run, monkeypatch):
    """Dynamo's graphs, run as they are: inductor alone would compile for minutes."""
    graphs = []

    def run_the_graph(graph, inputs):
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=run_the_graph))
    plain, compiled = (run(SHORT, seed=0, compile=compile).model for compile in (False, True))
    assert graphs
    for expected, got in zip(plain.parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


def test_autocast_reaches_the_loss(run, monkeypatch):
    seen = []
    original = train_module.build_training

    def spy(runner):
        original(runner)
        hook = lambda module, args, out: seen.append(out[0].dtype)  # noqa: E731
        runner.model.backbone.register_forward_hook(hook)

    monkeypatch.setattr(train_module, "build_training", spy)
    run(SHORT, amp="bf16")
    assert set(seen) == {torch.bfloat16}


def test_other_optimizer_wrappers_keep_their_precision():
    with pytest.raises(UserError, match="--amp cannot change"):
        use_autocast(Config(dict(optim_wrapper=dict(type="Mine"))), "bf16")


def test_mixed_precision_of_several_optimizers():
    parts = {name: dict(type="OptimWrapper", optimizer=dict(lr=0.1)) for name in ("one", "two")}
    cfg = Config(dict(optim_wrapper=dict(constructor="OptimWrapperPerPart", **parts)))
    use_autocast(cfg, "bf16")
    for name in parts:
        assert cfg.optim_wrapper[name].type == "mmcontrast.AutocastOptimWrapper"
        assert cfg.optim_wrapper[name].dtype == "bf16"
    assert "type" not in cfg.optim_wrapper


def test_evaluation_with_and_without_a_checkpoint(run, config, tmp_path):
    run(SHORT)
    folder = str(tmp_path / "test")
    trained = evaluate(
        config, str(tmp_path / "run/epoch_1.pth"), work_dir=folder, cfg_options=[unique_run()]
    )
    assert "UNTRAINED" not in log_of(tmp_path / "test")
    untrained = evaluate(config, work_dir=folder, cfg_options=[unique_run()])
    assert "UNTRAINED" in log_of(tmp_path / "test")
    # Bank and queries are the same images here.
    for metrics in (trained, untrained):
        assert metrics["knn/top1_k3"] > 50


# Learning rate and batch ---------------------------------------------------------------------


def settings(batch=32, base=256, accumulated=1, **auto):
    return Config(
        dict(
            train_dataloader=dict(batch_size=batch),
            optim_wrapper=dict(optimizer=dict(lr=0.03), accumulative_counts=accumulated),
            auto_scale_lr=dict(base_batch_size=base, **auto),
        )
    )


@pytest.mark.parametrize("cfg", [settings(256), settings(32, accumulated=8)])
def test_the_batch_that_the_rate_is_for(cfg):
    level, text = settle_learning_rate(cfg, scale=False)
    assert level == logging.INFO
    assert "total batch of 256" in text
    assert cfg.optim_wrapper.optimizer.lr == 0.03


def test_another_batch_is_warned_about(run, tmp_path):
    level, text = settle_learning_rate(settings(32), scale=False)
    assert level == logging.WARNING
    assert "--auto-scale-lr to train with 0.00375" in text
    run(SHORT, "auto_scale_lr.base_batch_size=8")
    assert "meant for a total batch of 8, but this run has 4" in log_of(tmp_path / "run")


@pytest.mark.parametrize("cfg", [settings(64, accumulated=2), settings(128, enable=True)])
def test_scaling_happens_once(cfg):
    _, text = settle_learning_rate(cfg, scale="enable" not in cfg.auto_scale_lr)
    assert "from 0.03 (total batch 256) to 0.015" in text
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.015)
    settle_learning_rate(cfg, scale=True)  # the config as the run has saved it
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.015)


def test_scaling_needs_to_know_the_batch():
    cfg = settings()
    cfg.pop("auto_scale_lr")
    with pytest.raises(UserError, match="needs auto_scale_lr=dict"):
        settle_learning_rate(cfg, scale=True)
    assert "names no batch" in settle_learning_rate(cfg, scale=False)[1]


# Checkpoints ---------------------------------------------------------------------------------


def test_a_restarted_process_resumes(monkeypatch, tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path)))
    choose_checkpoint(cfg, "auto")
    assert "resume" not in cfg  # nothing there: from the start
    meta = dict(jobs=["torchrun this"])
    torch.save({"optimizer": {}, "meta": meta}, tmp_path / "epoch_1.pth")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "this")
    choose_checkpoint(cfg, None)
    assert "resume" not in cfg
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    choose_checkpoint(cfg, None)
    assert (cfg.resume, cfg.load_from) == (True, str(tmp_path / "epoch_1.pth"))


def test_a_checkpoint_of_another_network(run, config, tmp_path):
    run(SHORT)
    path = str(tmp_path / "run/epoch_1.pth")
    wider = "model.neck.hidden_channels=40"
    with pytest.raises(CheckpointError, match=r"cannot be resumed[\s\S]*instead of \(40, 24"):
        run(wider, resume=path)
    with pytest.raises(CheckpointError, match="another architecture"):
        evaluate(config, path, work_dir=str(tmp_path / "t"), cfg_options=[unique_run(), wider])
    torch.save({"state_dict": {"fc.weight": torch.zeros(2)}}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"total +0 [\s\S]*fc.weight"):
        evaluate(
            config, str(tmp_path / "other.pth"), work_dir=str(tmp_path / "t"),
            cfg_options=[unique_run()],
        )  # fmt: skip


# Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("model.type=DenseCl", "Did you mean 'DenseCL'"),
        (
            "model.queue_sise=8",
            r"unexpected keyword argument 'queue_sise'. Did you mean queue_size",
        ),
        ("train_dataloader.batchsize=8", "Did you mean batch_size"),
        ("optim_wrapper.optimizer.momentun=0.9", "Did you mean momentum"),
        ("train_cfg.max_epoch=8", "Did you mean max_epochs"),
        ("default_hooks.checkpoint.max_keep_ckpt=3", "Did you mean max_keep_ckpts"),
        ("train_dataloader.dataset.data_root=/nowhere", "'/nowhere' is not a folder"),
        ("train_dataloader.batch_size=25", "do not fill one batch of 25"),
        ("load_from=/nowhere.pth", "/nowhere.pth does not exist"),
    ],
)
def test_bad_input_is_answered_with_a_remedy(run, option, message):
    with pytest.raises(UserError, match=message):
        run(SHORT, option)


def test_too_few_samples_are_named_before_a_schedule_counts_their_steps(run):
    schedule = "param_scheduler=dict(type='WarmupCosineLR', warmup=1, end=3, "
    with pytest.raises(UserError, match="24 training samples do not fill one batch of 25"):
        run(
            SHORT,
            "train_dataloader.batch_size=25",
            f"{schedule}by_epoch=True, convert_to_iter_based=True)",
        )


def test_mmengines_pretrained_in_full_is_counted_too(run, tmp_path):
    torch.save(torch.nn.Linear(3, 3).state_dict(), tmp_path / "other.pth")
    checkpoint = f"model.init_cfg.checkpoint={tmp_path / 'other.pth'}"
    with pytest.raises(UserError, match=r"other\.pth"):
        run(SHORT, "model.init_cfg.type=mmengine.Pretrained", checkpoint)


def test_a_config_without_training(tmp_path):
    (tmp_path / "a.py").write_text("model = dict(type='A')\n")
    with pytest.raises(UserError, match="lacks train_dataloader, train_cfg, optim_wrapper"):
        train(str(tmp_path / "a.py"))
    with pytest.raises(UserError, match="describes no evaluation"):
        evaluate(str(tmp_path / "a.py"))


def test_looking_at_a_config(config, capsys):
    print_config(config, ["model.queue_size=7"])
    lines = capsys.readouterr().out.splitlines()
    assert "model.queue_size = 7  # --cfg-options" in lines
    assert any(line.startswith("env_cfg.cudnn_benchmark = True  # ") for line in lines)
    check_config(config, [unique_run()])
    assert "24 samples, 6 steps of 4 per epoch, 3 epoch(s), SGD" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"1 part\(s\) cannot be built"):
        check_config(config, [unique_run(), "train_dataloader.dataset.data_root=/nowhere"])
    captured = capsys.readouterr()
    assert "'/nowhere' is not a folder" in captured.err
    assert "48 samples for KNN" in captured.out


@pytest.mark.parametrize(
    "option", ["train_dataloader.dataset.data_root=/nowhere", "model.queue_size=0", "model.x=1"]
)
def test_a_failed_start_leaves_no_work_dir(run, tmp_path, option):
    with pytest.raises(UserError):
        run(SHORT, option)
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine.txt").write_text("kept")
    with pytest.raises(UserError):
        run(SHORT, option)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_loaders_without_workers(run):
    workers = ["persistent_workers=True", "prefetch_factor=2", "timeout=5", "num_workers=0"]
    assert run(SHORT, *(f"train_dataloader.{each}" for each in workers)).iter == 6


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("train_dataloader.dataset.pipeline.1.views=[[]]", "DenseCL needs view1, and the batch"),
        ("train_dataloader.dataset.pipeline.2=dict(type='HorizontalFlip')", "'PackInputs'"),
    ],
)
def test_samples_that_do_not_fit_the_method(run, option, message):
    with pytest.raises(ValueError, match=message):
        run(SHORT, "train_dataloader.num_workers=0", option)


@pytest.mark.parametrize("batch_size", [23, 1])
def test_a_last_batch_of_one_image_is_refused_before_training(run, batch_size):
    norm = "model.neck.norm_cfg=dict(type='SplitBN', num_groups=2)"
    loader = ["train_dataloader.drop_last=False", f"train_dataloader.batch_size={batch_size}"]
    message = rf"Of 24 samples in batches of {batch_size}, the last batch has one, and batch norm"
    with pytest.raises(UserError, match=message):
        run(SHORT, norm, *loader)


def test_checking_a_config_trains_one_step(config, capsys):
    check_config(config, [unique_run(), "model.queue_size=65536"])
    assert "loss of one step" in capsys.readouterr().out
    # TinyNet does not say its width, so that only a step tells the misfit.
    with pytest.raises(UserError, match=r"1 part\(s\) cannot be built"):
        check_config(config, [unique_run(), "model.neck.in_channels=25"])
    error = capsys.readouterr().err
    assert "training   FAILED: one training step fails: RuntimeError: Given groups=1" in error
    assert len(error.splitlines()) == 1
