"""Video reader that decodes with OpenCV, from the start of the file."""

import os
from collections.abc import Iterator, Sequence

import cv2

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video.orientation import refuse_mirrored
from mmcontrast.datasets.video.reader import Image, VideoInfo, VideoReader


class OpenCVReader(VideoReader):
    """Reads frames with OpenCV without seeking, which fails in some containers: frames are counted.

    OpenCV applies the rotation of a display matrix, but no flip.

    Raises:
        UnreadableVideoError: The file cannot be opened, or has no frames, or has a display matrix
            that flips.
    """

    def __init__(self, path: str):
        super().__init__(path)
        if not os.path.isfile(path):
            raise UnreadableVideoError.of(path, "there is no such file")
        self._video = cv2.VideoCapture(path)
        if not self._video.isOpened() or self._video.get(cv2.CAP_PROP_FPS) <= 0:
            self.close()
            raise UnreadableVideoError.of(path, "OpenCV cannot open it")
        refuse_mirrored(path)

    def probe(self) -> VideoInfo:
        """Return the information in the header."""
        fps = float(self._video.get(cv2.CAP_PROP_FPS))
        num_frames = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        return VideoInfo(num_frames, fps, 0.0, num_frames / fps, has_pts=False)

    def frames(self) -> Iterator[Image]:
        """Yield all frames."""
        self._restart()
        while self._video.grab():
            yield self._retrieve()

    def close(self) -> None:
        """Close the file."""
        self._video.release()

    def _read_sorted(self, times: Sequence[float]) -> list[Image]:
        self._restart()
        fps = self.probe().fps
        indices = [int(time * fps + 1e-3) for time in times]
        images: list[Image] = []
        number = -1
        while len(images) < len(indices):
            if not self._video.grab():
                break
            number += 1
            if number == indices[len(images)]:
                image = self._retrieve()
                images.append(image)
                images += [image] * (indices[len(images) :].count(number))
        if number < 0:
            raise UnreadableVideoError.of(self.path, "OpenCV decodes no frame of it")
        if len(images) < len(indices):
            for time in times[len(images) :]:
                self._check_end(time, (number + 1) / fps, fps)
            images += self._read_sorted([number / fps]) * (len(indices) - len(images))
        return images

    def _restart(self) -> None:
        self._video.release()
        self._video.open(self.path)

    def _retrieve(self) -> Image:
        success, image = self._video.retrieve()
        if not success:
            raise UnreadableVideoError.of(self.path, "OpenCV cannot decode a frame of it")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
