"""Images of mean squares: zero padding makes a convolution's mean square depend on the position.

A kernel's taps that lie outside the image count as 0, so a pixel at an edge has less to see. Where nothing depends on the position, a plain
number stands for the whole image.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.theory.layers import Plan
from models.theory.nonlinearity import Array

Value = float | Array
"""A number, or an image (H, W) of them where zero padding makes it depend on the position."""


def level(value: Value) -> float:
    """The mean over positions."""
    return value if isinstance(value, float) else float(value.ravel() @ _ones(value.size)) / value.size  # a third of what sum() takes


@lru_cache(maxsize=64)
def _ones(size: int) -> Array:
    return np.ones(size)


def taps_inside(square: Value, kernel: int) -> Value:
    """At each pixel the mean over a kernel's taps, those outside the image counting as 0."""
    if isinstance(square, float) or kernel == 1:
        return square
    inside = _inside(square.shape[0], kernel)
    result: Array = inside @ square @ inside.T
    return result


def share_inside(plan: Plan) -> float:
    """The share of its mean square that zero padding leaves of an image of equal pixels."""
    return level(taps_inside(np.ones((plan.size, plan.size)), plan.kernel))


@lru_cache(maxsize=64)
def _inside(size: int, kernel: int) -> Array:
    """The share that each pixel of a line has in the mean over each other pixel's taps (size, size)."""
    index = np.arange(size)
    shares: Array = (np.abs(np.subtract.outer(index, index)) <= kernel // 2) / kernel
    return shares


def both_inside(square: Array, kernel: int) -> float:
    """The share of the products of two pixels that a zero-padded kernel leaves, where all pairs are equally correlated: such a product goes
    by the roots of the two mean squares, so it is the mean over the taps of (mean root inside)^2, over (mean root)^2."""
    root, cut = np.sqrt(square), cuts(square.shape[0], kernel)
    left = cut @ (root / root.sum()) @ cut.T  # the squares of the sums may be beyond any float
    return float((left * left).mean())


@lru_cache(maxsize=64)
def cuts(size: int, kernel: int) -> Array:
    """Whether a pixel of a line lies inside when shifted by each of a kernel's taps (kernel, size)."""
    shifted = np.add.outer(np.arange(kernel) - kernel // 2, np.arange(size))
    return ((shifted >= 0) & (shifted < size)).astype(np.float64)


def uneven(square: Array) -> float:
    """The mean product of two pixels where the mean squares differ, over that where all are equal: (mean root)^2 / mean square."""
    return level(np.sqrt(square)) ** 2 / level(square) if square.any() else 1.0


@lru_cache(maxsize=64)
def mirrored(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For a square image that looks the same when it is turned or mirrored: (one pixel of each kind, which kind each pixel is)."""
    edge = np.minimum(np.arange(size), np.arange(size)[::-1])
    kinds = np.maximum.outer(edge, edge) * size + np.minimum.outer(edge, edge)
    _, first, back = np.unique(kinds, return_index=True, return_inverse=True)
    return first, back.reshape(size, size)
