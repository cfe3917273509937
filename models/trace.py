"""Hooks: one forward and backward pass, every layer's tensors handed to a visitor as they come, and no hook left behind.

A trace knows modules, not configurations, so it works on any network whose nonlinearities do not work in place: a `Probe` says where
a row's nonlinearity, its output and its weight are. Tensors are visited the moment they exist and are not kept here, which costs no
memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
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
    pre-activation) and `weight_gradient`. Outside it the network bears no hook."""
    handles = [handle for index, probe in enumerate(places) for handle in _hook(index, probe, visitor)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(index: int, probe: Probe, visitor: Visitor) -> Iterator[RemovableHandle]:
    """Weights are visited where the passes have just used them, and so while they are in the cache."""
    gradient = partial(visitor.gradient, index)
    ends = probe.output is probe.nonlinearity

    def leaving(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        z: Tensor = args[0]
        if z.requires_grad:
            z.register_hook(gradient)
        visitor.nonlinearity(index, z, result)
        if ends:
            visitor.output(index, result, probe.weight)

    def handed_on(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        visitor.output(index, result, probe.weight)

    def accumulated(weight: Tensor) -> None:
        if weight.grad is not None:
            visitor.weight_gradient(index, weight.grad)

    yield probe.nonlinearity.register_forward_hook(leaving)
    if not ends:
        yield probe.output.register_forward_hook(handed_on)
    yield probe.weight.register_post_accumulate_grad_hook(accumulated)
