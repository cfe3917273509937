"""Measuring: a visitor that turns a trace's tensors into a frame's quantities, on their own device, with one copy back.

Moments and counters are exact, over every value. Histograms are counted from a strided sample of each tensor, or from all
of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.frame import COUNTERS, MOMENTS, Quantity, each_finite, nine_digits
from models.histograms import histograms
from models.moments import FIELDS, correlation, dead_share, moments_and_sample, saturated_share
from models.sampling import stride

SHARES = ("dead", "saturated", "correlation")


class Meter:
    """Measures one frame: a visitor for a trace, then `read()`.

    rows:    how many rows the frame has, the output layer last
    bins:    bins of a histogram
    samples: values a tensor that histograms are counted from, at least; None for all
    limits:  the limits of the hidden rows' activation, None where it is not bounded
    """

    def __init__(self, rows: int, bins: int, samples: int | None, limits: tuple[float, float] | None) -> None:
        self.rows = rows
        self.bins = bins
        self.samples = samples
        self.limits = limits
        self._moments: dict[str, dict[int, Tensor]] = {}
        self._samples: dict[str, dict[int, Tensor]] = {}
        self._shares: dict[str, dict[int, Tensor]] = {name: {} for name in SHARES}

    def visit(self, what: str, index: int, tensor: Tensor) -> None:
        """Takes one tensor of one row; it may change or go afterwards."""
        if what == "nonlinearity":
            self._visit_nonlinearity(index, tensor)
            return
        if what == "preactivation":
            self._shares["correlation"][index] = correlation(tensor)
        found, sample = moments_and_sample(tensor, stride(tensor.numel(), self.samples))
        self._moments.setdefault(what, {})[index] = found
        self._samples.setdefault(what, {})[index] = sample

    def _visit_nonlinearity(self, index: int, phi: Tensor) -> None:
        self._shares["dead"][index] = dead_share(phi)
        if self.limits is not None and index < self.rows - 1:
            self._shares["saturated"][index] = saturated_share(phi, self.limits)

    def read(self, *others: Tensor) -> tuple[dict[str, Quantity], list[float | None], list[list[float | None]]]:
        """Every quantity of which all rows were visited, the correlation of two inputs row by row, and the other vectors' numbers.

        The one place where a frame waits for the device.
        """
        names = [name for name, found in self._moments.items() if len(found) == self.rows]
        parts = [part for name in names for part in self._parts(name)] + [self._share(name) for name in SHARES] + list(others)
        pieces = iter(_on_host(parts))
        quantities = {name: self._quantity(*(next(pieces) for _ in range(4))) for name in names}
        shares = {name: each_finite(next(pieces).tolist()) for name in SHARES}
        if "activation" in quantities:
            quantities["activation"] |= {"dead": shares["dead"], "saturated": shares["saturated"]}
        if "update" in quantities:
            quantities["update"]["ratio"] = _ratios(quantities["update"]["norm"], quantities["weight"]["norm"])
        return quantities, shares["correlation"], [each_finite(next(pieces).tolist()) for _ in others]

    def _parts(self, name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Moments (R, fields), linear counts (R, bins), the log axis (2,), log counts (R, bins): all on the device."""
        table = torch.stack([self._moments[name][index] for index in range(self.rows)])
        low, high = (table[:, FIELDS.index(field)] for field in ("min", "max"))
        linear, axis, log10 = histograms([self._samples[name][index] for index in range(self.rows)], low, high, self.bins)
        return table, linear, axis, log10

    def _share(self, name: str) -> Tensor:
        found = self._shares[name]
        device = next((value.device for value in found.values()), torch.device("cpu"))
        missing = torch.full((), math.nan, dtype=torch.float64, device=device)
        return torch.stack([found.get(index, missing).double() for index in range(self.rows)])

    def _quantity(self, table: Tensor, linear: Tensor, axis: Tensor, log10: Tensor) -> Quantity:
        columns = dict(zip(FIELDS, nine_digits(table.reshape(self.rows, len(FIELDS)).numpy()).T.tolist(), strict=True))
        found = {name: each_finite(columns[name]) for name in MOMENTS}
        counted = {name: [int(value) for value in columns[name]] for name in COUNTERS}
        low, high = axis.tolist()
        shape = (self.rows, self.bins)
        made: Quantity = Quantity(
            **found, **counted,  # type: ignore[typeddict-item]
            linear={"low": found["min"], "high": found["max"], "counts": linear.reshape(shape).int().tolist()},
            log10={"low": low, "high": high, "counts": log10.reshape(shape).int().tolist()},
        )
        return made


def _on_host(parts: list[Tensor]) -> Sequence[Tensor]:
    """The tensors' values where Python can read them, flat: of those on a device in one copy."""
    if all(part.device.type == "cpu" for part in parts):
        return [part.reshape(-1) for part in parts]
    values = torch.cat([part.reshape(-1).double() for part in parts]).cpu()
    return torch.split(values, [part.numel() for part in parts])


def _ratios(updates: Sequence[float | None], weights: Sequence[float | None]) -> list[float | None]:
    """Norm of the update over norm of the weight; None where that is not a finite number."""
    ratios = [math.nan if u is None or not w else u / w for u, w in zip(updates, weights, strict=True)]
    return each_finite(nine_digits(np.array(ratios)).tolist())
