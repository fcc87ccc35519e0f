"""Video files whose frames carry their number, as blocks of black and white."""

from fractions import Fraction

import av
import numpy as np

from tests.datasets.conftest import photo

BITS, BLOCK, ROWS = 8, 16, 64
RATE = 25


def frame(number):
    """The bits of a number, the highest one left, and its opposite below: (64, 128, 3)."""
    bits = (number >> np.arange(BITS)[::-1]) & 1
    rows = np.repeat(np.stack([bits, 1 - bits]), BLOCK, axis=1).repeat(ROWS // 2, axis=0)
    return (rows[..., None] * 255).astype(np.uint8).repeat(3, axis=2)


def scene(number):
    """A photo that moves, each frame by another distance: (48, 64, 3)."""
    return np.roll(photo(64, 48, 1), (number, 2 * number), axis=(0, 1))


def numbers(frames):
    """The numbers of frames (T, H, W, 3); -1 where the two halves do not fit together."""
    found = []
    for image in frames:
        halves = image[..., 1].reshape(2, ROWS // 2, BITS, BLOCK).mean(axis=(1, 3)) > 127
        number = int(halves[0] @ (1 << np.arange(BITS)[::-1]))
        found.append(number if (halves[0] != halves[1]).all() else -1)
    return found


def write_video(
    path, codec, length=100, rate=RATE, container=None, sound=None, last_seconds=None, times=None,
    tags=None, image=frame, **options,
):  # fmt: skip
    """Encode frames 0 to length - 1, at the ``times`` (in units of the rate) if there are any.

    ``sound``, a codec, goes on for half a second more. ``image`` gives the pixels of a number.
    """
    times = times or list(range(length))
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = image(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.metadata.update(tags or {})
        stream.codec_context.gop_size = int(options.get("g", 12))
        if "bf" in options:
            stream.codec_context.max_b_frames = int(options["bf"])
        tone = file.add_stream(sound, rate=48000, layout="mono") if sound else None
        for number, time in enumerate(times):
            picture = av.VideoFrame.from_ndarray(image(number), format="rgb24")
            picture.pts, picture.time_base = time, Fraction(1, rate)
            file.mux(stream.encode(picture))
        rest = stream.encode()
        if last_seconds:
            rest[-1].duration = int(last_seconds / rest[-1].time_base)
        file.mux(rest)
        if tone is not None:
            samples = np.zeros((1, int(((times[-1] + 1) / rate + 0.5) * 48000)), np.float32)
            silence = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
            silence.rate, silence.pts = 48000, 0
            file.mux([*tone.encode(silence), *tone.encode()])
    return path


def cut(source, path, start):
    """Copy the packets from the key frame before ``start`` (seconds) on; the rest is edited out."""
    with av.open(str(source)) as whole, av.open(str(path), "w") as part:
        stream = whole.streams.video[0]
        copied = part.add_stream_from_template(stream)
        whole.seek(int(start / stream.time_base), stream=stream)
        offset = int(start / stream.time_base)
        for packet in whole.demux(stream):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
                packet.stream = copied
                part.mux(packet)
    return path
