"""Moments, counters, shares and correlations of one tensor, over every value.

Here they are written in torch operations in float64, without branches that would wait for a device; models/native has the same in C.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models import native
from models.frame import COUNTERS, MOMENTS

FIELDS = (*MOMENTS, *COUNTERS)

SATURATION_MARGIN = 0.03
"""A value this close to a limit of a bounded activation counts as saturated; as a share of the larger limit's magnitude."""


def moments(x: Tensor) -> Tensor:
    """The numbers of FIELDS of a tensor, (fields,) float64 on its device: moments over the finite values, NaN where there is none."""
    return native.moments(x, len(FIELDS)) if native.readable(x) else torch_moments(x)


def torch_moments(x: Tensor) -> Tensor:
    """The same in torch operations, on any device."""
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
    """Share of units (channels) of phi (B, units, ...) that are zero on the whole batch. A NaN is not a zero."""
    others = [dim for dim in range(phi.dim()) if dim != 1]
    return (phi.abs().amax(dim=others) == 0).double().mean()


def saturation_edges(limits: tuple[float, float]) -> tuple[float, float]:
    """(low, high): a value at or beyond them is saturated. They lie 3 % inside the limits of a bounded activation."""
    margin = SATURATION_MARGIN * max(abs(limit) for limit in limits)
    return limits[0] + margin, limits[1] - margin


def saturated_share(phi: Tensor, edges: tuple[float, float]) -> Tensor:
    """Share of values at or beyond the edges. A NaN is not."""
    return ((phi <= edges[0]) | (phi >= edges[1])).double().mean()


def correlation(z: Tensor) -> Tensor:
    """Mean cosine between the vectors of two different examples of a batch (B, ...).

    With u their unit vectors, the mean over all pairs is (|sum u|^2 - B) / (B (B - 1)), cut at -1 and 1 as it is rounded. NaN for a batch
    of one, and where an example's vector is zero or not finite.
    """
    batch, flat = z.shape[0], z.reshape(z.shape[0], -1)
    if batch < 2:
        return torch.full((), math.nan, dtype=torch.float64, device=z.device)
    if native.readable(flat):
        return torch.tensor(native.mean_cosine(flat), dtype=torch.float64)
    wide = flat.double()
    units = wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True)
    mean: Tensor = (units.sum(0).square().sum() - batch) / (batch * (batch - 1))
    return mean.clamp_(-1.0, 1.0)


def pixel_correlations(images: Tensor) -> Tensor:
    """Mean product of two different pixels of images (B, C, H, W), over the mean square: of one image, and of two different images. (2,).

    NaN where there is one pixel only, where all values are 0, and the second where there is one image only.
    """
    batch, channels, pixels = images.shape[0], images.shape[1], images[0, 0].numel()
    x = images.double().reshape(batch, channels, pixels)
    sums, total, unit = x.sum(2), x.sum(0), x.square().sum() / (batch * pixels)
    same = (sums.square().sum() - x.square().sum()) / batch
    every = sums.sum(0).square().sum() - sums.square().sum()
    at_one = total.square().sum() - x.square().sum()
    pairs = pixels * (pixels - 1) * unit
    return torch.stack([same / pairs, (every - at_one) / (pairs * (batch * (batch - 1) or math.nan))])
