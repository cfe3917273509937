"""Histograms of one quantity of all rows: bins of equal width a row, and bins of log10|x| on one axis for all rows.

As with moments there are two forms: a branchless one for any device, and one in numpy for the CPU. That one sorts each row
once, which modern processors do at 5 ns a value, and reads both histograms off the places of their edges.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.moments import on_host

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@cache
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
    flat, step = x.reshape(-1), stride(x.numel(), samples)
    return torch.from_numpy(flat.numpy()[::step].copy()) if on_host(x) else flat[::step].clone()


def histograms(rows: list[Tensor], low: Tensor, high: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Linear counts (R, bins) between low and high (R,) of each row, the log axis (2,), and counts (R, bins) of log10|x| on it.

    rows: R flat tensors of sampled values; what is not finite is not counted, zeros are not in the log counts.
    """
    if all(on_host(row) for row in rows):
        return _sorted_histograms([np.sort(row.numpy()) for row in rows], low.numpy(), high.numpy(), bins)
    table = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=math.nan).double()
    logs = table.abs().log10()
    axis = log_axis(logs)
    return linear_counts(table, low, high, bins), axis, log10_counts(logs, axis, bins)


def _sorted_histograms(rows: list[Float32], low: Float64, high: Float64, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same from ascending rows: a bin's count is the difference between the places of its edges."""
    axis = _decades(rows)
    log_edges = np.broadcast_to(_log_edges(axis, bins), (len(rows), 2 * bins + 2))
    edges = np.concatenate([_linear_edges(low, high, bins), log_edges], axis=1)
    counts = np.diff([row.searchsorted(places) for row, places in zip(rows, edges, strict=True)])
    linear, negative, positive = counts[:, :bins], counts[:, bins + 1 : 2 * bins + 1], counts[:, 2 * bins + 2 :]
    single = low == high
    linear[single] = linear[single].sum(axis=1, keepdims=True) * (np.arange(bins) == 0)
    return torch.from_numpy(linear), torch.tensor(axis, dtype=torch.float64), torch.from_numpy(negative[:, ::-1] + positive)


def _linear_edges(low: Float64, high: Float64, bins: int) -> Float32:
    """Edges (R, bins + 1) for a search that counts what is below an edge; what equals the last one belongs to the last bin.

    A row without a finite value has all its edges at infinity.
    """
    some = np.isfinite(low)
    edges = np.linspace(np.where(some, low, 0.0), np.where(some, high, 0.0), bins + 1, axis=1).astype(np.float32)
    edges[~some] = math.inf
    edges[:, -1] = _next(edges[:, -1])
    return edges


def _log_edges(axis: tuple[float, float], bins: int) -> Float32:
    """Edges (2 (bins + 1),) of log10|x| for negative x, then for positive x, ascending, for the same search."""
    edges = np.minimum(10.0 ** np.linspace(*axis, bins + 1), np.finfo(np.float32).max).astype(np.float32)
    negative = _next(-edges[::-1])
    negative[0] = -edges[-1]
    edges[-1] = _next(edges[-1])
    return np.concatenate([negative, edges])


def _next(x: Any) -> Any:
    """The next larger float32; infinity after the largest."""
    with np.errstate(over="ignore"):
        return np.nextafter(x, np.float32(math.inf))


def _decades(rows: list[Float32]) -> tuple[float, float]:
    """Whole decades around every finite |x| > 0 of ascending rows; (-1, 0) where there is none."""
    limits = np.finfo(np.float32)
    around = np.array([-limits.max, 0.0, limits.smallest_subnormal, math.inf], dtype=np.float32)
    smallest, greatest = [], []
    for row in rows:
        begin, below, above, end = row.searchsorted(around)
        if begin < below:
            smallest.append(-row[below - 1])
            greatest.append(-row[begin])
        if above < end:
            smallest.append(row[above])
            greatest.append(row[end - 1])
    if not smallest:
        return -1.0, 0.0
    return math.floor(math.log10(min(smallest))), math.floor(math.log10(max(greatest))) + 1.0


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
