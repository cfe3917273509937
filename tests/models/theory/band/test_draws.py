"""The band by the laws of weights and biases: orthogonal, uniform, rectangular, constant, and of few outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.models.theory.band.seeds import LEAST, measured, measured_of_uniform, settings


@pytest.mark.parametrize(("activation", "gain", "data"), [("gelu", 1.4, "moons"), ("relu", 1.414, "moons"), ("tanh", 1.7, "digits")])
def test_of_orthogonal_weights_beside_drawn_biases(activation: str, gain: float, data: str) -> None:
    _, inside, ratio, _ = measured(settings(activation, data, {"name": "orthogonal", "gain": gain}, bias=0.3))
    assert (inside >= LEAST).all() and (ratio[:8] > 0.85).all(), (inside, ratio)


def test_of_rectangular_orthogonal_weights() -> None:
    """24 units of 64 pixels: the first row's weights are nearly as loose as Gaussian ones, those behind it are not. Row 2 held 0.87."""
    _, inside, ratio, _ = measured(settings("elu", "digits", {"name": "orthogonal"}, depth=3, width=24))
    assert (inside >= LEAST).all() and ((ratio[:3] > 0.85) & (ratio[:3] < 1.25)).all(), (inside, ratio)


@pytest.mark.parametrize(("activation", "init"), [("relu", {"name": "kaiming_uniform"}), ("tanh", {"name": "xavier_uniform", "gain": 2.0})])
def test_of_uniform_weights_on_points(activation: str, init: dict[str, Any]) -> None:
    """A uniform weight's square varies by 0.8, a Gaussian's by 2: the first row's band was 1.55 times too wide. Under tanh the sum of two
    uniform weights lifts the second row's mean by most of a spread."""
    _, inside, ratio, _ = measured(settings(activation, "circles", init, depth=4))
    assert (inside >= LEAST).all() and ((ratio[:4] > 0.85) & (ratio[:4] < 1.2)).all(), (inside, ratio)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_of_constant_biases(activation: str) -> None:
    """What is the same in all units does not spread: twice too wide in the first row."""
    _, inside, ratio, _ = measured(settings(activation, "circles", {"name": "lecun_normal"}, depth=4, batch=32,
                                            bias={"name": "constant", "value": 1.0}))
    assert (inside >= LEAST).all() and ((ratio[:4] > 0.85) & (ratio[:4] < 1.35)).all(), (inside, ratio)


def test_of_two_classes_logits() -> None:
    """Points have two classes, whose mean square has a Gamma law's tail: 0.86 to 0.92 were inside."""
    _, inside, _, _ = measured(settings("sigmoid", "circles", {"name": "lecun_normal"}, depth=3))
    assert 0.92 <= inside[-1] <= 0.985


@pytest.mark.parametrize(("activation", "residual"), [("relu", False), ("gelu", True)])
def test_of_two_classes_logits_of_points_that_have_come_together(activation: str, residual: bool) -> None:
    """What the points do not have in common keeps the mean square away from 0: the band was 1.3 times too wide, downwards."""
    config = settings(activation, "moons", {"name": "kaiming_normal"}, depth=5, batch=32, residual=residual)
    _, inside, ratio, _ = measured_of_uniform(config)
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.15, (inside, ratio)


@pytest.mark.parametrize("activation", ["hardswish", "gelu"])
def test_of_logits_that_are_uniform_biases_alone(activation: str) -> None:
    """What arrives has died out; PyTorch's default biases are uniform, and there are two classes: 0.9 were inside."""
    init = {"name": "pytorch_default", "gain": 0.85}
    config = settings(activation, "circles", init, depth=6, width=100, batch=104, bias={"name": "pytorch_default"})
    _, inside, ratio, _ = measured_of_uniform(config)
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.15, (inside, ratio)


def test_of_uniform_biases_beside_two_inputs() -> None:
    """Most of what the first row's units have is their biases, which are uniform: flatter than Gaussian numbers, of which softsign squares
    more. Row 2's middle was 0.7 of the seeds' spread too low, and 0.57 of them were inside."""
    config = settings("softsign", "moons", {"name": "orthogonal"}, depth=3, width=200, bias={"name": "pytorch_default"})
    found, inside, _, rows = measured_of_uniform(config)
    lowest, highest = np.log(np.quantile(rows[:, 1], (0.025, 0.975)))
    low, high = (math.log(column[1] or 0.0) for column in (found.preactivation_band.low, found.preactivation_band.high))
    assert abs(low + high - lowest - highest) < 0.35 * (highest - lowest)
    assert (inside > 0.85).all(), inside
