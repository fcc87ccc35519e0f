"""Propagate masks and follow boxes through a video, and write the video that shows them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.utils import deprecated_api_warning
from numpy.typing import NDArray
from torch import Tensor

from mmcontrast.apis.inference.backbone import load_backbone, read_checkpoint
from mmcontrast.datasets.clips import Frame, pack_frame
from mmcontrast.datasets.files import list_frames
from mmcontrast.datasets.masks import read_objects, write_mask
from mmcontrast.datasets.transforms import LoadImage, compose
from mmcontrast.datasets.video import open_video
from mmcontrast.registry import MODELS
from mmcontrast.utils.errors import UserError, input_errors
from mmcontrast.utils.memory import memory_errors
from mmcontrast.utils.writing import writing
from mmcontrast.visualization.overlay import overlay_mask
from mmcontrast.weights import Checkpoint

if TYPE_CHECKING:
    from mmcontrast.models.protocols.propagation_protocols import ColorSpace, PropagationInput

Video = str | os.PathLike | Iterable[Frame]
"""A video file, a folder of frames, or the frames: paths or RGB arrays (H, W, 3) of uint8."""

_MEMORY_REMEDY = "Lower the short side of the network's input (size, or --size)."


@deprecated_api_warning(dict(preset="protocol"))
def propagate(
    video: Video,
    first_mask: str | os.PathLike | NDArray,
    *,
    checkpoint: str | Path | None = None,
    config: str | Path | None = None,
    protocol: str = "vfs_r18",
    size: int | None = None,
    device: str | None = None,
    num_objects: int | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Propagate the objects of a video's first frame to the other frames.

    Args:
        video: See ``Video``; frames are read as they are needed.
        first_mask: Ids (H, W), 0 for the background, or a palette or gray PNG of them. 255 is
            void, unless there is nothing but 0 and 255, which shows one object. Masks whose objects
            are gray levels or colors, with anti-aliased or compressed edges, are read as well, see
            :func:`~mmcontrast.datasets.masks.read_objects`.
        checkpoint: Weights of a backbone in any layout that ``load_backbone`` knows, or
            ``'torchvision://resnet18'``. None compares raw colors.
        config: Config of the backbone's training; None takes the one inside the checkpoint.
        protocol: Name of the published protocol that is followed: ``'vfs_r18'``, ``'vfs_r50'``,
            ``'crw'``, ``'uvc'``, ``'contrastcorr'`` or ``'dino'``; see
            :mod:`mmcontrast.models.protocols.propagation_protocols`. The colors are those that the
            network was trained on, and the protocol's where that is not known.
        size: Short side of the network's input, in pixels; None takes the protocol's.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the best one available.
        num_objects: Number of objects in ``first_mask``; needed only where it does not tell.

    Yields:
        One mask (H, W) of uint8 per frame, the given one first.

    Raises:
        UserError: Video, mask, checkpoint or settings do not fit.
    """
    # Models take a second to import, and so they are not before they are needed.
    from mmcontrast.models.protocols.propagation_protocols import find_protocol

    with input_errors("propagate"), memory_errors(lambda _: _MEMORY_REMEDY):
        mask = read_objects(first_mask, num_objects)
        network_input = find_protocol(protocol).input
        backbone: Any = dict(type="mmcontrast.ColorPatches")
        if checkpoint is not None:
            source = read_checkpoint(checkpoint, config)
            network_input = network_input.with_colors_of(source.model.get("type", ""))
            backbone = _dense_backbone(source, network_input)
        model = _propagation(backbone, protocol, network_input.colors)
        model = model.to(device or get_device()).eval()
        views = _views(video, _pipeline(network_input, size), (mask.shape[0], mask.shape[1]))
        yield from model.propagate_mask(views, mask)


def track(
    video: Video,
    box: Sequence[float],
    *,
    checkpoint: str | Path | None = None,
    config: str | Path | None = None,
    device: str | None = None,
) -> Iterator[NDArray[np.float64]]:
    """Follow one target through a video.

    Args:
        video: See ``Video``.
        box: Box of the target in the first frame: x, y, width, height in pixels from 0.
        checkpoint: Checkpoint of a training with ``configs/benchmarks/otb100``. None compares raw
            colors.
        config: Config of that training; None takes the one inside the checkpoint.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the best one available.

    Yields:
        One box (4,) per frame, the given one first.

    Raises:
        UserError: Video, box or checkpoint do not fit.
    """
    with input_errors("track"):
        model = _color_tracker() if checkpoint is None else _trained_tracker(checkpoint, config)
        model = model.to(device or get_device()).eval()
        pipeline = compose([dict(type="LoadImage"), dict(type="PackInputs")])
        views = (
            pack_frame(frame, pipeline, number)["inputs"]["view0"]
            for number, frame in enumerate(read_frames(video))
        )
        yield from model.track(views, np.asarray(box, dtype=np.float64))


def read_frames(video: Video) -> Iterator[Frame]:
    """Yield the frames of a video one after the other.

    Raises:
        UserError: There is no such file or folder, or it cannot be decoded.
    """
    if not isinstance(video, str | os.PathLike):
        yield from video
        return
    path = Path(video)
    if path.is_dir():
        with input_errors(str(path)):
            yield from list_frames(path)
        return
    if not path.is_file():
        raise UserError(f"There is neither a video nor a folder of frames {path}.")
    with input_errors(f"{path} cannot be decoded as a video"), open_video(str(path)) as file:
        yield from file.frames()


def write_overlay(
    video: Video,
    masks: Iterable[NDArray[np.integer]],
    out: str | os.PathLike,
    *,
    frames_per_second: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write a video of the frames with the masks drawn on them.

    Args:
        video: The frames, which are read once more.
        masks: One mask per frame, from :func:`propagate`.
        out: File to write; its suffix says the container, such as ``.mp4``.
        frames_per_second: None takes those of a video file, or else 24.
        progress: Called with the number of frames that are done.

    Returns:
        The number of frames.

    Raises:
        UserError: The file cannot be written.
    """
    rate = frames_per_second or _rate_of(video)
    load, av = LoadImage(), _import_av()
    with writing(out):
        Path(out).parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with (
        input_errors(f"cannot write {out}"),
        writing(out, also_reads=True),
        av.open(os.fspath(out), "w") as container,
    ):
        stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
        stream.pix_fmt = "yuv420p"
        for frame, mask in zip(read_frames(video), masks, strict=True):
            pixels = load(dict(path=frame))["image"] if isinstance(frame, str) else frame
            drawn = _even(overlay_mask(pixels, mask))
            if not done:
                stream.height, stream.width = drawn.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24")))
            done += 1
            if progress is not None:
                progress(done)
        container.mux(stream.encode(None))
    return done


def save_masks(
    masks: Iterable[NDArray[np.uint8]], folder: str | os.PathLike
) -> Iterator[NDArray[np.uint8]]:
    """Write masks as ``<folder>/00000.png``... in DAVIS' palette form, and yield them on."""
    for number, mask in enumerate(masks):
        write_mask(Path(folder) / f"{number:05d}.png", mask)
        yield mask


def _propagation(backbone: Any, protocol: str, colors: "ColorSpace") -> Any:
    """Build the model that propagates by a protocol the labels of frames in ``colors``."""
    return MODELS.build(
        dict(
            type="mmcontrast.LabelPropagation",
            backbone=backbone,
            protocol=protocol,
            data_preprocessor=dict(
                type="mmcontrast.ViewPreprocessor", mean=colors.mean, std=colors.std
            ),
        )
    )


def _dense_backbone(checkpoint: Checkpoint, network_input: "PropagationInput") -> Any:
    """Load a pre-trained backbone; of a ResNet the stage that is compared, at stride 8."""
    backbone: Any = load_backbone(checkpoint)
    if hasattr(backbone, "layer1") and hasattr(backbone, "out_indices"):
        from mmcontrast.models.backbones import set_strides

        set_strides(backbone, network_input.strides)
        backbone.out_indices = (network_input.stage,)
    return backbone


def _pipeline(network_input: "PropagationInput", size: int | None) -> Callable[[dict], dict]:
    """Make the transform of frames to the network's input."""
    resize = dict(type="Resize", size=size or network_input.size, multiple=network_input.multiple)
    to_lab = dict(type="ToLAB", only_lightness=network_input.colors.name == "lightness")
    convert = [] if network_input.colors.name == "rgb" else [to_lab]
    return compose([dict(type="LoadImage"), resize, *convert, dict(type="PackInputs")])


def _views(
    video: Video, pipeline: Callable[[dict], dict], mask_size: tuple[int, int]
) -> Iterator[Tensor]:
    """Prepare the frames of a video, whose size in pixels is that of the first mask.

    Raises:
        ValueError: There is no frame, or the mask has another size.
    """
    packed = (
        pack_frame(frame, pipeline, number) for number, frame in enumerate(read_frames(video))
    )
    first = next(packed, None)
    if first is None:
        raise ValueError("The video has no frame.")
    width, height = first["data_sample"]["view0"]["size"]
    if mask_size != (height, width):
        raise ValueError(
            f"The mask has {mask_size[1]}x{mask_size[0]} pixels, the video {width}x{height}."
        )
    return (frame["inputs"]["view0"] for frame in chain([first], packed))


def _color_tracker() -> Any:
    """Build a tracker whose response is the correlation of raw colors."""
    model = MODELS.build(
        dict(
            type="mmcontrast.SiamFC",
            backbone=dict(type="mmcontrast.ColorPatches"),
            head=dict(type="mmcontrast.SiameseHead", in_channels=27),
        )
    )
    for convolution in (model.head.exemplar, model.head.search):
        torch.nn.init.dirac_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    return model


def _trained_tracker(checkpoint: str | Path, config: str | Path | None) -> Any:
    """Build the tracker of a training and load all of its weights."""
    source = read_checkpoint(checkpoint, config)
    if source.method != "SiamFC":
        raise UserError(
            f"{checkpoint} is not of a SiamFC: train one with configs/benchmarks/otb100, or give "
            "its config."
        )
    source.check_parts(*source.model.values())
    model = MODELS.build({**source.model, "type": "mmcontrast.SiamFC"})
    model.load_state_dict(source.model_weights)
    return model


def _rate_of(video: Video) -> float:
    if isinstance(video, str | os.PathLike) and Path(video).is_file():
        with open_video(str(video)) as file:
            return file.probe().fps
    return 24.0


def _even(frame_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row and column where a side is odd, which 4:2:0 video cannot be."""
    height, width = frame_HW3.shape[:2]
    return np.pad(frame_HW3, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise UserError("Video files need PyAV: pip install 'mmcontrast[video]'.") from error
    return av
