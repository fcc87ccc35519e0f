"""Hooks: exact resume, safe checkpoints, interruption, guards, validation, transfer, summaries."""

from .accumulation import AccumulationHook
from .architecture import ArchitectureHook
from .batch_statistics import BatchStatisticsHook
from .checkpoint import SafeCheckpointHook
from .clustering import ClusteringHook
from .curves import CurvesHook
from .guards import NonFiniteLossHook, QueueLengthHook
from .history import HistoryLengthHook
from .interrupt import InterruptHook
from .job import JobHook
from .memory_format import ChannelsLastHook
from .missing_files import MissingFilesHook
from .precise_bn import PreciseBNHook
from .pretrained import PretrainedBackboneHook
from .resume import IterationSeedHook, ResumeHook
from .skipped import SkippedFilesHook
from .stages import StageHook
from .summary import SummaryHook
from .validation import ResumedValidationHook, ValidationHook

__all__ = [
    "AccumulationHook",
    "ArchitectureHook",
    "BatchStatisticsHook",
    "ChannelsLastHook",
    "ClusteringHook",
    "CurvesHook",
    "HistoryLengthHook",
    "InterruptHook",
    "IterationSeedHook",
    "JobHook",
    "MissingFilesHook",
    "NonFiniteLossHook",
    "PreciseBNHook",
    "PretrainedBackboneHook",
    "QueueLengthHook",
    "ResumeHook",
    "ResumedValidationHook",
    "SafeCheckpointHook",
    "SkippedFilesHook",
    "StageHook",
    "SummaryHook",
    "ValidationHook",
]
