"""A sheet: the numbers of a frame's tensors, filled in as they are visited.

There are two forms of the same numbers: this one, in torch operations that never wait for the device, and native.Sheet in C for
float32 tensors on the CPU, which reads each tensor once where this one makes a dozen passes. Tests hold one against the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from models import native
from models.histograms import histograms
from models.moments import FIELDS, correlation, dead_share, moments, saturated_share
from models.native import Columns
from models.sampling import sample, stride


class Sheet:
    """Of each quantity the moments over every value of a row, and of its histograms a sample that it keeps.

    samples: values a tensor that histograms are counted from, at least; None for all
    """

    def __init__(self, rows: int, bins: int, samples: int | None, device: torch.device) -> None:
        self.rows, self.bins, self.samples = rows, bins, samples
        self._moments: dict[str, dict[int, Tensor]] = {}
        self._samples: dict[str, dict[int, Tensor]] = {}
        self._shares = torch.full((3, rows), math.nan, dtype=torch.float64, device=device)

    def measure(self, what: str, row: int, x: Tensor) -> None:
        """Fills in the quantity's row, from x."""
        x = x.detach()
        self._moments.setdefault(what, {})[row] = moments(x)
        self._samples.setdefault(what, {})[row] = sample(x, stride(x.numel(), self.samples))

    def compare(self, what: str, row: int, weight: Tensor, before: Tensor, keep: bool) -> None:
        """The same from what a step made of the weight, which takes the place of the one before with `keep`; without, that may be spent."""
        self.measure(what, row, weight.detach() - before)
        if keep:
            before.copy_(weight.detach())

    def correlate(self, row: int, z: Tensor) -> None:
        """Fills in the correlation of two inputs at the row."""
        self._shares[0, row] = correlation(z.detach())

    def share(self, row: int, phi: Tensor, edges: tuple[float, float] | None) -> None:
        """Fills in the share of dead units, and of values beyond the edges if there are some."""
        phi = phi.detach()
        self._shares[1, row] = dead_share(phi)
        if edges is not None:
            self._shares[2, row] = saturated_share(phi, edges)

    def columns(self, names: Sequence[str]) -> Columns:
        """Of so many quantities with every row: moments (Q, R, fields), linear counts (Q, R, bins), the axes of log10|x| (Q, 2), counts on
        them (Q, R, bins)."""
        found = [self._columns(name) for name in names]
        return tuple(torch.stack(parts) for parts in zip(*found, strict=True))  # type: ignore[return-value]

    def _columns(self, what: str) -> Columns:
        found = torch.stack([self._moments[what][row] for row in range(self.rows)])
        low, high = (found[:, FIELDS.index(field)] for field in ("min", "max"))
        return found, *histograms([self._samples[what][row] for row in range(self.rows)], low, high, self.bins)

    def shares(self) -> Tensor:
        """(3, R): correlation, dead, saturated; NaN where there is none."""
        return self._shares


def sheet(like: Tensor, rows: int, bins: int, samples: int | None) -> Sheet | native.Sheet:
    """An empty sheet of the form for tensors like that."""
    return native.Sheet(rows, len(FIELDS), bins, samples) if native.readable(like) else Sheet(rows, bins, samples, like.device)
