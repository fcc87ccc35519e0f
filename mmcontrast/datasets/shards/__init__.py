"""Images streamed from tar files, for very large datasets. Needs the extra ``scale``."""

import os
import random
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from mmengine.dist import get_dist_info
from torch.utils.data import IterableDataset, get_worker_info

from mmcontrast.datasets.base import ON_ERROR, TooManyUnreadableError, check_on_error
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.files import IMAGES
from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.shards.counting import REMEDY, settle_number
from mmcontrast.datasets.shards.samples import Sample, read_samples
from mmcontrast.datasets.transforms import UnreadableImageError, compose
from mmcontrast.registry import DATASETS
from mmcontrast.utils.arguments import check_sizes
from mmcontrast.utils.tar import Damage

_SHOWN_SHARDS = 8
_Read: TypeAlias = tuple[str, Sample, list[str]]  # shard, sample, what was unreadable before it


@DATASETS.register_module()
class TarShards(IterableDataset):
    """Images of tar files in webdataset's layout, read sequentially.

    Files with the same stem are a sample: ``0001.jpg``, and optionally its label in ``0001.cls``. A
    tar file made by ``tar cf`` from a folder of images is valid.

    In each epoch the shards are shuffled and distributed in turn to the readers (the workers of all
    processes); a reader shuffles samples within a buffer. A reader that reaches the end of its
    shards starts them again, so that all processes have the same number of batches. The order is a
    function of (seed, epoch, number of readers, batch size), and an augmented image is a function
    of (seed, epoch, its name): a resumed run with the same number of workers equals an
    uninterrupted one.

    In a config the data loader has ``sampler=None``, since a stream cannot be sampled.

    Args:
        shards: Names of tar files, or one name with braces such as
            ``data/train-{00000..00099}.tar``. They may be anything that webdataset opens,
            including ``https://...`` and ``pipe:...``.
        pipeline: Transforms, see ``mmcontrast.datasets.transforms``.
        batch_size: Batch size of the data loader. An epoch is distributed to the workers in
            batches.
        num_samples: Number of samples in all shards. It is required for shards that are not local
            files. Local files are counted, for which all headers are read (some minutes for
            millions of samples); names that begin with ``file://`` are not.
        shuffle_buffer: Size of the buffer from which a reader draws the next sample; 1 keeps the
            order.
        meta: Constants that are added to every data sample.
        seed: Seed of order and transforms. The engine sets it from the run's seed.
        on_error: ``'raise'`` to raise an error at an unreadable image or a damaged shard,
            ``'skip'`` to leave them out: what is unreadable is listed in
            ``data_sample['skipped']``, and behind damage reading continues at the next header.

    Raises:
        FileNotFoundError: A local shard does not exist.
        ValueError: There are fewer samples than one batch for each process, or local shards are
            damaged or have fewer samples than ``num_samples``.
    """

    metainfo: dict[str, Any] = {}  # noqa: RUF012  MMEngine's visualizer asks for it

    def __init__(
        self,
        shards: str | Sequence[str],
        pipeline: Sequence = (),
        *,
        batch_size: int,
        num_samples: int | None = None,
        shuffle_buffer: int = 1000,
        meta: dict[str, Any] | None = None,
        seed: int = 0,
        on_error: str = ON_ERROR[0],
    ):
        check_sizes(
            "TarShards",
            batch_size=batch_size,
            num_samples=num_samples,
            shuffle_buffer=shuffle_buffer,
        )
        try:
            from webdataset.shardlists import expand_urls
        except ImportError as error:
            raise ImportError(
                "TarShards needs the webdataset library: pip install 'mmcontrast[scale]'"
            ) from error
        check_on_error(on_error)
        names = [shards] if isinstance(shards, str) else shards
        self.shards = sorted(url for name in names for url in expand_urls(name))
        self.num_samples = settle_number(self.shards, num_samples, on_error)
        self.pipeline = compose(pipeline)
        self.batch_size = batch_size
        self.shuffle_buffer = shuffle_buffer
        self.meta = dict(meta or {})
        self.seed = seed
        self.on_error = on_error
        # In shared memory, so that persistent workers see the next epoch.
        self._position = torch.zeros(2, dtype=torch.int64).share_memory_()
        world_size = get_dist_info()[1]
        self.num_batches = self.num_samples // (world_size * batch_size)
        if self.num_batches == 0:
            raise ValueError(
                f"TarShards: {self.num_samples} samples are less than a batch of {batch_size} for "
                f"each of {world_size} processes"
            )

    def __len__(self) -> int:
        """Number of samples of an epoch in this process, a multiple of the batch size."""
        return self.num_batches * self.batch_size

    @property
    def start(self) -> int:
        """Number of samples of the epoch that this process has used; 0 in a new epoch."""
        return int(self._position[1])

    @start.setter
    def start(self, start: int) -> None:
        if start % self.batch_size:
            raise ValueError(
                f"TarShards: batch_size={self.batch_size} must be that of the data loader; "
                f"{start} samples are not a multiple of it"
            )
        self._position[1] = start

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; ``start`` is reset to 0 if it is a new one."""
        if epoch != self._position[0]:
            self._position[1] = 0
        self._position[0] = epoch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = get_worker_info()
        workers = worker.num_workers if worker else 1
        epoch, start = self._position.tolist()
        done = start // self.batch_size
        # Batch b comes from worker b % workers. After resuming, the loader starts with its first
        # worker again, which therefore continues where the worker of batch `done` stopped.
        turn = ((worker.id if worker else 0) + done) % workers
        batches = range(turn, self.num_batches, workers)
        used = len(range(turn, done, workers))
        rank, world_size = get_dist_info()
        stream = self._stream(epoch, rank * workers + turn, world_size * workers)
        stream = islice(stream, used * self.batch_size, None)
        for _ in range((len(batches) - used) * self.batch_size):
            yield self._load(stream, epoch)

    def _stream(self, epoch: int, reader: int, readers: int) -> Iterator[_Read]:
        """Yield the undecoded samples of one reader, endlessly."""
        from webdataset.filters import shuffle

        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.shards))
        own_shards = [self.shards[i] for i in order[reader::readers]]
        if not own_shards:
            raise ValueError(
                f"TarShards: {len(self.shards)} shards are too few for {readers} readers (workers "
                "of all processes). Make more and smaller shards, or lower num_workers."
            )
        # A string seeds Python's generator by its SHA-512, which is the same on all machines.
        generator = random.Random(f"{self.seed} {epoch} {reader} {readers}")
        mix = shuffle(self.shuffle_buffer, self.shuffle_buffer, rng=generator)
        # Each pass empties the buffer, so no sample is repeated before all have been used once.
        unreadable: list[str] = []
        while True:
            is_empty = True
            for sample in mix(self._read(own_shards, unreadable)):
                is_empty = False
                yield sample
            if is_empty:
                shown = ", ".join(own_shards[:_SHOWN_SHARDS])
                raise UnreadableFileError(f"TarShards: no sample can be read from {shown}")

    def _read(self, shards: Sequence[str], unreadable: list[str]) -> Iterator[_Read]:
        """Yield shard and sample, and what could not be read before it, which is collected."""
        from webdataset.gopen import gopen

        for shard in shards:
            for item in read_samples(partial(gopen, shard), shard):
                if not isinstance(item, Damage):
                    yield shard, item, unreadable.copy()
                    unreadable.clear()
                elif self.on_error == "raise":
                    raise UnreadableFileError(f"TarShards: {item}. {REMEDY}", shard, item)
                else:
                    unreadable.append(item)

    def _load(self, stream: Iterator[_Read], epoch: int) -> dict[str, Any]:
        unreadable: list[str] = []
        for shard, encoded, damage in stream:
            unreadable += damage
            # The name identifies the sample, independently of the reader.
            index = zlib.crc32(f"{os.path.basename(shard)}/{encoded.key}".encode())
            try:
                with seeded(self.seed, epoch, index):
                    results = _image(encoded, f"{shard}/{encoded.key}")
                    sample = self.pipeline({**results, "index": index, **self.meta})
            except UnreadableImageError as error:
                if self.on_error == "raise":
                    raise
                unreadable.append(error.path)
                TooManyUnreadableError.check(unreadable, error)
                continue
            if unreadable:
                sample["data_sample"]["skipped"] = unreadable
            return sample
        raise RuntimeError("the stream of shards has an end")


def _image(sample: Sample, path: str) -> dict[str, Any]:
    suffix = sample.image_suffix
    if suffix is None:
        raise UnreadableImageError.of(
            path, f"the sample has no image ({' '.join(IMAGES)}), only {', '.join(sample.files)}"
        )
    results: dict[str, Any] = dict(path=f"{path}.{suffix}", bytes=sample.files[suffix])
    if "cls" in sample.files:
        results["label"] = _label(sample.files["cls"], path)
    return results


def _label(text: bytes, path: str) -> int:
    try:
        return int(text)
    except ValueError:
        reason = f"its label is {text[:20]!r}, which is not an integer"
        raise UnreadableImageError.of(path, reason) from None
