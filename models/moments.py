"""Moments, counters and shares of one tensor: exact over every value, quick where that loses nothing.

Each measure comes twice: an exact form in float64 without a branch, which works on any device and never waits for it, and
a quick form for finite, well-scaled float32 tensors on the CPU. Tests hold one against the other. (On a CPU torch's
comparisons and `count_nonzero` take ten times as long as a conversion to bool; docs/log.md has the figures.)
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

MOMENTS = ("mean", "std", "mean_square", "min", "max", "norm")
COUNTERS = ("n", "zeros", "nan", "pos_inf", "neg_inf")
FIELDS = (*MOMENTS, *COUNTERS)

SAFE_SQUARE = (1e-24, 1e30)
"""Mean squares between these are computed in float32 without loss; beyond, and with NaN or Inf, in float64."""

LARGE = 1 << 20
"""Tensors of more values than this are summed in float64."""

CHUNK = 512
"""Values summed in float32 before float64 takes over."""

SATURATION_MARGIN = 0.03
"""A value this close to a bounded activation's limit, in units of the larger limit's magnitude, counts as saturated."""


def moments(x: Tensor) -> Tensor:
    """The numbers of `FIELDS` of a tensor as one float64 vector on its device; NaN where there is no finite value."""
    quick = quick_moments(x) if is_quick(x) else None
    return exact_moments(x) if quick is None else torch.tensor(quick, dtype=torch.float64)


def is_quick(x: Tensor) -> bool:
    """Whether the quick forms may be tried."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and x.numel() <= LARGE


def quick_moments(x: Tensor) -> list[float] | None:
    """The fields in float32, or None where that would lose accuracy or where a value is not finite."""
    n = x.numel()
    square_sum = _square_sum(x.reshape(-1))
    mean_square = square_sum / n
    if not SAFE_SQUARE[0] < mean_square < SAFE_SQUARE[1]:
        return None
    mean = x.mean().item()
    variance = mean_square - mean * mean
    if variance < 0.01 * mean_square:  # the difference has lost digits
        return None
    low, high = torch.aminmax(x)
    return [mean, math.sqrt(variance), mean_square, low.item(), high.item(), math.sqrt(square_sum), n, n - _nonzero(x), 0, 0, 0]


def _square_sum(flat: Tensor) -> float:
    """The sum of squares: float32 within a chunk, float64 over the chunks. (One float32 norm of 65,536 values is off by 5e-6.)"""
    whole = flat.numel() // CHUNK * CHUNK
    parts = torch.linalg.vector_norm(flat[:whole].view(-1, CHUNK), dim=1).double()
    rest = torch.linalg.vector_norm(flat[whole:]).item()
    return float(torch.dot(parts, parts).item() + rest * rest)


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
    found = [mean, std + nothing, squares / count, low, high, squares.sqrt() + nothing]
    counters = [torch.full_like(mean, x.numel()), (x == 0).sum(), torch.isnan(x).sum(), torch.isposinf(x).sum(), torch.isneginf(x).sum()]
    return torch.stack([value.double() for value in (*found, *counters)])


def dead_share(phi: Tensor) -> Tensor:
    """Share of units (channels) that are zero on the whole batch; phi is (B, units, ...). A NaN is not a zero."""
    others = [dim for dim in range(phi.dim()) if dim != 1]
    return (phi.abs().amax(dim=others) == 0).double().mean()


def saturated_share(phi: Tensor, limits: tuple[float, float]) -> Tensor:
    """Share of values within 3 % of the limits of a bounded activation; a NaN is not near a limit."""
    margin = SATURATION_MARGIN * max(abs(limit) for limit in limits)
    if is_quick(phi):
        middle, reach = (limits[0] + limits[1]) / 2, (limits[1] - limits[0]) / 2 - margin
        beyond = (phi - middle).abs_().sub_(reach).clamp_(min=0.0).nan_to_num_(0.0)
        return torch.tensor(_nonzero(beyond) / phi.numel(), dtype=torch.float64)
    return ((phi <= limits[0] + margin) | (phi >= limits[1] - margin)).double().mean()


def correlation(z: Tensor) -> Tensor:
    """Mean cosine between the pre-activations of two different examples of the batch (B, ...).

    With u the unit vectors, the mean over all pairs is (|sum u|^2 - B) / (B (B - 1)). NaN for a batch of one, and where an
    example's vector is zero or not finite.
    """
    batch, flat = z.shape[0], z.reshape(z.shape[0], -1)
    if batch < 2:
        return torch.full((), math.nan, dtype=torch.float64, device=z.device)
    lengths = torch.linalg.vector_norm(flat, dim=1)
    if is_quick(z) and lengths.min().item() > 1e-15 and lengths.max().item() < 1e15:
        total = lengths.reciprocal() @ flat
    else:
        wide = flat.double()
        total = (wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True)).sum(0)
    mean: Tensor = (total.double().square().sum() - batch) / (batch * (batch - 1))
    return mean


def _nonzero(x: Tensor) -> int:
    return int(np.count_nonzero(x.bool().numpy()))
