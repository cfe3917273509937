"""Measuring: a visitor that turns a trace's tensors into a frame's quantities, on their own device, with one copy back at the end.

Moments and counters are taken over every value. Histograms are counted from a sample of each tensor (models/sampling.py), or from all of
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import native
from models.frame import COUNTERS, MOMENTS, QUANTITIES, Quantity, each_finite, nine_digits
from models.moments import saturation_edges
from models.sheet import Sheet, sheet

Array = NDArray[Any]


class Meter:
    """Measures one frame after the other: a trace's visitor (models.trace.Visitor) during the passes; `read()` gives the frame's numbers.

    rows:    how many rows the frame has, the output layer last
    bins:    bins of a histogram
    samples: how many values of a tensor histograms are counted from, at least; None for all
    limits:  the limits of the hidden rows' activation, None where it is not bounded

    The attribute `keep`, set before a frame, says whether the weights are copied for the next frame to measure their change.

    A tensor may be released after its visit, but must not be written to before `read`.
    """

    def __init__(self, rows: int, bins: int, samples: int | None, limits: tuple[float, float] | None) -> None:
        self.rows = rows
        self.bins = bins
        self.samples = samples
        self.keep = False
        edges = None if limits is None else saturation_edges(limits)
        self._edges = [*[edges] * (rows - 1), None]
        self._sheet: Sheet | native.Sheet | None = None
        self._taken: dict[str, set[int]] = {name: set() for name in QUANTITIES}
        self._weights_before: dict[int, Tensor] = {}

    def nonlinearity(self, index: int, z: Tensor, phi: Tensor) -> None:
        self._sheet_for(z).correlate(index, z)
        self._measure("preactivation", index, z)
        self._sheet_for(z).share(index, phi, self._edges[index])

    def output(self, index: int, output: Tensor, weight: Tensor) -> None:
        """Measures the weight too, and its change since its values were last copied."""
        self._measure("activation", index, output)
        self._measure("weight", index, weight)
        before = self._weights_before.get(index)
        if before is not None:
            self._sheet_for(weight).compare("update", index, weight, before, self.keep)
            self._taken["update"].add(index)
        elif self.keep:
            self._weights_before[index] = weight.detach().clone()

    def gradient(self, index: int, gradient: Tensor) -> None:
        self._measure("preactivation_gradient", index, gradient)

    def weight_gradient(self, index: int, gradient: Tensor) -> None:
        self._measure("weight_gradient", index, gradient)

    def keep_weights(self, weights: Iterable[Tensor]) -> None:
        """Copies the weights of all rows: called before an update whose change the next frame measures. Given none, forgets them."""
        self._weights_before = {index: weight.detach().clone() for index, weight in enumerate(weights)}

    def _measure(self, what: str, index: int, tensor: Tensor) -> None:
        self._sheet_for(tensor).measure(what, index, tensor)
        self._taken[what].add(index)

    def _sheet_for(self, tensor: Tensor) -> Sheet | native.Sheet:
        if self._sheet is None:
            self._sheet = sheet(tensor, self.rows, self.bins, self.samples)
        return self._sheet

    def read(self, *others: Tensor) -> tuple[dict[str, Quantity], list[float | None], list[list[float | None]]]:
        """(every quantity of which all rows were visited, the correlation of two inputs in each row, the numbers of each of `others`).

        Everything comes from the device in one copy, for which a frame waits only here; so whatever else is to be read is given as
        `others`.
        """
        sheet = self._sheet_for(others[0])
        names = [name for name in QUANTITIES if len(self._taken[name]) == self.rows]
        columns = sheet.columns(names) if names else ()
        shares, *rest = _on_host([sheet.shares(), *others, *columns])
        correlation, dead, saturated = map(each_finite, shares.tolist())
        quantities = _quantities(names, *rest[len(others):]) if names else {}
        if "activation" in quantities:
            quantities["activation"] |= {"dead": dead, "saturated": saturated}
        if "update" in quantities:
            quantities["update"]["ratio"] = _ratios(quantities["update"]["norm"], quantities["weight"]["norm"])
        for taken in self._taken.values():
            taken.clear()
        if not self.keep:
            self._weights_before.clear()
        return quantities, correlation, [each_finite(other.ravel().tolist()) for other in rest[: len(others)]]


def _quantities(names: Sequence[str], moments: Array, linear: Array, axes: Array, log10: Array) -> dict[str, Quantity]:
    """A frame's quantities from a sheet's columns: moments (Q, R, fields), counts (Q, R, bins), axes (Q, 2), counts (Q, R, bins)."""
    found = nine_digits(moments).transpose(0, 2, 1)
    numbers, counters = found[:, : len(MOMENTS)].tolist(), found[:, len(MOMENTS) :].astype(np.int64).tolist()
    if not np.isfinite(found).all():
        numbers = [list(map(each_finite, columns)) for columns in numbers]
    parts = zip(names, numbers, counters, linear.astype(np.int64).tolist(), axes.tolist(), log10.astype(np.int64).tolist(), strict=True)
    return {name: _quantity(*part) for name, *part in parts}


def _quantity(numbers: list[list[float | None]], counters: list[list[int]], linear: list[list[int]], axis: tuple[float, float],
              log10: list[list[int]]) -> Quantity:
    """One quantity: a list for each of MOMENTS and of COUNTERS, and the two histograms."""
    found = dict(zip(MOMENTS, numbers, strict=True))
    low, high = axis
    made: Quantity = Quantity(
        **found, **dict(zip(COUNTERS, counters, strict=True)),  # type: ignore[typeddict-item]
        linear={"low": found["min"], "high": found["max"], "counts": linear}, log10={"low": low, "high": high, "counts": log10})
    return made


def _on_host(parts: list[Tensor]) -> list[Array]:
    """The tensors as numpy arrays; those on a device come in one copy."""
    if all(part.device.type == "cpu" for part in parts):
        return [part.numpy() for part in parts]
    values = torch.cat([part.reshape(-1).double() for part in parts]).cpu()
    pieces = torch.split(values, [part.numel() for part in parts])
    return [piece.reshape(part.shape).numpy() for piece, part in zip(pieces, parts, strict=True)]


def _ratios(updates: Sequence[float | None], weights: Sequence[float | None]) -> list[float | None]:
    """Norm of the update over norm of the weight; None where that is not a finite number."""
    ratios = [math.nan if u is None or not w else u / w for u, w in zip(updates, weights, strict=True)]
    return each_finite(nine_digits(np.array(ratios)).tolist())
