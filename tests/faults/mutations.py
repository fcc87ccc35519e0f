"""Damage of files, as a function of a seed: what storage, transfers and tools do to them."""

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[bytearray, random.Random], bytes]

_HEADER_BYTES = 200


def flip_bits(data: bytearray, rng: random.Random) -> bytes:
    """Flip one to eight bits anywhere."""
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def cut(data: bytearray, rng: random.Random) -> bytes:
    """Keep the beginning, as an interrupted download does."""
    return bytes(data[: rng.randrange(1, len(data))])


def zero_block(data: bytearray, rng: random.Random) -> bytes:
    """Write zeros over a part, as a lost block of a disk."""
    length = rng.randint(16, max(17, len(data) // 8))
    start = rng.randrange(max(len(data) - length, 1))
    data[start : start + length] = bytes(len(data[start : start + length]))
    return bytes(data)


def swap_blocks(data: bytearray, rng: random.Random) -> bytes:
    """Exchange two blocks of the same length."""
    length = rng.randint(8, max(9, len(data) // 8))
    first, second = sorted(rng.randrange(max(len(data) - length, 1)) for _ in range(2))
    blocks = bytes(data[first : first + length]), bytes(data[second : second + length])
    data[first : first + length], data[second : second + length] = blocks[::-1]
    return bytes(data)


def insert_bytes(data: bytearray, rng: random.Random) -> bytes:
    """Insert up to 64 random bytes, behind which everything is shifted."""
    start = rng.randrange(len(data))
    return bytes(data[:start]) + rng.randbytes(rng.randint(1, 64)) + bytes(data[start:])


def change_header(data: bytearray, rng: random.Random) -> bytes:
    """Write an extreme or a random number over a field near the beginning or the end."""
    width = rng.choice((1, 2, 4))
    span = min(_HEADER_BYTES, len(data)) - width
    start = rng.choice((rng.randrange(span), len(data) - width - rng.randrange(span)))
    field = rng.choice((bytes(width), b"\xff" * width, b"\x7f" * width, rng.randbytes(width)))
    data[start : start + width] = field
    return bytes(data)


def empty(data: bytearray, rng: random.Random) -> bytes:
    """Leave no byte."""
    return b""


def keep(data: bytearray, rng: random.Random) -> bytes:
    """Change nothing; the file gets a wrong extension instead."""
    return bytes(data)


MUTATIONS: Sequence[Mutation] = (
    flip_bits, cut, zero_block, swap_blocks, insert_bytes, change_header, empty, keep,
)  # fmt: skip


def mutate(data: bytes, kind: Mutation, seed: object) -> bytes:
    """Return a damaged copy of ``data``, the same for the same seed."""
    return kind(bytearray(data), random.Random(f"{kind.__name__} {seed}"))
