"""A sheet: the numbers of one frame, filled in tensor by tensor while the network's passes run.

There are two forms with the same methods and the same numbers: the one here, in torch operations that never wait for the device, and
native.Sheet in C for float32 tensors on the CPU, which reads each tensor once where this one makes a dozen passes. Tests compare the two.
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
    """Keeps the moments of each quantity's rows, and a sample of their values from which `columns` counts histograms.

    samples: how many values of a tensor histograms are counted from, at least; None for all
    """

    def __init__(self, rows: int, bins: int, samples: int | None, device: torch.device) -> None:
        self.rows, self.bins, self.samples = rows, bins, samples
        self._moments: dict[str, dict[int, Tensor]] = {}
        self._samples: dict[str, dict[int, Tensor]] = {}
        self._shares = torch.full((3, rows), math.nan, dtype=torch.float64, device=device)

    def measure(self, what: str, row: int, x: Tensor) -> None:
        """Fills in a row (from 0) of the quantity `what`, from x."""
        x = x.detach()
        self._moments.setdefault(what, {})[row] = moments(x)
        self._samples.setdefault(what, {})[row] = sample(x, stride(x.numel(), self.samples))

    def compare(self, what: str, row: int, weight: Tensor, before: Tensor, keep: bool) -> None:
        """Fills in a row from `weight - before`, the change that an optimizer step made. With `keep`, `before` then becomes the weight;
        without, it may be overwritten with anything."""
        self.measure(what, row, weight.detach() - before)
        if keep:
            before.copy_(weight.detach())

    def correlate(self, row: int, z: Tensor) -> None:
        """Fills in the row's mean cosine between two examples of its pre-activations z (B, ...)."""
        self._shares[0, row] = correlation(z.detach())

    def share(self, row: int, phi: Tensor, edges: tuple[float, float] | None) -> None:
        """Fills in the shares of dead units and, if there are `edges`, of saturated values in the row's activations phi (B, units, ...)."""
        phi = phi.detach()
        self._shares[1, row] = dead_share(phi)
        if edges is not None:
            self._shares[2, row] = saturated_share(phi, edges)

    def columns(self, names: Sequence[str]) -> Columns:
        """Of these Q quantities, all R rows of which are filled in: moments (Q, R, fields), linear counts (Q, R, bins), the axes of
        log10|x| (Q, 2), counts of log10|x| (Q, R, bins)."""
        found = [self._columns(name) for name in names]
        return tuple(torch.stack(parts) for parts in zip(*found, strict=True))  # type: ignore[return-value]

    def _columns(self, what: str) -> Columns:
        found = torch.stack([self._moments[what][row] for row in range(self.rows)])
        low, high = (found[:, FIELDS.index(field)] for field in ("min", "max"))
        return found, *histograms([self._samples[what][row] for row in range(self.rows)], low, high, self.bins)

    def shares(self) -> Tensor:
        """(3, R): correlation, share of dead units, share of saturated values; NaN where there is none."""
        return self._shares


def sheet(like: Tensor, rows: int, bins: int, samples: int | None) -> Sheet | native.Sheet:
    """An empty sheet, in C if tensors like this one can be read there."""
    return native.Sheet(rows, len(FIELDS), bins, samples) if native.readable(like) else Sheet(rows, bins, samples, like.device)
