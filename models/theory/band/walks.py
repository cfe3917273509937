"""What zero padding makes of an image on its way to the mean over the pixels, which the output row reads.

Going back through the convolutions, a pixel reaches that mean by walks, a tap in each layer. Walks that leave the image are cut off.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.theory.nonlinearity import Array


def of_walks(size: int, kernel: int, steps: int) -> Array:
    """How alike the parts of an image are that the mean over the pixels reads through 0, 1, ..., steps - 1 zero-padded convolutions, each
    shifted by one walk and cut off at the edges: the mean square of their cosines (steps,). It is tr(A^2) / tr(A)^2 along each side, A the
    mean of u u^T over the shifted and cut sides u; 1 with circular padding."""
    return np.square(np.square(_reads(size, kernel, steps)).sum(axis=(1, 2))) if kernel > 1 else np.ones(steps)


@lru_cache(maxsize=64)
def of_fields(size: int, kernel: int, depth: int) -> Array:
    """By how much more two images have in common, through what a hidden row's units share of them by chance, than what the output reads of
    them (depth,). What units share by chance at one pixel they share at pixels nearby too: those that a walk of taps leads to. With C the
    matrix of such a field and A what the output reads of it, this is the mean of tr(C A C A) over the mean of tr(C A)^2, for a field that
    came up half as many rows before."""
    if kernel == 1:
        return np.ones(depth)
    shares, step = [np.eye(1, 2 * size - 1, size - 1)[0]], np.ones(kernel) / kernel
    for _ in range((depth + 1) // 2):
        shares.append(np.convolve(shares[-1], step, "same"))
    result: Array = _in_common(_reads(size, kernel, depth + 1)[-2::-1], np.repeat(shares[1:], 2, axis=0)[:depth]) ** 2
    return result


def _in_common(a: Array, shares: Array) -> Array:
    """The same along one side of the image, for matrices A (L, size, size) and fields that average noise over shifts with these shares
    (L, 2 size - 1)."""
    size, reach = a.shape[1], shares.shape[1]
    room, crossed, seen = np.pad(a, ((0, 0), *[(size - 1, size - 1)] * 2)), np.zeros((len(a), reach, reach)), np.zeros_like(a)
    for shift in range(size):
        crossed += room[:, shift:shift + reach, shift:shift + reach]
    for shift in range(reach):
        seen += shares[:, shift, None, None] * room[:, shift:shift + size, shift:shift + size]
    alike = (shares[:, None] @ np.square(crossed))[:, 0] * shares
    result: Array = alike.sum(axis=1) / np.square(seen).sum(axis=(1, 2))
    return result


@lru_cache(maxsize=64)
def _reads(size: int, kernel: int, steps: int) -> Array:
    """The matrix A of one side, scaled to trace 1, for 0, 1, ..., steps - 1 convolutions (steps, size, size)."""
    found = [np.ones((size, size)) / size]
    for _ in range(steps - 1):
        a = np.sum([_shifted(found[-1], by) for by in range(-(kernel // 2), kernel // 2 + 1)], axis=0)
        found.append(a / np.trace(a))
    return np.stack(found)


def _shifted(a: Array, by: int) -> Array:
    """The matrix moved along its diagonal by so many places; what comes in from outside is 0."""
    result, size = np.zeros_like(a), a.shape[0]
    low, high = max(by, 0), min(size, size + by)
    result[low:high, low:high] = a[low - by:high - by, low - by:high - by]
    return result
