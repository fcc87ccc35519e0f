"""Transforms of the views of a clip that ``LoadClip`` has read: augmentation and packing."""

from collections.abc import Sequence
from typing import Any

import torch

from mmcontrast.datasets.sampling.clips import uniform_starts
from mmcontrast.datasets.transforms.clips import pack_clip, refuse_different_sizes
from mmcontrast.datasets.transforms.formatting import Transform, compose, describe
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_sizes

_KEYS = dict(
    video=("frames", "valid_frames", "video_start"),
    audio=("audio", "spectrogram", "sample_rate", "valid_seconds", "audio_start"),
)


@TRANSFORMS.register_module()
class EachView:
    """Apply transforms to the images and to the sound of each view, with its own random numbers.

    A clip that all views share is transformed once: they get the same result.

    Args:
        video: Transforms of a clip of images, such as ``dict(type='EachFrame', shared=True, ...)``.
        audio: Transforms of a sound, see :mod:`mmcontrast.datasets.transforms.audio`.
    """

    def __init__(
        self,
        video: Sequence[dict | Transform] = (),
        audio: Sequence[dict | Transform] = (),
    ):
        self.pipelines = dict(video=compose(video), audio=compose(audio))

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        views = results["views"]
        for number, view in enumerate(views):
            for track, pipeline in self.pipelines.items():
                if number and view["shared"] == track:
                    view.update({key: views[0][key] for key in _KEYS[track] if key in views[0]})
                elif _KEYS[track][0] in view:
                    views[number] = view = pipeline(view)
        return results


@TRANSFORMS.register_module()
class SpectrogramWindows:
    """Replace a single view by windows of its spectrogram, evenly spread from start to end.

    It follows the ``LogMelSpectrogram`` of a whole recording. Unlike in clips, the frames at the
    borders of a window see the sound beside it, as in CrissCross' tests on ESC-50 (10 windows of
    200 frames) and DCASE 2013 (60 of 100).

    Args:
        num_windows: Number of windows.
        length: Length of a window in frames; all windows of a shorter spectrogram are the whole.

    Raises:
        ValueError: There are several views, or the view has no spectrogram.
    """

    def __init__(self, num_windows: int, length: int):
        check_sizes("SpectrogramWindows", num_windows=num_windows, length=length)
        self.num_windows = num_windows
        self.length = length

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        views = results["views"]
        if len(views) != 1 or "spectrogram" not in views[0]:
            raise ValueError(
                "SpectrogramWindows: it needs one view with a spectrogram: let LoadClip read one "
                "clip with audio=dict(seconds=None), and put LogMelSpectrogram into EachView."
            )
        whole = views[0]["spectrogram"]
        starts = uniform_starts(whole.shape[-1], self.length, self.num_windows)
        results["views"] = [
            {**views[0], "spectrogram": whole[..., start : start + self.length]} for start in starts
        ]
        return results


@TRANSFORMS.register_module()
class PackViews:
    """Pack the views of a clip; the last transform.

    Images become ``video`` (3, T, H, W), uint8, of several views ``video0``, ``video1`` and so on;
    sound becomes ``audio`` (``audio0``, ...): its spectrogram (channels, n_mels, time) if there is
    one, else its samples (channels, samples), float32.

    The data sample has the dataset's information on the file, its ``sample_idx``, and under the
    name of each input what is known about it: for images the ``numbers`` of the frames, their
    ``box`` and ``flip``, the ``size`` of the video, ``start`` and ``valid_frames``; for sound
    ``start`` and ``valid_seconds``.

    Raises:
        ValueError: The images of a view differ in size.
    """

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        inputs: dict[str, Any] = {}
        data_sample = describe(results)
        if "index" in results:
            data_sample["sample_idx"] = results["index"]
        views = results["views"]
        for number, view in enumerate(views):
            suffix = str(number) if len(views) > 1 else ""
            if "frames" in view:
                name = f"video{suffix}"
                refuse_different_sizes("PackViews", view["frames"], view["path"])
                inputs[name], data_sample[name] = pack_clip(view["frames"])
                data_sample[name] |= dict(
                    start=view["video_start"], valid_frames=view["valid_frames"]
                )
            if "audio" in view:
                name = f"audio{suffix}"
                sound = view.get("spectrogram")
                inputs[name] = torch.from_numpy(view["audio"]) if sound is None else sound
                data_sample[name] = dict(
                    start=view["audio_start"], valid_seconds=view["valid_seconds"]
                )
        return dict(inputs=inputs, data_sample=data_sample)
