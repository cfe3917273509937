"""The band beside normalizations, and their eps."""

from __future__ import annotations

from typing import Any

import pytest

from models.config import RunConfig
from tests.models.theory.band.seeds import BEHIND, LEAST, measured, settings


@pytest.mark.parametrize(("norm", "activation"), [("layer", "elu"), ("group", "mish"), ("rms", "relu")])
def test_of_what_a_normalization_before_phi_holds_fast(norm: str, activation: str) -> None:
    """Sums of h^2, and but for RMS of h, are the same for all seeds, and so is what phi^2 has of them: the output row's band was 1.7 times
    too wide."""
    groups = {"groups": 2} if norm == "group" else {}
    config = settings(activation, "gaussian", {"name": "kaiming_normal"}, depth=5, width=32, normalization={"name": norm, **groups})
    config = RunConfig.model_validate({**config.model_dump(), "data": {"name": "gaussian", "batch_size": 64, "features": 5, "classes": 30}})
    _, inside, ratio, _ = measured(config)
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.25, (inside, ratio)


@pytest.mark.parametrize(("activation", "data", "network"), [
    ("tanh", "digits", {"normalization": {"name": "rms", "placement": "post_activation"}}), ("relu", "moons", {"normalization": BEHIND}),
    ("relu", "circles", {"residual": True}), ("selu", "moons", {"residual": True}), ("linear", "gaussian", {"residual": True})])
def test_of_dropout_behind_a_normalization_and_beside_skips(activation: str, data: str, network: dict[str, Any]) -> None:
    """The masks are drawn behind what a normalization holds fast (rows held 0.0 to 0.9), and scale what a skip adds (0.83 to 0.9)."""
    init = {"name": "orthogonal" if data == "digits" else "lecun_normal"}
    _, inside, ratio, _ = measured(settings(activation, data, init, batch=32, dropout=0.4, **network))
    assert (inside >= LEAST).all() and ((ratio[1:8] > 0.8) & (ratio[1:8] < 1.3)).all(), (inside, ratio)


@pytest.mark.parametrize(("data", "norm"), [("spirals", "layer"), ("spirals", "batch"), ("moons", "batch"), ("moons", "rms")])
def test_what_eps_takes_near_zero(data: str, norm: str) -> None:
    """Points near 0, and units whose two weights are small: the first row's mean square is below 1 by more than the band was wide."""
    _, inside, _, rows = measured(settings("tanh", data, {"name": "xavier_normal"}, depth=2, batch=32, normalization={"name": norm}))
    assert (inside >= LEAST).all(), inside
    assert rows[:, 0].mean() > 0.99


@pytest.mark.parametrize(("norm", "activation", "data"), [({"name": "rms", "placement": "post_activation"}, "hardswish", "spirals"),
                                                        ({"name": "batch"}, "hardsigmoid", "circles")])
def test_what_eps_takes_near_zero_behind_phi_and_in_deep_rows(norm: dict[str, Any], activation: str, data: str) -> None:
    """Row 2 held 0.0 behind an RMS normalization of points near 0; with a batch normalization all rows of nine points."""
    _, inside, _, _ = measured(settings(activation, data, {"name": "xavier_normal"}, depth=6, width=100, batch=9, normalization=norm))
    assert (inside >= LEAST).all(), inside


@pytest.mark.parametrize(("activation", "init"), [("relu", "orthogonal"), ("gelu", "kaiming_normal")])
def test_of_skips_beside_an_rms_normalization_behind_phi(activation: str, init: str) -> None:
    """It holds the branch's mean square fast, and with it most of the branch's mean, which the skip reads: the deep rows of orthogonal
    weights had a band four times too wide."""
    network = {"normalization": {"name": "rms", "placement": "post_activation"}, "residual": True}
    _, inside, ratio, _ = measured(settings(activation, "digits", {"name": init}, depth=12, batch=32, **network))
    assert (inside >= LEAST).all() and ((ratio[3:] > 0.85) & (ratio[3:] < 1.4)).all(), (inside, ratio)


@pytest.mark.parametrize(("activation", "norm"), [("tanh", "layer"), ("hardtanh", "rms"), ("gelu", "rms")])
def test_of_skips_past_a_normalization_before_phi(activation: str, norm: str) -> None:
    """What the rows draw is held fast before phi but goes on along the skip: the output row had that of the last row alone, and 0.60 of
    hardtanh's were inside."""
    network = {"normalization": {"name": norm}, "residual": True}
    _, inside, ratio, _ = measured(settings(activation, "digits", {"name": "orthogonal"}, depth=16, width=16, batch=32, **network))
    assert inside[-1] >= LEAST and 0.8 < ratio[-1] < 1.3, (inside, ratio)
