"""The values of a tensor that its histograms are counted from: whole blocks of neighbours, evenly spread."""

from __future__ import annotations

import math
from functools import cache

from torch import Tensor

BLOCK = 16
"""Values in a block: 64 bytes of float32, what a processor or a GPU reads at once."""


@cache
def stride(n: int, samples: int | None) -> int:
    """The step through the blocks of n values that leaves at least `samples` of them (None: all).

    It shares no divisor with the number of blocks: a step of 8 through (batch, 256) would see every eighth block of units and no other.
    """
    blocks = n // BLOCK
    step = max(1, blocks // -(-samples // BLOCK)) if samples else 1
    while math.gcd(step, blocks) != 1:
        step -= 1
    return step


def sample(x: Tensor, step: int) -> Tensor:
    """A copy of every step-th whole block of the tensor, flat; of all of it with a step of 1."""
    flat = x.reshape(-1)
    if step == 1:
        return flat.clone()
    return flat[: flat.numel() // BLOCK * BLOCK].reshape(-1, BLOCK)[::step].reshape(-1)
