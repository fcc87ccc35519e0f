# What every run shares: hooks, environment, logs. Nothing here belongs to a method.
default_scope = "mmcontrast"

default_hooks = dict(
    runtime_info=dict(type="RuntimeInfoHook"),
    timer=dict(type="IterTimerHook"),
    # The position in the data and the random numbers, for a fresh and for a resumed run.
    sampler_seed=dict(type="ResumeHook"),
    iteration_seed=dict(type="IterationSeedHook"),
    logger=dict(type="LoggerHook", interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # After every epoch; three are kept.
    checkpoint=dict(type="SafeCheckpointHook", interval=1, max_keep_ckpts=3),
    interrupt=dict(type="InterruptHook"),
    architecture=dict(type="ArchitectureHook"),
    non_finite=dict(type="NonFiniteLossHook"),
    queue_length=dict(type="QueueLengthHook"),
    skipped_files=dict(type="SkippedFilesHook"),
    history=dict(type="HistoryLengthHook"),
    curves=dict(type="CurvesHook"),
)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),
)

visualizer = dict(
    type="Visualizer",
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
)
log_processor = dict(by_epoch=True)
log_level = "INFO"

randomness = dict(seed=0)
load_from = None
resume = False
