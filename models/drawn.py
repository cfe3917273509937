"""Weights that were drawn a moment ago: a control that says nothing of them need not wait until they are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from torch import Tensor


class Drawn:
    """What was drawn last, as long as it is no more than `limit` numbers."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.law: Hashable = None
        self.kept: list[Tensor] = []

    def fill(self, tensors: list[Tensor], law: Hashable, draw: Callable[[], None]) -> None:
        """Fills the tensors as `draw` does, which has to depend on nothing but `law` and their shapes."""
        if law == self.law and [tensor.shape for tensor in tensors] == [kept.shape for kept in self.kept]:
            for tensor, kept in zip(tensors, self.kept, strict=True):
                tensor.copy_(kept)
            return
        draw()
        self.law, self.kept = None, []
        if sum(tensor.numel() for tensor in tensors) <= self.limit:
            self.law, self.kept = law, [tensor.clone() for tensor in tensors]
