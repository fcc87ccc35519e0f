"""Video object segmentation by the rules of DAVIS 2017 (Pont-Tuset et al., arXiv:1704.00675).

J is the overlap of regions, F the agreement of their outlines; each has a mean over frames, a
recall (share of frames above one half) and a decay (first quarter less last quarter).

Shapes: T frames of H x W pixels.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.datasets.masks import VOID, read_mask, write_mask
from mmcontrast.evaluation.region_boundary import boundary_similarity, region_similarity
from mmcontrast.evaluation.unscored import keep_scored
from mmcontrast.registry import METRICS

_MIN_FRAMES = 3  # of which the first and the last do not count
_NAMES = [f"{measure}-{kind}" for measure in "JF" for kind in ("Mean", "Recall", "Decay")]


class Scores(NamedTuple):
    """J and F of one object in the frames of a video that count, 0..1."""

    j_T: list[float]
    f_T: list[float]


def statistics(values_T: Sequence[float]) -> tuple[float, float, float]:
    """Mean, recall and decay of a measure over the frames of a video.

    Args:
        values_T: 0..1, of at least one frame.

    Returns:
        Mean; share of values above one half; mean of the first quarter less that of the last. The
        quarters share their edge frames.
    """
    values = np.asarray(values_T, dtype=np.float64)
    edges = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    first, last = values[: edges[1] + 1], values[edges[3] : edges[4] + 1]
    return values.mean(), (values > 0.5).mean(), first.mean() - last.mean()


def score_video(
    predicted: Iterable[NDArray[np.uint8]], truth: Iterable[NDArray[np.uint8]], name: str = "video"
) -> list[Scores]:
    """Score each object of the first frame; the first and the last frame do not count.

    Args:
        predicted: A mask (H, W) of object ids for every frame, the first one included.
        truth: The annotated masks.
        name: Name of the video, for error messages.

    Returns:
        One entry an object, ids 1..N. An object that is not predicted scores as an empty mask.

    Raises:
        ValueError: A mask has another size than the annotation, one that counts has ids that the
            first annotation does not have, the numbers of frames differ, or fewer than three are
            there.
    """
    truths = list(truth)
    if len(truths) < _MIN_FRAMES:
        raise ValueError(
            f"{name} has {len(truths)} annotated frames. The first and the last one do not count, "
            f"so a score needs at least {_MIN_FRAMES}."
        )
    num_objects = int(truths[0].max())
    if not num_objects:
        raise ValueError(f"{name}: the first annotation shows no object.")
    scores = [Scores([], []) for _ in range(num_objects)]
    for t, (mask_p, mask_t) in enumerate(zip(predicted, truths, strict=True)):
        if mask_p.shape != mask_t.shape:
            raise ValueError(
                f"{name}, frame {t}: the predicted mask has {mask_p.shape[1]}x{mask_p.shape[0]} "
                f"pixels, the annotation {mask_t.shape[1]}x{mask_t.shape[0]}."
            )
        if not 0 < t < len(truths) - 1:
            continue
        if int(mask_p.max()) > num_objects:
            remedy = " Masks of 0 and 255 need dataset.binary=True." if mask_p.max() == VOID else ""
            raise ValueError(
                f"{name}, frame {t}: id {int(mask_p.max())} is predicted, but the first annotation "
                f"has only the ids 1 to {num_objects}.{remedy}"
            )
        for number, (j_T, f_T) in enumerate(scores, start=1):
            j_T.append(region_similarity(mask_p == number, mask_t == number))
            f_T.append(boundary_similarity(mask_p == number, mask_t == number))
    return scores


def _score_annotated(
    predicted: Iterable[NDArray[np.uint8]], video: Mapping[str, Any]
) -> list[Scores] | None:
    """Score the annotated frames of a video; None if they are fewer than a score needs.

    Args:
        predicted: A mask (H, W) for every annotated frame.
        video: Data sample of :class:`~mmcontrast.datasets.annotated_videos.VideoMasks`.
    """
    paths = [path for path in video["annotations"] if path is not None]
    if len(paths) < _MIN_FRAMES:
        return None
    truth = (read_mask(path, video["binary"]) for path in paths)
    return score_video(predicted, truth, video["sequence"])


def score_folder(
    folder: str | os.PathLike, videos: Iterable[Mapping[str, Any]]
) -> dict[str, float | None]:
    """Score masks that are files already, ``<folder>/<sequence>/<frame>.png``.

    Args:
        folder: Folder of the predictions.
        videos: Data samples of the annotated videos, of
            :class:`~mmcontrast.datasets.annotated_videos.VideoMasks`.

    Returns:
        DAVIS' metrics in percent, see :func:`summarize`.

    Raises:
        FileNotFoundError: Masks are missing; all of them are named.
        ValueError: Masks do not fit the annotations.
    """
    videos = list(videos)
    paths = [
        [Path(folder) / video["sequence"] / f"{name}.png" for name in video["frames"]]
        for video in videos
    ]
    missing = [str(path) for video in paths for path in video if not path.is_file()]
    if missing:
        listed = "\n  ".join(missing)
        raise FileNotFoundError(f"{len(missing)} predicted masks are missing:\n  {listed}")
    results: list[tuple[str, list[Scores] | None]] = []
    for video, predicted in zip(videos, paths, strict=True):
        # 255 is void in an annotation; as a prediction it is an id that no object has.
        masks = (
            read_mask(path, video["binary"], void_is_background=False)
            for path, annotation in zip(predicted, video["annotations"], strict=True)
            if annotation is not None
        )
        results.append((video["sequence"], _score_annotated(masks, video)))
    return _summarize_videos(results)


def _summarize_videos(
    results: Sequence[tuple[str, list[Scores] | None]],
) -> dict[str, float | None]:
    """Summarize the videos that are scored, and log which are not."""
    return summarize(scores for video in keep_scored(results, "davis") for scores in video)


def summarize(objects: Iterable[Scores]) -> dict[str, float | None]:
    """Return the mean over all objects (not videos) of DAVIS' metrics, in percent.

    Without an object, as where no video has more than a first mask, each metric is None.
    """
    rows = np.array([[*statistics(j_T), *statistics(f_T)] for j_T, f_T in objects])
    if not len(rows):
        return dict.fromkeys(["J&F-Mean", *_NAMES])
    values = 100 * rows.mean(0)
    return {
        "J&F-Mean": float(values[0] + values[3]) / 2,
        **{name: float(value) for name, value in zip(_NAMES, values, strict=True)},
    }


@METRICS.register_module()
class DAVIS(BaseMetric):
    """J and F of propagated masks, in percent: ``davis/J&F-Mean``, ``J-Mean``, ``J-Recall``...

    Videos with fewer than three annotated masks, such as those of DAVIS' test-dev, are written and
    not scored; if there are no others, each metric is None.

    Args:
        out_dir: Folder in which the predicted masks are written as DAVIS' palette PNGs,
            ``<sequence>/<frame>.png``, which the official toolkit scores too. None writes nothing.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "davis"

    def __init__(self, out_dir: str | os.PathLike | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.out_dir = None if out_dir is None else Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Score the videos of a batch; their masks are not kept."""
        for sample in data_samples:
            masks_THW = sample["masks"]
            if self.out_dir is not None:
                for mask_HW, name in zip(masks_THW, sample["frames"], strict=True):
                    write_mask(self.out_dir / sample["sequence"] / f"{name}.png", mask_HW)
            annotated = [t for t, path in enumerate(sample["annotations"]) if path is not None]
            scores = _score_annotated(masks_THW[annotated], sample)
            self.results.append((sample["sequence"], scores))

    def compute_metrics(
        self, results: list[tuple[str, list[Scores] | None]]
    ) -> dict[str, float | None]:
        """Return DAVIS' metrics over the objects of all videos that are scored."""
        return _summarize_videos(results)
