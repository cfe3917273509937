"""Theory against networks of plain torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from models.activations import ACTIVATIONS
from models.config import NetworkConfig, RunConfig
from models.theory import Theory, theory, theory_of
from models.theory.chain import Correlations, chain
from models.theory.layers import plan
from models.training import initial_frame
from tests.models.theory.second_road import config, correlated, forward, inputs, layers, mean_squares


def test_lsuv_networks_have_the_variance_that_theory_says() -> None:
    for activation in ACTIVATIONS:
        settings = config(activation, "lsuv", depth=2, width=512, batch=32)
        frame = initial_frame(settings)
        found, measured = theory_of(settings, frame["input"]), frame["quantities"]["preactivation"]["mean_square"]
        assert measured[:2] == pytest.approx(np.array(found.preactivation_variance[:2], dtype=float), rel=0.06), activation


SPECIAL: list[tuple[str, dict[str, Any], float]] = [
    ("relu", {"residual": True}, 0.06), ("tanh", {"residual": True}, 0.03), ("tanh", {"dropout": 0.3}, 0.03),
    ("relu", {"normalization": {"name": "layer"}}, 0.03), ("tanh", {"normalization": {"name": "rms"}}, 0.03),
    ("relu", {"normalization": {"name": "batch"}}, 0.03), ("tanh", {"normalization": {"name": "batch"}, "residual": True}, 0.03),
    ("relu", {"normalization": {"name": "layer", "placement": "post_activation"}}, 0.03),
    ("gelu", {"normalization": {"name": "rms", "placement": "post_activation"}, "residual": True}, 0.03),
    ("relu", {"normalization": {"name": "layer"}, "residual": True}, 0.03), ("elu", {}, 0.03),
    ("relu", {"normalization": {"name": "batch", "placement": "post_activation"}}, 0.03),
    ("gelu", {"normalization": {"name": "batch", "placement": "post_activation"}, "residual": True}, 0.03),
]


def measured_gradient_factors(settings: RunConfig, seed: int) -> np.ndarray:
    """Mean squares of d(sum of random signs times logits) / dz, each row's over the next row's."""
    rows = forward(settings, seed, inputs(settings, seed))
    signs = torch.randn(rows[-1].shape, generator=torch.Generator().manual_seed(seed))
    (rows[-1] * signs).sum().backward()
    squares = [float(row.grad.square().mean()) for row in rows if row.grad is not None]
    return np.asarray(np.array(squares[:-1]) / np.array(squares[1:]))


@pytest.mark.parametrize(("activation", "network", "tolerance"), SPECIAL)
def test_forward_and_backward_of_special_networks(activation: str, network: dict[str, Any], tolerance: float) -> None:
    init = "kaiming_normal" if activation == "relu" else "lecun_normal"
    settings = config(activation, init, depth=5, width=512, network=network, batch=128)
    found = theory(settings)
    forward_seeds = np.mean([mean_squares(settings, seed) for seed in range(6)], axis=0)
    assert forward_seeds[:5] == pytest.approx(np.array(found.preactivation_variance[:5], dtype=float), rel=tolerance)
    backward_seeds = np.mean([measured_gradient_factors(settings, seed) for seed in range(6)], axis=0)
    expected = np.array(found.gradient_mean_square_ratio[:5], dtype=float)
    assert backward_seeds[:4] == pytest.approx(expected[:4], rel=2 * tolerance)
    assert backward_seeds[4] == pytest.approx(expected[4], rel=0.15)


@pytest.mark.parametrize("units", [8, 16, 32])
@pytest.mark.parametrize(("activation", "residual"), [("relu", False), ("tanh", False), ("gelu", True)])
def test_groups_of_few_units_make_the_gradient_grow(activation: str, residual: bool, units: int) -> None:
    """By (n - 2) / (n - 3) a layer of n units a group: 1.2 with 8. The geometric mean over 12 seeds and the rows in the middle."""
    groups = {"normalization": {"name": "group", "groups": 128 // units}, "residual": residual}
    settings = config(activation, "kaiming_normal", 8, 128, network=groups, batch=128)
    factors = np.log([measured_gradient_factors(settings, seed)[1:6] for seed in range(12)]).mean(axis=0)
    expected = np.log(np.array(theory(settings).gradient_mean_square_ratio[1:6], dtype=float))
    assert float(np.exp((factors - expected).mean())) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("activation", "start"), [("tanh", 0.5), ("relu", 0.3), ("sigmoid", 0.2)])
def test_the_correlation_of_two_inputs(activation: str, start: float) -> None:
    settings = config(activation, "kaiming_normal", depth=6, width=1024, bias={"name": "normal", "std": 0.2}, batch=2)
    found = theory(settings, input_correlation=start)
    seen = []
    for seed in range(12):
        x = inputs(settings, seed)
        first, second = x[0], x[1] - (x[1] @ x[0]) / (x[0] @ x[0]) * x[0]
        second = second / second.norm() * first.norm()
        pair = torch.stack([first, start * first + math.sqrt(1 - start**2) * second])
        with torch.no_grad():
            seen.append([float(torch.cosine_similarity(row[0], row[1], dim=0)) for row in forward(settings, seed, pair)[:6]])
    assert np.mean(seen, axis=0) == pytest.approx(np.array(found.correlation[:6], dtype=float), abs=0.03)


@pytest.mark.parametrize("bias", [{"name": "constant", "value": 0.4}, {"name": "uniform", "bound": 0.7}, {"name": "pytorch_default"}])
def test_biases_of_every_law(bias: dict[str, Any]) -> None:
    settings = config("tanh", "pytorch_default", depth=4, width=512, bias=bias)
    measured = np.mean([mean_squares(settings, seed) for seed in range(6)], axis=0)
    assert measured[:4] == pytest.approx(np.array(theory(settings).preactivation_variance[:4], dtype=float), rel=0.05)


@pytest.mark.parametrize(("padding", "init", "tolerance"), [("circular", "kaiming_normal", 0.03), ("zeros", "kaiming_normal", 0.03),
                                                          ("zeros", "delta_orthogonal", 0.03), ("circular", "orthogonal", 0.03)])
def test_convolutions(padding: str, init: str, tolerance: float) -> None:
    settings = config("tanh", init, depth=4, width=64, network={"kind": "cnn", "padding": padding}, batch=16)
    measured = np.mean([mean_squares(settings, seed) for seed in range(8)], axis=0)
    found = theory(settings)
    assert measured[:4] == pytest.approx(np.array(found.preactivation_variance[:4], dtype=float), rel=tolerance)
    assert any("approximation" in note for note in found.notes) == (padding == "zeros" and init != "delta_orthogonal")


@pytest.mark.parametrize("norm", ["batch", "instance", "layer"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_normalized_convolutions_forward_and_backward(activation: str, norm: str) -> None:
    """Statistics over pixels come from the pixels' correlations; instance normalization takes most of what pooling sends back."""
    settings = config(activation, "kaiming_normal", 4, 48, network={"kind": "cnn", "padding": "circular", "normalization": {"name": norm}},
                      batch=16)
    found = theory(settings)
    assert found.preactivation_variance[:4] == pytest.approx([1.0] * 4, abs=1e-3)
    backward = np.mean([measured_gradient_factors(settings, seed) for seed in range(6)], axis=0)
    assert backward == pytest.approx(np.array(found.gradient_mean_square_ratio[:4], dtype=float), rel=0.12)


@pytest.mark.parametrize("network", [{}, {"kind": "cnn", "padding": "circular"}])
def test_chi_is_the_factor_of_squared_norms(network: dict[str, Any]) -> None:
    """Mean squares times the numbers of values: 48 units of 64 pixels each, 10 logits."""
    settings = config("tanh", "kaiming_normal", 4, 48, network=network, batch=16)
    values = np.array([math.prod(forward(settings, 0, inputs(settings, 0))[row].shape) for row in range(5)], dtype=float)
    measured = np.mean([measured_gradient_factors(settings, seed) for seed in range(6)], axis=0) * values[:-1] / values[1:]
    assert measured == pytest.approx(np.array(theory(settings).gradient_factor[:4], dtype=float), rel=0.12)


@pytest.mark.parametrize(("name", "kind"), [("batch", "mlp"), ("batch", "cnn"), ("instance", "cnn")])
def test_the_variance_around_a_mean_is_that_of_networks(name: str, kind: str) -> None:
    """v before the normalization, which the bias and a common part of all inputs leave as it is: measured without the normalization."""
    settings = config("relu", "kaiming_normal", 3, 96, network={"kind": kind, "padding": "circular"} if kind == "cnn" else {}, batch=16)
    normed = settings.model_copy(update={"network": NetworkConfig.model_validate(
        {**settings.network.model_dump(), "depth": 1, "normalization": {"name": name}})})
    found = chain(plan(normed), 1.0, Correlations(0.6, 0.3, 0.2) if kind == "cnn" else Correlations(0.6)).v[0]
    seen = []
    for seed in range(12):
        x = correlated(settings, seed)
        with torch.no_grad():
            z = forward(settings, seed, x)[0].double()
        dims = {"batch": (0, *range(2, z.dim())), "instance": tuple(range(2, z.dim()))}[name]
        seen.append(float((z - z.mean(dims, keepdim=True)).square().mean()))
    assert float(np.mean(seen)) == pytest.approx(found, rel=0.06)


def test_images_of_one_value_stay_so_but_for_zero_paddings_border() -> None:
    """All pixels alike: pooling loses nothing under circular padding, and zero padding's border sees zeros."""
    alike = [theory(config("relu", "kaiming_normal", 3, 16, network={"kind": "cnn", "padding": padding}), 1.0, 1.0, (1.0, 1.0))
             for padding in ("circular", "zeros")]
    assert alike[0].preactivation_variance == pytest.approx([2.0] * 4)
    variance = alike[1].preactivation_variance[3]
    assert variance is not None and variance < 1.5


@pytest.mark.parametrize("padding", ["circular", "zeros"])
def test_the_correlation_of_two_images(padding: str) -> None:
    settings = config("tanh", "kaiming_normal", depth=5, width=128, network={"kind": "cnn", "padding": padding}, batch=8)
    found = theory(settings, input_correlation=0.4)
    assert theory(settings, input_correlation=0.0).correlation[:5] == pytest.approx([0.0] * 5, abs=1e-6)
    seen = []
    for seed in range(4):
        with torch.no_grad():
            rows = [row.detach().flatten(1) for row in forward(settings, seed, inputs(settings, seed, 0.4))]
        units = [torch.nn.functional.normalize(row) for row in rows]
        seen.append([float(((unit @ unit.T).sum() - 8) / (8 * 7)) for unit in units[:5]])
    assert np.mean(seen, axis=0) == pytest.approx(np.array(found.correlation[:5], dtype=float), abs=0.05)


def test_the_initializers_variance_is_the_measured_one_for_rectangles() -> None:
    settings = config("relu", "variance_scaling", 2, 400, init_params={"scale": 1.5, "mode": "fan_avg", "gain": 0.5})
    found: Theory = theory(settings)
    for (weight, _), sigma_w2 in zip(layers(settings, 0), found.sigma_w2, strict=True):
        assert float(weight.var()) * weight.shape[1] == pytest.approx(sigma_w2, rel=0.05)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_deep_networks_have_the_frames_rows(activation: str, record_property: Callable[[str, object], None]) -> None:
    """How long it takes goes into the report (--junit-xml), never into the verdict."""
    settings = config(activation, "lecun_normal", 10_000)
    begun = time.process_time()
    found = theory(settings)
    record_property("cpu_seconds", time.process_time() - begun)
    assert 256 <= len(found.layers) < 300 and found.layers[0] == 1 and found.layers[-1] == 10_001
    assert len(found.preactivation_variance) == len(found.gradient_factor) == len(found.preactivation_band.low) == len(found.layers)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("gain", [1e-3, 1e3])
def test_far_from_critical_every_activation_still_answers(activation: str, gain: float) -> None:
    found = theory(config(activation, "lecun_normal", 40, 64, init_params={"gain": gain}, network={"residual": True}))
    assert found.applies and found.preactivation_variance[0] == pytest.approx(gain**2)
    theory(config(activation, "lecun_normal", 40, 64, init_params={"gain": gain}, bias={"name": "constant", "value": 2.0}))


def test_lsuv_has_unit_variance_everywhere() -> None:
    assert theory(config("relu", "lsuv", 5)).preactivation_variance == pytest.approx([1.0] * 6)


def test_batch_normalization_over_one_image_is_instance_normalization() -> None:
    for name in ("batch", "instance"):
        settings = RunConfig.model_validate({"network": {"kind": "cnn", "depth": 4, "width": 48, "normalization": {"name": name}},
                                             "data": {"name": "digits", "batch_size": 1}})
        frame = initial_frame(settings)
        found = theory_of(settings, frame["input"])
        measured = frame["quantities"]["preactivation"]["mean_square"][:4]
        assert measured == pytest.approx(np.array(found.preactivation_variance[:4], dtype=float), rel=0.02), name


def test_the_answer_is_json_and_frozen() -> None:
    found = theory(config("tanh", "kaiming_normal", 5))
    assert Theory.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValueError, match="frozen"):
        found.applies = False  # type: ignore[misc]
