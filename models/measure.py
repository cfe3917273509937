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

from models import native
from models.frame import COUNTERS, MOMENTS, QUANTITIES, Quantity, each_finite, nine_digits
from models.moments import FIELDS, saturation_edges
from models.sampling import stride
from models.sheet import Sheet, sheet


class Meter:
    """Measures frames: a visitor for a trace, then `read()`, after which the next one begins.

    rows:    how many rows the frame has, the output layer last
    bins:    bins of a histogram
    samples: values a tensor that histograms are counted from, at least; None for all
    limits:  the limits of the hidden rows' activation, None where it is not bounded
    """

    def __init__(self, rows: int, bins: int, samples: int | None, limits: tuple[float, float] | None) -> None:
        self.rows = rows
        self.bins = bins
        self.samples = samples
        self.edges = None if limits is None else saturation_edges(limits)
        self._sheet: Sheet | native.Sheet | None = None
        self._taken: dict[str, set[int]] = {name: set() for name in QUANTITIES}

    def visit(self, what: str, index: int, tensor: Tensor) -> None:
        """Takes one tensor of one row, which may go afterwards, but is not written to until `read`."""
        sheet = self._sheet_for(tensor)
        if what == "nonlinearity":
            sheet.share(index, tensor, self.edges if index < self.rows - 1 else None)
            return
        if what == "preactivation":
            sheet.correlate(index, tensor)
        sheet.measure(what, index, tensor, stride(tensor.numel(), self.samples))
        self._taken[what].add(index)

    def visit_update(self, index: int, weight: Tensor, before: Tensor, keep: bool) -> None:
        """Takes what a step made of a weight; with `keep` its values then stand in the place of those before, which are lost either way."""
        self._sheet_for(weight).compare("update", index, weight, before, stride(weight.numel(), self.samples), keep)
        self._taken["update"].add(index)

    def _sheet_for(self, tensor: Tensor) -> Sheet | native.Sheet:
        if self._sheet is None:
            self._sheet = sheet(tensor, self.rows, self.bins)
        return self._sheet

    def read(self, *others: Tensor) -> tuple[dict[str, Quantity], list[float | None], list[list[float | None]]]:
        """Every quantity of which all rows were visited, the correlation of two inputs row by row, and the other vectors' numbers.

        The one place where a frame waits for the device.
        """
        sheet = self._sheet_for(others[0])
        names = [name for name in QUANTITIES if len(self._taken[name]) == self.rows]
        pieces = iter(_on_host([part for name in names for part in sheet.columns(name)] + [*sheet.shares(), *others]))
        quantities = {name: self._quantity(*(next(pieces) for _ in range(4))) for name in names}
        correlation, dead, saturated = (each_finite(next(pieces).tolist()) for _ in range(3))
        if "activation" in quantities:
            quantities["activation"] |= {"dead": dead, "saturated": saturated}
        if "update" in quantities:
            quantities["update"]["ratio"] = _ratios(quantities["update"]["norm"], quantities["weight"]["norm"])
        for taken in self._taken.values():
            taken.clear()
        return quantities, correlation, [each_finite(next(pieces).tolist()) for _ in others]

    def _quantity(self, table: Tensor, linear: Tensor, axis: Tensor, log10: Tensor) -> Quantity:
        columns = dict(zip(FIELDS, nine_digits(table.reshape(self.rows, len(FIELDS)).numpy()).T.tolist(), strict=True))
        found = {name: each_finite(columns[name]) for name in MOMENTS}
        counted = {name: [int(value) for value in columns[name]] for name in COUNTERS}
        low, high = axis.tolist()
        shape = (self.rows, self.bins)
        made: Quantity = Quantity(
            **found, **counted,  # type: ignore[typeddict-item]
            linear={"low": found["min"], "high": found["max"], "counts": linear.reshape(shape).int().numpy().tolist()},
            log10={"low": low, "high": high, "counts": log10.reshape(shape).int().numpy().tolist()},
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
