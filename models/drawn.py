"""The weights that were drawn last, kept: most controls of the page leave the weights as they are, and drawing them takes about as long as
a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from torch import Tensor


class Drawn:
    """A cache of one network's weights and biases as they were drawn.

    limit: the most numbers that are kept; a network with more is drawn anew each time
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.law: Hashable = None
        self.kept: list[Tensor] = []

    def fill(self, tensors: list[Tensor], law: Hashable, draw: Callable[[], None]) -> None:
        """Fills the tensors as `draw` does, or with what it drew the last time, if `law` and shapes are the same.

        `law` must say everything, beside the shapes, that the drawn numbers depend on.
        """
        if law == self.law and [tensor.shape for tensor in tensors] == [kept.shape for kept in self.kept]:
            for tensor, kept in zip(tensors, self.kept, strict=True):
                tensor.copy_(kept)
            return
        draw()
        self.law, self.kept = None, []
        if sum(tensor.numel() for tensor in tensors) <= self.limit:
            self.law, self.kept = law, [tensor.clone() for tensor in tensors]
