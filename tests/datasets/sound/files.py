"""Files with images and sound: a white image, and a click, at stated times."""

from fractions import Fraction

import av
import numpy as np

FPS, RATE = 25, 48000
SIZE = (64, 96)
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def clicks(seconds, times, rate=RATE, channels=2):
    """Silence with a click of 2 ms, whose middle is at each of the times: (channels, samples)."""
    samples = np.zeros(round(seconds * rate), np.float32)
    half = round(0.001 * rate)
    for time in times:
        middle = round(time * rate)
        shape = np.hanning(2 * half + 1) * np.cos(np.arange(-half, half + 1) * np.pi / half * 2)
        samples[middle - half : middle + half + 1] += 0.8 * shape
    return np.repeat(samples[None], channels, axis=0)


def noise(seconds, rate=RATE, channels=1, seed=0):
    """Low-pass noise, which every codec keeps: (channels, samples)."""
    rng = np.random.default_rng(seed)
    white = rng.normal(0, 1, (channels, round(seconds * rate)))
    kernel = np.hanning(33) / np.hanning(33).sum()
    smooth = np.stack([np.convolve(row, kernel, "same") for row in white])
    return (0.5 * smooth / np.abs(smooth).max()).astype(np.float32)


def write_av(
    path, sound, codec="aac", video="libx264", rate=RATE, seconds=3.0, flashes=(), sound_start=0.0,
    video_start=0.0, video_options=None, sound_options=None, container_options=None,
):  # fmt: skip
    """Write images, which are white at the times ``flashes`` and else black, and a sound.

    Args:
        sound: Samples (channels, samples), or None for no sound track. Several arrays are
            written one after the other, each (time, samples).
        flashes: Times on the clock of the file; so are ``sound_start`` and ``video_start``.
        video: Codec of the images, or None for no images.
    """
    options = dict(container_options or {})
    with av.open(str(path), "w", options=options) as file:
        images = _add_images(file, video, video_options) if video else None
        parts = sound if isinstance(sound, list) else [(sound_start, sound)]
        tone = None
        if sound is not None:
            layout = LAYOUTS[len(parts[0][1])]
            tone = file.add_stream(codec, rate=rate, layout=layout, options=sound_options or {})
        entries = list(_images(images, seconds, flashes, video_start)) if images else []
        entries += (
            [e for begin, part in parts for e in _blocks(tone, part, begin, rate)] if tone else []
        )
        for _, stream, frame in sorted(entries, key=lambda entry: entry[0]):
            file.mux(stream.encode(frame))
        for stream in filter(None, (images, tone)):
            file.mux(stream.encode())
    return path


def _add_images(file, codec, options):
    stream = file.add_stream(codec, rate=FPS, options=options or {"g": "12"})
    stream.height, stream.width = SIZE
    stream.pix_fmt = "yuv420p"
    if "bf" in (options or {}):
        stream.codec_context.max_b_frames = int(options["bf"])
    return stream


def _images(stream, seconds, flashes, start):
    white = {round((time - start) * FPS) for time in flashes}
    for number in range(round(seconds * FPS)):
        pixels = np.full((*SIZE, 3), 255 if number in white else 0, np.uint8)
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = number + round(start * FPS), Fraction(1, FPS)
        yield start + number / FPS, stream, frame


def _blocks(stream, samples, start, rate):
    for begin in range(0, samples.shape[1], 1024):
        part = np.ascontiguousarray(samples[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(part, "fltp", LAYOUTS[len(samples)])
        frame.rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = begin + round(start * rate)
        yield start + begin / rate, stream, frame


def cut_both(source, path, start):
    """Copy both streams from the key frame before ``start`` (seconds) on, the rest edited out."""
    with av.open(str(source)) as whole, av.open(str(path), "w") as part:
        copies = {s.index: part.add_stream_from_template(s) for s in whole.streams}
        video = whole.streams.video[0]
        whole.seek(int(start / video.time_base), stream=video)
        for packet in whole.demux():
            if packet.dts is not None:
                offset = int(start / packet.time_base)
                packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
                packet.stream = copies[packet.stream.index]
                part.mux(packet)
    return path
