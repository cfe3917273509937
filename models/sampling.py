"""The sample of a tensor's values that its histograms are counted from: whole blocks of neighbouring values, evenly spread."""

from __future__ import annotations

import math
from functools import cache

from torch import Tensor

BLOCK = 16
"""Values in a block: 64 bytes of float32, what a processor or a GPU reads at once."""


@cache
def stride(n: int, samples: int | None) -> int:
    """The step through the blocks of n values that takes at least `samples` values (None: all of them).

    It has no divisor in common with the number of blocks. A step of 8 through (batch, 256), with 16 blocks a row, would always see the same
    units and never the others.
    """
    blocks = n // BLOCK
    step = max(1, blocks // -(-samples // BLOCK)) if samples else 1
    while math.gcd(step, blocks) != 1:
        step -= 1
    return step


def sample(x: Tensor, step: int) -> Tensor:
    """A flat copy of every step-th whole block of the tensor; of the whole tensor with a step of 1."""
    flat = x.reshape(-1)
    if step == 1:
        return flat.clone()
    return flat[: flat.numel() // BLOCK * BLOCK].reshape(-1, BLOCK)[::step].reshape(-1)
