"""Count the samples of tar shards before a training, and find what of them is damaged."""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from mmengine.logging import print_log

from mmcontrast.datasets.shards.samples import read_samples
from mmcontrast.utils.tar import Damage

REMEDY = "Write the shard again, or set on_error='skip'."
_SHOWN_SHARDS = 8
_NUM_THREADS = 8  # each waits for the disk most of the time


def settle_number(shards: Sequence[str], num_samples: int | None, on_error: str) -> int:
    """Return the number of samples in all shards; those of local files are counted.

    Args:
        shards: Paths and addresses of tar files.
        num_samples: The number that the user expects, or None. It must be given where a shard is
            not a local file, and then nothing is counted.
        on_error: ``'raise'`` to raise an error if a shard is damaged, or has fewer samples than
            expected, ``'skip'`` to warn of it.

    Returns:
        The expected number if there are at least as many samples, otherwise how many there are.

    Raises:
        FileNotFoundError: A local shard does not exist.
        ValueError: A shard is damaged, the numbers differ, or ``num_samples`` is missing.
    """
    others = [shard for shard in shards if "://" in shard or shard.startswith("pipe:")]
    if others:
        if num_samples is None:
            raise ValueError(
                f"TarShards: {others[0]} is not a local file, so give num_samples, the number of "
                "samples in all shards"
            )
        return num_samples
    with ThreadPoolExecutor(_NUM_THREADS) as pool:
        counts = list(pool.map(partial(_count, on_error=on_error), shards))
    num_images = sum(images for images, _ in counts)
    # A sample without an image may be among those that are expected, or not.
    largest = sum(samples for _, samples in counts)
    if num_samples is not None and not num_images <= num_samples <= largest:
        _report_difference(shards, [images for images, _ in counts], num_samples, on_error)
    return num_images if num_samples is None or num_samples > largest else num_samples


def _report_difference(
    shards: Sequence[str], counts: Sequence[int], num_samples: int, on_error: str
) -> None:
    """Name the shards whose numbers differ most from the expected number of each."""
    expected = num_samples / len(shards)
    order = sorted(range(len(shards)), key=lambda i: -abs(counts[i] - expected))
    shown = ", ".join(f"{counts[i]} in {shards[i]}" for i in order[:_SHOWN_SHARDS])
    more = ", ..." if len(shards) > _SHOWN_SHARDS else ""
    message = (
        f"TarShards: num_samples={num_samples} is {expected:.6g} in each shard, but {sum(counts)} "
        f"samples are counted in {len(shards)} shards ({shown}{more})"
    )
    if sum(counts) > num_samples:
        message += ". Each epoch leaves the others out."
    elif on_error == "raise":
        raise ValueError(f"{message}. Complete the shards, correct num_samples or leave it out.")
    else:
        message += ". An epoch has as many as are counted."
    print_log(message, logger="current", level=logging.WARNING)


def _count(shard: str, on_error: str) -> tuple[int, int]:
    """Return the number of samples with an image in a local tar file, and that of all samples."""
    if not os.path.isfile(shard):
        raise FileNotFoundError(f"TarShards: the shard {shard} does not exist")
    num_images = num_samples = 0
    damage = []
    for item in read_samples(partial(open, shard, "rb"), shard, contents=False):
        if not isinstance(item, Damage):
            num_images += item.image_suffix is not None
            num_samples += 1
        elif on_error == "raise":
            raise ValueError(f"TarShards: {item}. {REMEDY}")
        else:
            damage.append(item)
    if damage:
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        message = f"TarShards: {damage[0]}{more}; {num_images} samples of the shard remain."
        print_log(message, logger="current", level=logging.WARNING)
    return num_images, num_samples
