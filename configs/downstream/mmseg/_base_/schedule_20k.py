# mmseg's runtime and schedule, with our hooks: the weights that training starts from are checked,
# missing files are reported before it begins, and checkpoints are written so that a killed run
# resumes.
_base_ = ["mmseg::_base_/default_runtime.py", "mmseg::_base_/schedules/schedule_20k.py"]

default_hooks = dict(
    backbone=dict(type="mmcontrast.PretrainedBackboneHook"),
    missing_files=dict(type="mmcontrast.MissingFilesHook"),
    checkpoint=dict(type="mmcontrast.SafeCheckpointHook", max_keep_ckpts=2),
    interrupt=dict(type="mmcontrast.InterruptHook"),
    non_finite=dict(type="mmcontrast.NonFiniteLossHook"),
    history=dict(type="mmcontrast.HistoryLengthHook"),
    curves=dict(type="mmcontrast.CurvesHook"),
)
randomness = dict(seed=0)
# The learning rate of 0.01 is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=16, enable=False)
