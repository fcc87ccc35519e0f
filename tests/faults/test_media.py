"""Mutated media files: each ends in a right result or in one sentence that names the file.

``pytest -s`` prints the outcomes. A result is right if it is what the intact file holds; *untold*
are other pixels where another decoder, too, gives them without an error, so that nothing tells the
damage (``docs/damaged_files.md``). It is wrong if that decoder tells the damage, or reads something
else.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from mmcontrast.datasets.errors import UnreadableFileError
from tests.faults.guard import CRASH, HANG, guarded
from tests.faults.mutations import MUTATIONS, Mutation, keep, mutate

for package in ("av", "soundfile", "soxr", "webdataset"):
    pytest.importorskip(package)
from tests.faults.media import MEDIA, Media, Parts, Readings  # noqa: E402

ENDS = ("right", "untold", "refused", HANG, CRASH, "traceback", "wrong")
GOOD_ENDS = ENDS[:3]
NUM_MUTATIONS = 8  # of each kind of file
LIMIT_SECONDS = 60  # of what takes milliseconds


class Case(NamedTuple):
    """A mutated file.

    Attributes:
        name: Key of its kind in ``MEDIA``.
        mutation: What was done to it.
        seed: What the mutation is drawn from.
    """

    name: str
    mutation: Mutation
    seed: int


class Outcome(NamedTuple):
    """How reading a file ended, one of ``ENDS``, and what was said."""

    end: str
    message: str = ""


def cases(number: int = NUM_MUTATIONS) -> Iterator[Case]:
    """Return as many cases of each kind of file, in turn of each kind of mutation."""
    for offset, name in enumerate(MEDIA):
        for seed in range(number):
            yield Case(name, MUTATIONS[(offset + seed) % len(MUTATIONS)], seed)


class Judge:
    """Writes the intact files into a folder, then a mutated one at a time."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.contents: dict[str, bytes] = {}
        self.intact: dict[str, Parts] = {}
        for name, media in MEDIA.items():
            path = folder / f"intact{media.suffix}"
            media.write(path)
            self.contents[name] = path.read_bytes()
            self.intact[name] = media.read(str(path))
            reference = media.reference(str(path))
            assert reference is not None, name
            assert not _differences(media, self.intact[name], reference, {}), name

    def __call__(self, case: Case) -> Outcome:
        """Return how the reading of a mutated file ends."""
        media, intact = MEDIA[case.name], self.intact[case.name]
        suffix = media.other if case.mutation is keep else media.suffix
        path = self.folder / f"{case.mutation.__name__}{suffix}"
        path.write_bytes(
            mutate(self.contents[case.name], case.mutation, f"{case.name} {case.seed}")
        )
        try:
            parts = media.read(str(path))
        except (UnreadableFileError, ValueError) as error:
            message = str(error)
            if "\n" not in message.strip() and str(path) in message:
                return Outcome("refused", message)
            return Outcome("traceback", f"{type(error).__name__}: {message}")
        except Exception as error:
            return Outcome("traceback", f"{type(error).__name__}: {error}")
        if parts.keys() == intact.keys() and all(
            np.array_equal(parts[key], intact[key]) for key in parts
        ):
            return Outcome("right")
        reference = media.reference(str(path))
        if reference is None:
            return Outcome("wrong", "the reference tells the damage")
        differences = _differences(media, parts, reference, intact)
        if differences:
            return Outcome("wrong", f"other than the reference: {', '.join(differences)}")
        return Outcome("untold")


def _differences(media: Media, parts: Parts, reference: Readings, intact: Parts) -> list[str]:
    """Name the parts that are neither those of the intact file nor those of the reference."""
    differences = [f"{key} is missing" for key in reference.keys() - parts.keys()]
    for key, part in parts.items():
        readings = [*reference.get(key, ()), *([intact[key]] if key in intact else ())]
        if any(_is_close(part, reading, media.tolerance) for reading in readings):
            continue
        others = [
            *intact.values(),
            *(reading for values in reference.values() for reading in values),
        ]
        is_guess = not media.is_determined and any(part.shape == r.shape for r in readings)
        if not is_guess or any(np.array_equal(part, other) for other in others):
            differences.append(str(key))
    return differences


def _is_close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b.astype(float)) <= tolerance))


@pytest.mark.slow
def test_mutated_files_end_in_a_result_or_a_sentence(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = Judge(tmp_path)
    table: Counter[tuple[str, str]] = Counter()
    failures = []
    tasks = list(cases())
    assert len(tasks) >= 200
    for case, result in zip(tasks, guarded(judge, tasks, LIMIT_SECONDS), strict=True):
        outcome = Outcome(result) if isinstance(result, str) else result
        table[case.name, outcome.end] += 1
        where = f"{case.name} {case.mutation.__name__} {case.seed}"
        print(f"{outcome.end:9s} {where}: {outcome.message[:300]}")
        if outcome.end not in GOOD_ENDS or (case.mutation is keep and outcome.end != "right"):
            failures.append(f"{where}: {outcome.end} {outcome.message}")
    print(f"{'':17s}" + "".join(f"{end:>10s}" for end in ENDS))
    for name in MEDIA:
        print(f"{name:17s}" + "".join(f"{table[name, end]:10d}" for end in ENDS))
    assert not failures, "\n".join(failures)
