"""Hooks: during one forward and backward pass every layer's tensors are handed to a visitor as they are computed; no hook stays behind.

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


@contextmanager
def hooked(places: Sequence[Probe], visitor: Visitor) -> Iterator[None]:
    """Within it, a forward pass calls the visitor's `nonlinearity` and then `output` for every probe, and a backward pass `gradient`. Each
    `weight_gradient` is called once, at the latest when the context ends. Outside it the network has no hooks."""
    weights = _Weights(places, visitor)
    handles = [handle for index, probe in enumerate(places) for handle in _hook(index, probe, visitor, weights)]
    try:
        yield
        weights.visit_rest()
    finally:
        for handle in handles:
            handle.remove()


class _Weights:
    """Visits the weights' gradients without hooks of their own: on its way back, torch has stored a weight's gradient before it reaches the
    row below, whose hook visits it then."""

    def __init__(self, places: Sequence[Probe], visitor: Visitor) -> None:
        self.visitor = visitor
        self.left = dict(enumerate(place.weight for place in places))

    def visit(self, index: int) -> None:
        """Visits the gradient of this probe's weight, if it is there and has not been visited."""
        weight = self.left.get(index)
        if weight is not None and weight.grad is not None:
            del self.left[index]
            self.visitor.weight_gradient(index, weight.grad)

    def visit_rest(self) -> None:
        for index in list(self.left):
            self.visit(index)


def _hook(index: int, probe: Probe, visitor: Visitor, weights: _Weights) -> Iterator[RemovableHandle]:
    """The hooks of one probe. A weight is visited right after the passes have used it, while it is in the cache."""
    ends = probe.output is probe.nonlinearity

    def arriving(gradient: Tensor) -> None:
        weights.visit(index + 1)
        visitor.gradient(index, gradient)

    def leaving(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        z: Tensor = args[0]
        if z.requires_grad:
            z.register_hook(arriving)
        visitor.nonlinearity(index, z, result)
        if ends:
            visitor.output(index, result, probe.weight)

    def handed_on(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        visitor.output(index, result, probe.weight)

    yield probe.nonlinearity.register_forward_hook(leaving)
    if not ends:
        yield probe.output.register_forward_hook(handed_on)
