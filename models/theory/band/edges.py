"""What zero padding leaves of a unit's mean where a batch normalization behind phi has taken it away.

The normalization takes each unit's mean over the batch and its pixels away. A zero-padded kernel's taps that leave the image at an edge do
not see all pixels, so that what they see has a mean again.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.band.cosines import Cosines, shared_by_pairs
from models.theory.chain import Chain
from models.theory.layers import Plan
from models.theory.nonlinearity import Array
from models.theory.padding import cuts

FARTHEST, STEPS = 30.0, 40
"""The largest reach that is sought, in pixels, and the bisections of the search."""


def at_edges(plan: Plan, rows: Chain, pairs: Cosines, lift: Array) -> Array:
    """The mean cosine over the batch, with what taps at the edges leave of it in the hidden rows behind the normalization (depth + 1,).

    chain.py's products give what is left of pixels that have nothing to do with each other; a real image's are alike nearby.
    """
    if plan.post != "batch" or plan.kernel == 1 or plan.size == 1:
        return pairs.mean
    left = shared_by_pairs(plan, rows) + np.maximum(lift, 0.0)
    if plan.config.data.name != "gaussian" and rows.fields.participation is not None:
        left = left * alike(plan.size, plan.kernel, reach(plan.kernel, rows.fields.participation))
    return np.concatenate([pairs.mean[:1], np.maximum(left[1:-1], 0.0), pairs.mean[-1:]])


def reach(kernel: int, participation: float) -> float:
    """Over how many pixels an image's are alike: r at which correlations exp(-distance^2 / (2 r^2)) have the mean square
    1 / participation over all pairs of a kernel's taps."""
    apart = np.square(np.subtract.outer(np.arange(kernel), np.arange(kernel)))
    asked, low, high = 1.0 / math.sqrt(participation), 0.0, FARTHEST
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if float(np.exp(-apart / middle**2).mean()) > asked else (middle, high)
    return high


@lru_cache(maxsize=256)
def alike(size: int, kernel: int, by: float) -> float:
    """How many times the square of what a mean keeps at the edges is larger for images whose pixels are alike so far than where none are:
    the variance of the sum over a tap's pixels, of images without their mean, averaged over the taps."""
    apart = np.square(np.subtract.outer(np.arange(size), np.arange(size)))
    found = [_variance(np.exp(-apart / (2.0 * by**2)), cuts(size, kernel)), _variance(np.eye(size), cuts(size, kernel))]
    return found[0] / found[1]


def _variance(side: Array, seen: Array) -> float:
    """Of the sum over a tap's pixels, over one pixel's variance, in images of the correlation `side` along a side, without their mean."""
    size, each = len(side), seen.sum(axis=1)
    both, all_of_one, total = np.einsum("ai,ij,aj->a", seen, side, seen), seen @ side.sum(axis=1), float(side.sum())
    share = np.multiply.outer(each, each) / size**2
    sums = np.multiply.outer(both, both) - 2.0 * share * np.multiply.outer(all_of_one, all_of_one) + (share * total) ** 2
    return float(sums.mean()) / (1.0 - (total / size**2) ** 2)
