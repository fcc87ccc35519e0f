"""Sizes and crops of clips in SeLaVi's retrieval (Asano et al., NeurIPS 2020)."""

import random

import numpy as np

from mmcontrast.datasets.transforms.geometry import Resize, source_box
from mmcontrast.registry import TRANSFORMS
from mmcontrast.utils.arguments import check_sizes


@TRANSFORMS.register_module()
class RandomShortSide:
    """Resize so that the short side has round(U(``smallest``, ``largest``)) pixels.

    Raises:
        ValueError: ``smallest`` is larger than ``largest``.
    """

    def __init__(self, smallest: int, largest: int):
        check_sizes("RandomShortSide", smallest=smallest, largest=largest)
        if smallest > largest:
            raise ValueError(f"RandomShortSide: {smallest} is larger than {largest}.")
        self.smallest = smallest
        self.largest = largest

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        return Resize(round(random.uniform(self.smallest, self.largest)))(results)


@TRANSFORMS.register_module()
class TopLeftCrop:
    """Crop the square of ``size`` x ``size`` pixels at the left end, or at the top.

    Raises:
        ValueError: The image is smaller than ``size``; put ``Resize`` before this transform.
    """

    def __init__(self, size: int):
        check_sizes("TopLeftCrop", size=size)
        self.size = size

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        height, width = results["image"].shape[:2]
        if min(height, width) < self.size:
            raise ValueError(
                f"TopLeftCrop({self.size}): {results['path']} has only {width}x{height} pixels "
                f"here. Put dict(type='Resize', size={self.size}) or larger before it."
            )
        results["box"] = source_box(results, 0, 0, self.size, self.size)
        results["image"] = np.ascontiguousarray(results["image"][: self.size, : self.size])
        return results
