"""Hooks: during one forward and backward pass every layer's tensors are handed to a visitor as they are computed.

A `Probe` says where a row's nonlinearity, output and weight are, so this works on any network whose nonlinearities do not work in place.
Nothing is kept here, so watching takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from models.network import Network


class Visitor(Protocol):
    """What tensors are handed to, each with the index of its probe. z, phi, output and weight are part of autograd's graph: a visitor that
    computes with them detaches them first.

    nonlinearity:    z, what enters the nonlinearity, and phi, what leaves it
    output:          what the row hands on, and its weight
    gradient:        dL/dz
    weight_gradient: dL/dweight
    """

    def nonlinearity(self, index: int, z: Tensor, phi: Tensor) -> None: ...
    def output(self, index: int, output: Tensor, weight: Tensor) -> None: ...
    def gradient(self, index: int, gradient: Tensor) -> None: ...
    def weight_gradient(self, index: int, gradient: Tensor) -> None: ...


@dataclass(frozen=True, slots=True)
class Probe:
    """Where the row with this 1-based number is measured: what enters and leaves the module `nonlinearity`, what leaves the module `output`
    (which may be the same one), and the parameter `weight`."""

    row: int
    nonlinearity: nn.Module
    output: nn.Module
    weight: Tensor


def probes(network: Network, rows: Sequence[int]) -> list[Probe]:
    """The probes of the given 1-based rows."""
    layers = [network.rows()[row - 1] for row in rows]
    return [Probe(row, layer.nonlinearity, layer if layer.goes_on else layer.nonlinearity, layer.weighted.weight)
            for row, layer in zip(rows, layers, strict=True)]


class Hooks:
    """Hands a network's tensors to a visitor during the passes within `watching`. Other passes go unseen."""

    def __init__(self, places: Sequence[Probe], visitor: Visitor) -> None:
        self.places = places
        self.visitor = visitor
        self.watches = False
        self._handles: list[RemovableHandle] = []
        self._left: dict[int, Tensor] = {}

    @contextmanager
    def watching(self, stay: bool = False) -> Iterator[None]:
        """Within it, a forward pass calls the visitor's `nonlinearity` and then `output` for every probe, and a backward pass `gradient`.
        Each `weight_gradient` is called once, at the latest when the context ends. Then the network has no hooks; with `stay` it keeps them
        for the next time, as setting them takes as long as a layer's pass."""
        self._left = dict(enumerate(place.weight for place in self.places))
        self._handles = self._handles or [handle for index, probe in enumerate(self.places) for handle in self._hook(index, probe)]
        self.watches = True
        try:
            yield
            for index in list(self._left):
                self._visit_weight(index)
        except BaseException:
            self.remove()
            raise
        finally:
            self.watches = False
        if not stay:
            self.remove()

    def remove(self) -> None:
        """Takes all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _visit_weight(self, index: int) -> None:
        """Visits the gradient of this probe's weight, if it is there and has not been visited. It needs no hook of its own: on its way
        back, torch has stored a weight's gradient before it reaches the row below, whose hook visits it then."""
        weight = self._left.get(index)
        if weight is not None and weight.grad is not None:
            del self._left[index]
            self.visitor.weight_gradient(index, weight.grad)

    def _hook(self, index: int, probe: Probe) -> Iterator[RemovableHandle]:
        """The hooks of one probe. A weight is visited right after the passes have used it, while it is in the cache."""
        ends = probe.output is probe.nonlinearity

        def arriving(gradient: Tensor) -> None:
            self._visit_weight(index + 1)
            self.visitor.gradient(index, gradient)

        def leaving(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
            if not self.watches:
                return
            z: Tensor = args[0]
            if z.requires_grad:
                z.register_hook(arriving)
            self.visitor.nonlinearity(index, z, result)
            if ends:
                self.visitor.output(index, result, probe.weight)

        def handed_on(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
            if self.watches:
                self.visitor.output(index, result, probe.weight)

        yield probe.nonlinearity.register_forward_hook(leaving)
        if not ends:
            yield probe.output.register_forward_hook(handed_on)
