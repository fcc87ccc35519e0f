"""Training in stages: what the method and the data hear of it, also after a resume."""

from typing import ClassVar

import pytest
from mmengine.hooks import Hook

from mmcontrast.apis.training.train import train
from mmcontrast.engine.hooks import StageHook
from mmcontrast.models.methods import DenseCL
from mmcontrast.registry import HOOKS
from tests.toy import unique_run, write_config

STAGES = """
larger = [
    dict(type='LoadImage'),
    dict(type='Views', views=[[dict(type='RandomResizedCrop', size=48, scale=(0.2, 1.0))]] * 2),
    dict(type='PackInputs')]
train_dataloader.update(num_workers={workers}, persistent_workers={workers} > 0)
custom_hooks = [
    dict(type='StageHook', begins=[2], pipelines=[larger]), dict(type='Watch')]
"""


@HOOKS.register_module(force=True)
class Watch(Hook):
    seen: ClassVar[list] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        side = data_batch["inputs"]["view0"].shape[-1]
        self.seen.append((runner.epoch, *runner.model.heard, side))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_stages_and_resume(tmp_path, monkeypatch, workers):
    def set_stage(method, *heard):
        method.heard = heard

    monkeypatch.setattr(DenseCL, "set_stage", set_stage, raising=False)
    config = str(write_config(tmp_path, extra=STAGES.replace("{workers}", str(workers))))
    Watch.seen.clear()
    train(config, work_dir=str(tmp_path / "run"), cfg_options=[unique_run()])
    assert sorted(set(Watch.seen)) == [(0, 0, 0, 32), (1, 0, 1, 32), (2, 1, 0, 48)]
    for checkpoint, left in ((1, [(1, 0, 1, 32), (2, 1, 0, 48)]), (2, [(2, 1, 0, 48)])):
        Watch.seen.clear()
        train(
            config,
            work_dir=str(tmp_path / "run"),
            resume=str(tmp_path / f"run/epoch_{checkpoint}.pth"),
            cfg_options=[unique_run()],
        )
        assert sorted(set(Watch.seen)) == left


def test_settings_that_mean_nothing():
    with pytest.raises(ValueError, match="ascend"):
        StageHook(begins=[0], pipelines=[[]])
    with pytest.raises(ValueError, match="needs a pipeline"):
        StageHook(begins=[2, 3], pipelines=[[]])
