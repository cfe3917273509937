"""Moments, counters and shares of one tensor: exact over every value.

Each measure has two forms: one in float64 of torch operations without a branch, which works on any device and never waits
for it, and one in C for float32 tensors on the CPU (models/native), which reads a tensor once where the other makes a dozen
passes. Tests hold one against the other; docs/log.md has the figures.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models import native
from models.frame import COUNTERS, MOMENTS
from models.sampling import BLOCK, sample

FIELDS = (*MOMENTS, *COUNTERS)

SATURATION_MARGIN = 0.03
"""A value this close to a bounded activation's limit, in units of the larger limit's magnitude, counts as saturated."""


def moments(x: Tensor) -> Tensor:
    """The numbers of `FIELDS` of a tensor as one float64 vector on its device; NaN where there is no finite value."""
    return moments_and_sample(x, x.numel())[0]


def moments_and_sample(x: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """The same, and `sample(x, step)`."""
    return native.moments(x, len(FIELDS), BLOCK, step) if native.readable(x) else (exact_moments(x), sample(x, step))


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
    if native.readable(phi):
        return torch.tensor(native.dead_units(phi) / phi.shape[1], dtype=torch.float64)
    others = [dim for dim in range(phi.dim()) if dim != 1]
    return (phi.abs().amax(dim=others) == 0).double().mean()


def saturated_share(phi: Tensor, limits: tuple[float, float]) -> Tensor:
    """Share of values within 3 % of the limits of a bounded activation; a NaN is not near a limit."""
    margin = SATURATION_MARGIN * max(abs(limit) for limit in limits)
    low, high = limits[0] + margin, limits[1] - margin
    if native.readable(phi):
        return torch.tensor(native.beyond(phi, low, high) / phi.numel(), dtype=torch.float64)
    return ((phi <= low) | (phi >= high)).double().mean()


def correlation(z: Tensor) -> Tensor:
    """Mean cosine between the pre-activations of two different examples of the batch (B, ...).

    With u the unit vectors, the mean over all pairs is (|sum u|^2 - B) / (B (B - 1)). NaN for a batch of one, and where an
    example's vector is zero or not finite.
    """
    batch, flat = z.shape[0], z.reshape(z.shape[0], -1)
    if batch < 2:
        return torch.full((), math.nan, dtype=torch.float64, device=z.device)
    if native.readable(flat) and not math.isnan(found := native.units_squared(flat)):
        return torch.tensor((found - batch) / (batch * (batch - 1)), dtype=torch.float64)
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
