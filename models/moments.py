"""Moments, counters and shares of one tensor: exact over every value.

Each measure has two forms: one in float64 of torch operations without a branch, which works on any device and never waits
for it, and one in numpy for float32 tensors on the CPU, where a numpy call costs a fraction of a torch call. Tests hold one
against the other; docs/log.md has the figures.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOMENTS = ("mean", "std", "mean_square", "min", "max", "norm")
COUNTERS = ("n", "zeros", "nan", "pos_inf", "neg_inf")
FIELDS = (*MOMENTS, *COUNTERS)

SAFE_SQUARE = (1e-24, 1e30)
"""Mean squares between these are computed in float32 without loss; beyond, and with NaN or Inf, in float64."""

CHUNK = 512
"""Values summed in float32 before float64 takes over. (A float32 sum of 65,536 squares in one go is off by 5e-6.)"""

ONES = {np.dtype(dtype): np.ones(CHUNK, dtype) for dtype in (np.float32, np.float64)}

SATURATION_MARGIN = 0.03
"""A value this close to a bounded activation's limit, in units of the larger limit's magnitude, counts as saturated."""

Floats = NDArray[np.floating]


def moments(x: Tensor) -> Tensor:
    """The numbers of `FIELDS` of a tensor as one float64 vector on its device; NaN where there is no finite value."""
    return torch.from_numpy(np.array(array_moments(x.reshape(-1).numpy()))) if on_host(x) else exact_moments(x)


def on_host(x: Tensor) -> bool:
    """Whether numpy may read the tensor in place."""
    return x.device.type == "cpu" and x.dtype == torch.float32


def array_moments(x: Floats) -> list[float]:
    """The fields of a flat float32 array."""
    square_sum = _sum_of_squares(x)
    if SAFE_SQUARE[0] * x.size < square_sum < SAFE_SQUARE[1] * x.size:
        return [*_finite_moments(x, square_sum), x.size, _zeros(x), 0, 0, 0]
    kept = x[np.isfinite(x)].astype(np.float64)
    found = _finite_moments(kept, _sum_of_squares(kept)) if kept.size else [math.nan] * len(MOMENTS)
    others = [int(np.count_nonzero(mask)) for mask in (np.isnan(x), x == math.inf, x == -math.inf)]
    return [*found, x.size, _zeros(x), *others]


def _finite_moments(x: Floats, square_sum: float) -> list[float]:
    low, high = float(np.minimum.reduce(x)), float(np.maximum.reduce(x))
    mean = _sum(x) / x.size
    mean_square = square_sum / x.size
    variance = mean_square - mean * mean
    if low == high:  # a single value has no rounding noise for a spread
        mean, variance = low, 0.0
    elif variance < 0.1 * mean_square:  # the difference has lost digits
        centred = x - x.dtype.type(mean)
        variance = _sum_of_squares(centred) / x.size - (_sum(centred) / x.size) ** 2
    return [mean, math.sqrt(max(variance, 0.0)), mean_square, low, high, math.sqrt(square_sum)]


def _sum(x: Floats) -> float:
    """The sum: in x's own precision within a chunk, in float64 over the chunks."""
    whole = x.size // CHUNK * CHUNK
    rest = float(x[whole:].sum(dtype=np.float64)) if whole < x.size else 0.0
    return rest + float(np.add.reduce(np.vecdot(x[:whole].reshape(-1, CHUNK), ONES[x.dtype]), dtype=np.float64))


def _sum_of_squares(x: Floats) -> float:
    """The sum of squares, likewise."""
    whole = x.size // CHUNK * CHUNK
    chunks, rest = x[:whole].reshape(-1, CHUNK), x[whole:]
    with np.errstate(over="ignore", invalid="ignore"):
        return (float(np.vecdot(rest, rest)) if rest.size else 0.0) + float(np.add.reduce(np.vecdot(chunks, chunks), dtype=np.float64))


def _zeros(x: Floats) -> int:
    return int(np.count_nonzero(x == 0))


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
    if on_host(phi):
        alive = (phi.numpy() != 0).any(axis=0)
        alive = alive.reshape(len(alive), -1).any(axis=1) if alive.ndim > 1 else alive
        return torch.tensor(np.count_nonzero(~alive) / alive.size, dtype=torch.float64)
    others = [dim for dim in range(phi.dim()) if dim != 1]
    return (phi.abs().amax(dim=others) == 0).double().mean()


def saturated_share(phi: Tensor, limits: tuple[float, float]) -> Tensor:
    """Share of values within 3 % of the limits of a bounded activation; a NaN is not near a limit."""
    margin = SATURATION_MARGIN * max(abs(limit) for limit in limits)
    low, high = limits[0] + margin, limits[1] - margin
    if on_host(phi):
        x = phi.numpy()
        return torch.tensor((np.count_nonzero(x <= low) + np.count_nonzero(x >= high)) / x.size, dtype=torch.float64)
    return ((phi <= low) | (phi >= high)).double().mean()


def correlation(z: Tensor) -> Tensor:
    """Mean cosine between the pre-activations of two different examples of the batch (B, ...).

    With u the unit vectors, the mean over all pairs is (|sum u|^2 - B) / (B (B - 1)). NaN for a batch of one, and where an
    example's vector is zero or not finite.
    """
    batch, flat = z.shape[0], z.reshape(z.shape[0], -1)
    if batch < 2:
        return torch.full((), math.nan, dtype=torch.float64, device=z.device)
    found = _squared_length(flat.numpy()) if on_host(z) else None
    if found is not None:
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


def _squared_length(rows: Floats) -> float | None:
    """The squared length of the sum of the rows, each divided by its length; None where float32 would lose accuracy."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.vecdot(rows, rows)
    if not (squares.min() > 1e-30 and squares.max() < 1e30):
        return None
    total = ((1 / np.sqrt(squares)) @ rows).astype(np.float64)
    return float(total @ total)
