"""What zero padding makes of an image on its way to the pixels' mean: a pixel reaches it by walks of taps, of which edges cut some off."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.theory.nonlinearity import Array


def of_walks(size: int, kernel: int, steps: int) -> Array:
    """How alike the parts of an image are that the pixels' mean reads through so many zero-padded convolutions, each shifted by taps and
    cut off at the edges: the mean square of their cosines, tr(A^2) / tr(A)^2 a side with A the mean of u u^T over the shifts, from 1
    without any convolution (steps,); 1 with circular padding."""
    return np.square(np.square(_reads(size, kernel, steps)).sum(axis=(1, 2))) if kernel > 1 else np.ones(steps)


@lru_cache(maxsize=64)
def of_fields(size: int, kernel: int, depth: int) -> Array:
    """How much more alike than what the output reads of two images is what a hidden row's units have of them by chance (depth,): that holds
    at pixels nearby as well, those that a walk of taps leads to. With C such a field and A what the output reads of it, the mean of
    tr(C A C A) over that of tr(C A)^2, for what came half as many rows before."""
    if kernel == 1:
        return np.ones(depth)
    shares, step = [np.eye(1, 2 * size - 1, size - 1)[0]], np.ones(kernel) / kernel
    for _ in range((depth + 1) // 2):
        shares.append(np.convolve(shares[-1], step, "same"))
    result: Array = _in_common(_reads(size, kernel, depth + 1)[-2::-1], np.repeat(shares[1:], 2, axis=0)[:depth]) ** 2
    return result


def _in_common(a: Array, shares: Array) -> Array:
    """The same of one side, for A (L, size, size) and fields that are averages over shifts of noise with these shares (L, 2 size - 1)."""
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
    """A of one side for so many convolutions, of trace 1 (steps, size, size)."""
    found = [np.ones((size, size)) / size]
    for _ in range(steps - 1):
        a = np.sum([_shifted(found[-1], by) for by in range(-(kernel // 2), kernel // 2 + 1)], axis=0)
        found.append(a / np.trace(a))
    return np.stack(found)


def _shifted(a: Array, by: int) -> Array:
    """A matrix moved along its diagonal, 0 where nothing was."""
    result, size = np.zeros_like(a), a.shape[0]
    low, high = max(by, 0), min(size, size + by)
    result[low:high, low:high] = a[low - by:high - by, low - by:high - by]
    return result
