"""The weights' gradients that theory foresees, against autograd through networks of plain torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.config import RunConfig
from models.theory import weight_gradients
from tests.models.theory.second_road import config, inputs, layers


def measured(settings: RunConfig, seed: int, correlation: float) -> np.ndarray:
    """Norms (depth + 1,) of the weights' gradients of the mean cross entropy with labels at random."""
    phi, norm = torch.nn.functional.relu if settings.network.activation.name == "relu" else torch.tanh, settings.network.normalization.name
    x, kept = inputs(settings, seed, correlation), []
    for row, (weight, bias) in enumerate(layers(settings, seed), 1):
        kept.append(weight.requires_grad_())
        if weight.dim() == 4:
            reach = weight.shape[-1] // 2
            h = torch.nn.functional.conv2d(torch.nn.functional.pad(x, (reach,) * 4, mode="circular"), weight)
        else:
            h = (x.mean((2, 3)) if x.dim() == 4 else x) @ weight.T + bias
        if row > settings.network.depth:
            x = h
            break
        if norm == "layer":
            h = torch.nn.functional.layer_norm(h, h.shape[1:])
        x = x + phi(h) if settings.network.residual and row > 1 else phi(h)
    labels = torch.randint(settings.classes, (settings.batch_size,), generator=torch.Generator().manual_seed(seed))
    torch.nn.functional.cross_entropy(x, labels).backward()
    return np.array([float(weight.grad.norm()) for weight in kept if weight.grad is not None])


CASES: list[tuple[str, str, int, dict[str, Any], float]] = [
    ("tanh", "xavier_normal", 10, {}, 0.0), ("tanh", "kaiming_normal", 8, {}, 0.5), ("relu", "kaiming_normal", 4, {}, 0.0),
    ("relu", "xavier_normal", 10, {}, 0.5), ("relu", "kaiming_normal", 15, {}, 0.5), ("tanh", "xavier_normal", 6, {"residual": True}, 0.5),
    ("relu", "xavier_normal", 6, {"normalization": {"name": "layer"}}, 0.0),
    ("tanh", "kaiming_normal", 4, {"kind": "cnn", "padding": "circular"}, 0.0),
]


@pytest.mark.parametrize(("activation", "init", "depth", "network", "correlation"), CASES)
def test_weight_gradients_are_those_of_networks(
    activation: str, init: str, depth: int, network: dict[str, Any], correlation: float,
) -> None:
    """In every row within a factor of 1.6 of the geometric mean over eight seeds; in the median within 1.35."""
    settings = config(activation, init, depth, 48 if network.get("kind") == "cnn" else 192, network=network, batch=60)
    found = weight_gradients(settings, {"mean_square": 1.0, "correlation": correlation, "pixel_correlation": 0.0,
                                        "pixel_correlation_across": 0.0})
    assert found is not None
    seen = np.exp(np.log([measured(settings, seed, correlation) for seed in range(8)]).mean(axis=0))
    off = np.log(np.array(found.gradient) / seen)
    assert np.abs(off).max() < math.log(1.6) and abs(float(np.median(off))) < math.log(1.35), np.exp(off)
    assert found.weight == pytest.approx([float(weight.detach().norm()) for weight, _ in layers(settings, 0)], rel=0.08)
    assert found.count == [weight.numel() for weight, _ in layers(settings, 0)]


def test_where_theory_does_not_apply_there_are_none() -> None:
    assert weight_gradients(config(width=4), {"mean_square": 1.0, "correlation": 0.0}) is None
    assert weight_gradients(config("relu", "normal", 200, init_params={"std": 50.0}), {"mean_square": 1.0, "correlation": 0.0}) is None
