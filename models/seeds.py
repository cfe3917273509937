"""Random numbers: each use has its own stream, so that changing the initializer leaves the data and the batches alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from models.later import torch

if TYPE_CHECKING:
    from torch import Generator, device

Stream = Literal["weights", "data", "split", "batches", "dropout"]


def generator(seed: int, stream: Stream, on: device | str = "cpu") -> Generator:
    """The generator of one stream of a run: a function of seed and stream alone."""
    return torch.Generator(on).manual_seed(number(seed, stream))


def number(seed: int, stream: Stream) -> int:
    """A 63-bit seed for the stream."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{stream}".encode()).digest()[:8], "big") >> 1
