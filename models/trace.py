"""Hooks: one forward and backward pass, every layer's tensors handed to a visitor as they come, and no hook left behind.

A trace knows modules, not configurations, so it works on any network: a `Probe` says where a row's nonlinearity, its
output and its weight are. Tensors are visited the moment they exist and are not kept here, which costs no memory. Of what an
activation overwrites, a copy is visited: a visitor may read on while the pass goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from models.network import Network

Visit = Callable[[str, int, Tensor], None]
"""(what, index of the row, tensor); what is a quantity of the frame, or "nonlinearity": the output of phi itself."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Where one row is measured: what enters `nonlinearity`, what leaves `output`, and the row's `weight`."""

    row: int
    nonlinearity: nn.Module
    output: nn.Module
    weight: Tensor


def probes(network: Network, rows: Sequence[int]) -> list[Probe]:
    """The probes of the given 1-based rows."""
    layers = network.rows()
    return [Probe(row, layers[row - 1].nonlinearity, layers[row - 1], layers[row - 1].weighted.weight) for row in rows]


@contextmanager
def hooked(places: Sequence[Probe], visit: Visit) -> Iterator[None]:
    """Within it, a forward pass visits `preactivation`, `weight`, `nonlinearity` and `activation` of every probe, and a backward pass
    `preactivation_gradient` and `weight_gradient`. Outside it the network bears no hook."""
    handles = [handle for index, probe in enumerate(places) for handle in _hook(index, probe, visit)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(index: int, probe: Probe, visit: Visit) -> list[RemovableHandle]:
    """Weights are visited where the passes have just used them, and so while they are in the cache."""
    overwrites = getattr(probe.nonlinearity, "inplace", False)

    def entering(module: nn.Module, args: tuple[Any, ...]) -> None:
        z: Tensor = args[0]
        visit("preactivation", index, z.detach().clone() if overwrites else z.detach())
        if z.requires_grad:  # before phi runs: a hook set now sees dL/dz even where phi overwrites z
            z.register_hook(lambda gradient: visit("preactivation_gradient", index, gradient))
        visit("weight", index, probe.weight.detach())

    def leaving(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        visit("nonlinearity", index, result.detach())

    def handed_on(module: nn.Module, args: tuple[Any, ...], result: Tensor) -> None:
        visit("activation", index, result.detach())

    def accumulated(weight: Tensor) -> None:
        if weight.grad is not None:
            visit("weight_gradient", index, weight.grad)

    return [
        probe.weight.register_post_accumulate_grad_hook(accumulated),
        probe.nonlinearity.register_forward_pre_hook(entering),
        probe.nonlinearity.register_forward_hook(leaving),
        probe.output.register_forward_hook(handed_on),
    ]
