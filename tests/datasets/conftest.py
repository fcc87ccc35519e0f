from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image


def photo(width: int = 160, height: int = 120, seed: int = 0) -> np.ndarray:
    """Smooth colors with an edge and some noise, (H, W, 3) uint8 RGB."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(int)
    image[height // 4 : height // 2, width // 3 :] += rng.integers(-60, 60, 3)
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes with 4 and 3 JPEGs, of different sizes."""
    for number in range(7):
        path = tmp_path / "images" / ("cat" if number < 4 else "dog") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(80 + number, 60, number)).save(path, quality=90)
    return tmp_path / "images"
