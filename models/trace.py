"""Hooks: one forward and backward pass, every layer's tensors handed to a visitor as they come, and no hook left behind.

A trace knows modules, not configurations, so it works on any network whose nonlinearities do not work in place: a `Probe` says where
a row's nonlinearity, its output and its weight are. Tensors are visited the moment they exist and are not kept here, which costs no
memory.
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
    """What a trace hands its tensors to, each with the index of its row. Those of the forward pass have a history."""

    def nonlinearity(self, index: int, z: Tensor, phi: Tensor) -> None: ...
    def output(self, index: int, output: Tensor, weight: Tensor) -> None: ...
    def gradient(self, index: int, gradient: Tensor) -> None: ...
    def weight_gradient(self, index: int, gradient: Tensor) -> None: ...


@dataclass(frozen=True, slots=True)
class Probe:
    """Where one row is measured: what enters and leaves `nonlinearity`, what leaves `output`, which may be the same module, and the row's
    `weight`."""

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
    """Within it, a forward pass visits `nonlinearity` and then `output` of every probe, and a backward pass `gradient` (of the
    pre-activation); every `weight_gradient` is visited by its end. Outside it the network bears no hook."""
    weights = _Weights(places, visitor)
    handles = [handle for index, probe in enumerate(places) for handle in _hook(index, probe, visitor, weights)]
    try:
        yield
        weights.visit_rest()
    finally:
        for handle in handles:
            handle.remove()


class _Weights:
    """Visits the weights' gradients, which need no hook of their own: torch adds one to its weight before it goes on to the row below,
    whose hook asks for it."""

    def __init__(self, places: Sequence[Probe], visitor: Visitor) -> None:
        self.visitor = visitor
        self.left = dict(enumerate(place.weight for place in places))

    def visit(self, index: int) -> None:
        """That of this row, if there is one that has its gradient and was not visited."""
        weight = self.left.get(index)
        if weight is not None and weight.grad is not None:
            del self.left[index]
            self.visitor.weight_gradient(index, weight.grad)

    def visit_rest(self) -> None:
        for index in list(self.left):
            self.visit(index)


def _hook(index: int, probe: Probe, visitor: Visitor, weights: _Weights) -> Iterator[RemovableHandle]:
    """Weights are visited where the passes have just used them, and so while they are in the cache."""
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
