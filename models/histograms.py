"""Histograms of one quantity of all rows: bins of equal width a row, and bins of log10|x| on one axis for all rows.

As with moments there are two forms: a branchless one for any device, and torch.histc row by row on the CPU. torch.histc is
given no NaN: on a CPU it counts them in the first bin (pytorch issue 85853).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SAFE_SPAN = (1e-30, 1e30)
"""Widths of a row's axis that torch.histc handles in float32 without loss."""


def stride(n: int, samples: int | None) -> int:
    """The step through n values that leaves at least `samples` of them (None: all).

    It shares no divisor with n: a step of 8 through (batch, 256) would see every eighth unit and no other.
    """
    step = max(1, n // samples) if samples else 1
    while math.gcd(step, n) != 1:
        step -= 1
    return step


def sample(x: Tensor, samples: int | None) -> Tensor:
    """A copy of evenly spread values of the tensor, flat."""
    return x.reshape(-1)[:: stride(x.numel(), samples)].clone()


def histograms(rows: list[Tensor], low: Tensor, high: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Linear counts (R, bins) between low and high (R,) of each row, the log axis (2,), and counts (R, bins) of log10|x| on it.

    rows: R flat tensors of sampled values; what is not finite is not counted, zeros are not in the log counts.
    """
    table = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=math.nan)
    logs = table.abs().log10_()
    axis = log_axis(logs)
    if table.device.type == "cpu" and _all_safe(rows, low, high):
        linear = torch.stack([torch.histc(row, bins, a, b) for row, a, b in zip(rows, low.tolist(), high.tolist(), strict=True)])
        log10 = torch.stack([torch.histc(logs[i, : len(row)], bins, *axis.tolist()) for i, row in enumerate(rows)])
        return linear, axis, log10
    return linear_counts(table.double(), low, high, bins), axis, log10_counts(logs.double(), axis, bins)


def _all_safe(rows: list[Tensor], low: Tensor, high: Tensor) -> bool:
    """Whether every row is float32, has several values and none that is not finite."""
    span = (high - low).tolist()
    return all(SAFE_SPAN[0] < width < SAFE_SPAN[1] for width in span) and all(
        row.dtype == torch.float32 and math.isfinite(torch.linalg.vector_norm(row).item()) for row in rows)


def log_axis(logs: Tensor) -> Tensor:
    """(low, high): whole decades around all finite log10|x|, float64; (-1, 0) where there is none."""
    good = torch.isfinite(logs)
    low = torch.where(good, logs, math.inf).amin().floor().double()
    high = torch.where(good, logs, -math.inf).amax().floor().double() + 1.0
    some = good.any()
    return torch.stack([torch.where(some, low, -1.0), torch.where(some, high, 0.0)])


def linear_counts(rows: Tensor, low: Tensor, high: Tensor, bins: int) -> Tensor:
    """Counts (R, bins) of the finite values of rows (R, S) between low and high (R,), both ends included.

    A row with a single value has all of it in its first bin.
    """
    span = (high - low)[:, None]
    place = torch.where(span > 0, (rows - low[:, None]) / span * bins, 0.0)
    return _count(place, torch.isfinite(rows), bins)


def log10_counts(logs: Tensor, axis: Tensor, bins: int) -> Tensor:
    """Counts (R, bins) of log10|x| (R, S) between axis[0] and axis[1]; zeros (-inf) and values that are not finite left out."""
    return _count((logs - axis[0]) / (axis[1] - axis[0]) * bins, torch.isfinite(logs), bins)


def _count(place: Tensor, counted: Tensor, bins: int) -> Tensor:
    """How many of each row (R, S) fall on each of the places 0..bins-1; the last edge belongs to the last bin."""
    first = torch.arange(place.shape[0], device=place.device)[:, None] * (bins + 1)
    index = torch.where(counted, place.nan_to_num().floor().clamp(0, bins - 1), bins).long() + first
    ones = torch.ones((), dtype=torch.int32, device=place.device).expand(index.numel())
    counts = torch.zeros(place.shape[0] * (bins + 1), dtype=torch.int32, device=place.device)
    return counts.scatter_add_(0, index.reshape(-1), ones).reshape(place.shape[0], bins + 1)[:, :bins]
