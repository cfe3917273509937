"""Numbers of the normalization layers: γ and β, and how far batch normalization's running statistics are from the batch's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from models.frame import NORMALIZED, Normalized, finite
from models.network import Network

PARTS = (NORMALIZED[:3], NORMALIZED[3:6], NORMALIZED[6:])
"""The names of the numbers of γ, of β, and of the running statistics."""


class Norms:
    """The normalization layers of a network in these rows (1-based); a row may have none, as the output layer has."""

    def __init__(self, network: Network, rows: Sequence[int]) -> None:
        layers = network.rows()
        self.modules = [layers[row - 1].before or layers[row - 1].after for row in rows]
        self.device = next(network.parameters()).device
        self.gaps: dict[int, Tensor] = {}

    @property
    def any(self) -> bool:
        """Whether any of the rows has a normalization."""
        return any(module is not None for module in self.modules)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it, a forward pass compares the running statistics, before it changes them, with the batch's."""
        handles = [module.register_forward_pre_hook(self._entering(index))
                   for index, module in enumerate(self.modules) if isinstance(module, _BatchNorm)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _entering(self, index: int) -> Any:
        def compare(module: _BatchNorm, args: tuple[Tensor, ...]) -> None:
            self.gaps[index] = gaps(args[0].detach(), module)

        return compare

    def numbers(self) -> Tensor:
        """The numbers of NORMALIZED for each row, (rows, 8) float64 on the device; NaN where a row has none."""
        unknown = torch.full((3,), math.nan, dtype=torch.float64, device=self.device)
        rows = [(spread(getattr(module, "weight", None)), spread(getattr(module, "bias", None)), self.gaps.get(index))
                for index, module in enumerate(self.modules)]
        return torch.stack([torch.cat([unknown[: len(width)] if part is None else part for part, width in zip(row, PARTS, strict=True)])
                            for row in rows])


def spread(values: Tensor | None) -> Tensor | None:
    """(mean, smallest, largest), float64; None of None."""
    if values is None:
        return None
    values = values.detach().double()
    return torch.stack([values.mean(), values.min(), values.max()])


def gaps(x: Tensor, module: _BatchNorm) -> Tensor:
    """How far the running statistics of a module are from those of the batch x, (B, C) or (B, C, H, W), with sums over all channels:

    sqrt(Σ (running mean − mean)² / Σ var), in standard deviations of the batch; and Σ running variance / Σ var. var has Bessel's
    correction, like the variances that torch's running variance averages. They are 0 and 1 where evaluation mode computes what training
    mode does.
    """
    var, mean = torch.var_mean(x.double(), dim=[dim for dim in range(x.dim()) if dim != 1], correction=1)
    assert module.running_mean is not None and module.running_var is not None
    total = var.sum()
    return torch.stack([((module.running_mean - mean).square().sum() / total).sqrt(), module.running_var.double().sum() / total])


def as_columns(numbers: Sequence[float | None], rows: int) -> Normalized:
    """`Norms.numbers`, flattened and read by Python, as a frame has them."""
    count = len(NORMALIZED)
    table = [[None if value is None else finite(value) for value in numbers[row * count : (row + 1) * count]] for row in range(rows)]
    columns = {name: [row[index] for row in table] for index, name in enumerate(NORMALIZED)}
    return cast(Normalized, columns)
