"""Puts trained weights into a network, layer by layer, where their shapes fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.network import Network
from models.words import Text, say

Tensors = Mapping[str, Tensor]


@dataclass(slots=True)
class Fit:
    """The 1-based rows that took their weights from the tensors, and for each other row the reason why it did not."""

    fitted: list[int] = field(default_factory=list)
    left: dict[int, Text] = field(default_factory=dict)


@torch.no_grad()
def fit(network: Network, tensors: Tensors, gain: float) -> Fit:
    """Copies each layer's weights if their shape fits, then also its bias and normalization where those fit; other layers stay as they are.

    Tensors are found by this network's own names (`layers.0.weighted.weight`). Where none has such a name they are taken in order: the
    first weight is layer 1's, as in an `nn.Sequential`. The copied weights are multiplied by `gain`, as drawn ones are.
    """
    found, own = Fit(), network.state_dict()
    named = tensors if own.keys() & tensors.keys() else _by_order(tensors)
    for row, layer in enumerate(network.rows(), start=1):
        prefix, weight = f"layers.{row - 1}.", layer.weighted.weight
        given = named.get(f"{prefix}weighted.weight")
        if given is None:
            found.left[row] = say("there is none for it")
        elif given.shape != weight.shape:
            found.left[row] = say("{there} there, {here} here", there=_shape(given), here=_shape(weight))
        else:
            for name, value in layer.state_dict().items():
                other = named.get(prefix + name)
                if other is not None and other.shape == value.shape:
                    value.copy_(other)
            weight.mul_(gain)
            found.fitted.append(row)
    return found


def _by_order(tensors: Tensors) -> dict[str, Tensor]:
    """Matrices and kernels, and their biases, renamed as this network's, in the order of their names (10 comes after 9)."""
    weights = [name for name in sorted(tensors, key=_natural) if name.endswith("weight") and tensors[name].dim() >= 2]
    pairs = {f"layers.{index}.weighted.weight": tensors[name] for index, name in enumerate(weights)}
    biases = {f"layers.{index}.weighted.bias": tensors[name.removesuffix("weight") + "bias"] for index, name in enumerate(weights)
              if name.removesuffix("weight") + "bias" in tensors}
    return {**pairs, **biases}


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "a number"
