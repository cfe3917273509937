"""Histograms of one quantity of all rows: in bins of equal width, for each row between its own ends, and in bins of log10|x| on one axis
for all rows.

Here they are counted in torch operations, without branches that would wait for a device; models/native counts the same in C.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def histograms(rows: list[Tensor], low: Tensor, high: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """(counts (R, bins) between each row's low and high, the axis (2,) of log10|x|, counts (R, bins) of log10|x| on it).

    rows: R flat tensors of sampled values      low, high: (R,)
    Values that are not finite are not counted, and zeros not in log10|x|.
    """
    table = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=math.nan).double()
    logs = table.abs().log10()
    axis = log_axis(logs)
    return linear_counts(table, low, high, bins), axis, log10_counts(logs, axis, bins)


def log_axis(logs: Tensor) -> Tensor:
    """(low, high), float64: the whole decades around all finite log10|x|; (-1, 0) where there is none."""
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
    """Counts (R, bins) of log10|x| (R, S) between axis[0] and axis[1]; those of zeros (-inf), NaN and infinities are left out."""
    return _count((logs - axis[0]) / (axis[1] - axis[0]) * bins, torch.isfinite(logs), bins)


def _count(place: Tensor, counted: Tensor, bins: int) -> Tensor:
    """Counts (R, bins) of the `counted` (R, S) values in bins; place (R, S): in units of a bin from the first one's left edge. The last
    edge belongs to the last bin. (A bin more takes what is not counted: without a branch, everything has to go somewhere.)"""
    first = torch.arange(place.shape[0], device=place.device)[:, None] * (bins + 1)
    index = torch.where(counted, place.nan_to_num().floor().clamp(0, bins - 1), bins).long() + first
    ones = torch.ones((), dtype=torch.int32, device=place.device).expand(index.numel())
    counts = torch.zeros(place.shape[0] * (bins + 1), dtype=torch.int32, device=place.device)
    return counts.scatter_add_(0, index.reshape(-1), ones).reshape(place.shape[0], bins + 1)[:, :bins]
