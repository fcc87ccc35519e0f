# mmdet's runtime, with our hooks: the weights that training starts from are checked, missing files
# are reported before it begins, batch-norm statistics are measured before each test, and
# checkpoints are written so that a killed run resumes.
_base_ = "mmdet::_base_/default_runtime.py"

default_hooks = dict(
    backbone=dict(type="mmcontrast.PretrainedBackboneHook"),
    missing_files=dict(type="mmcontrast.MissingFilesHook"),
    precise_bn=dict(type="mmcontrast.PreciseBNHook", num_iters=200),
    checkpoint=dict(
        type="mmcontrast.SafeCheckpointHook", by_epoch=False, interval=5000, max_keep_ckpts=2
    ),
    interrupt=dict(type="mmcontrast.InterruptHook"),
    non_finite=dict(type="mmcontrast.NonFiniteLossHook"),
    history=dict(type="mmcontrast.HistoryLengthHook"),
    curves=dict(type="mmcontrast.CurvesHook"),
    logger=dict(log_metric_by_epoch=False),
)
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
