"""Moments, counters and shares of one tensor: exact over every value.

In float64, of torch operations without a branch, which work on any device and never wait for it; models/native has the same in C.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models import native
from models.frame import COUNTERS, MOMENTS

FIELDS = (*MOMENTS, *COUNTERS)

SATURATION_MARGIN = 0.03
"""A value this close to a bounded activation's limit, in units of the larger limit's magnitude, counts as saturated."""


def moments(x: Tensor) -> Tensor:
    """The numbers of `FIELDS` of a tensor as one float64 vector on its device; NaN where there is no finite value."""
    return native.moments(x, len(FIELDS)) if native.readable(x) else exact_moments(x)


def exact_moments(x: Tensor) -> Tensor:
    """The fields in float64, over the finite values only."""
    wide = x.double()
    good = torch.isfinite(wide)
    count = good.sum()
    kept = torch.where(good, wide, 0.0)
    mean = kept.sum() / count
    squares = kept.square().sum()
    low, high = torch.where(good, wide, math.inf).amin(), torch.where(good, wide, -math.inf).amax()
    variance = torch.where(good, wide - mean, 0.0).square().sum() / count
    std = torch.where(low == high, 0.0, variance.sqrt())  # a single value has no rounding noise for a spread
    nothing = torch.where(count > 0, 0.0, math.nan)
    found = [mean, std + nothing, squares / count, low + nothing, high + nothing, squares.sqrt() + nothing]
    counters = [torch.full_like(mean, x.numel()), (x == 0).sum(), torch.isnan(x).sum(), torch.isposinf(x).sum(), torch.isneginf(x).sum()]
    return torch.stack([value.double() for value in (*found, *counters)])


def dead_share(phi: Tensor) -> Tensor:
    """Share of units (channels) that are zero on the whole batch; phi is (B, units, ...). A NaN is not a zero."""
    others = [dim for dim in range(phi.dim()) if dim != 1]
    return (phi.abs().amax(dim=others) == 0).double().mean()


def saturation_edges(limits: tuple[float, float]) -> tuple[float, float]:
    """At or beyond these a value is saturated: 3 % from the limits of a bounded activation."""
    margin = SATURATION_MARGIN * max(abs(limit) for limit in limits)
    return limits[0] + margin, limits[1] - margin


def saturated_share(phi: Tensor, edges: tuple[float, float]) -> Tensor:
    """Share of values at or beyond the edges; a NaN is not."""
    return ((phi <= edges[0]) | (phi >= edges[1])).double().mean()


def correlation(z: Tensor) -> Tensor:
    """Mean cosine between the pre-activations of two different examples of the batch (B, ...).

    With u the unit vectors, the mean over all pairs is (|sum u|^2 - B) / (B (B - 1)). NaN for a batch of one, and where an
    example's vector is zero or not finite.
    """
    batch, flat = z.shape[0], z.reshape(z.shape[0], -1)
    if batch < 2:
        return torch.full((), math.nan, dtype=torch.float64, device=z.device)
    if native.readable(flat):
        return torch.tensor(native.mean_cosine(flat), dtype=torch.float64)
    wide = flat.double()
    units = wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True)
    mean: Tensor = (units.sum(0).square().sum() - batch) / (batch * (batch - 1))
    return mean


def pixel_correlations(images: Tensor) -> Tensor:
    """Over images (B, C, H, W), the mean product of two different pixels, of one image and of two, over the mean square: (2,).

    Not a number where there is one pixel only, for two images where there is one only, and where all values are 0.
    """
    batch, channels, pixels = images.shape[0], images.shape[1], images[0, 0].numel()
    x = images.double().reshape(batch, channels, pixels)
    sums, total, unit = x.sum(2), x.sum(0), x.square().sum() / (batch * pixels)
    same = (sums.square().sum() - x.square().sum()) / batch
    every = sums.sum(0).square().sum() - sums.square().sum()
    at_one = total.square().sum() - x.square().sum()
    pairs = pixels * (pixels - 1) * unit
    return torch.stack([same / pairs, (every - at_one) / (pairs * (batch * (batch - 1) or math.nan))])
