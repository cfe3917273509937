"""Every activation: its derivative against autograd, its limits and kinks against the function, its gain against torch."""

import math

import numpy as np
import pytest
import torch

from models.activations import ACTIVATIONS, gaussian_second_moment

DEFAULTS = {name: {p.name: p.default for p in entry.parameters} for name, entry in ACTIVATIONS.items()}
OTHERS = [
    ("gelu", {"approximate": "tanh"}), ("softplus", {"beta": 3.0, "threshold": 5.0}), ("elu", {"alpha": 0.3}), ("celu", {"alpha": 2.5}),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}), ("leaky_relu", {"negative_slope": 0.3}), ("prelu", {"init": -0.5}),
]
VARIANTS = [*DEFAULTS.items(), *OTHERS]
IDS = [f"{name}{params or ''}" for name, params in VARIANTS]
NUMBERS = [(name, parameter) for name, entry in ACTIVATIONS.items() for parameter in entry.parameters if parameter.type == "float"]


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_derivative_is_autograds(name, params):
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    kinks = torch.tensor([*ACTIVATIONS[name].kinks(params), math.inf], dtype=torch.float64)
    x = x[(x[:, None] - kinks).abs().amin(1) > 1e-6].requires_grad_()
    module = ACTIVATIONS[name].module(params).double()
    (expected,) = torch.autograd.grad(module(x).sum(), x)
    # rtol: torch's own 1/6 in hardsigmoid's derivative is a float32
    found = ACTIVATIONS[name].derivative(x.detach().numpy(), params)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_phi_is_the_modules(name, params):
    x = torch.cat([torch.linspace(-40, 40, 4001, dtype=torch.float64), torch.tensor([-1e9, -1e-9, 1e-9, 1e9], dtype=torch.float64)])
    with torch.no_grad():
        expected = ACTIVATIONS[name].module(params).double()(x)
    np.testing.assert_allclose(ACTIVATIONS[name].phi(x.numpy(), params), expected.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "parameter"), NUMBERS, ids=lambda of: getattr(of, "name", of))
def test_torch_takes_a_parameter_at_both_ends(name, parameter):
    """In float32, as networks are: the inverse of 1e-300 is no such number."""
    x = torch.linspace(-40, 40, 401)
    for value in (1e-300 if parameter.above else parameter.low, parameter.high):
        params = DEFAULTS[name] | {parameter.name: value}
        if name != "hardtanh" or params["min_val"] < params["max_val"]:  # a configuration whose ends cross is refused
            ACTIVATIONS[name].module(params)(x)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_limits_are_the_ends_of_the_range(name, params):
    values = ACTIVATIONS[name].phi(np.array([-1e12, -50.0, 0.0, 50.0, 1e12]), params)
    limits = ACTIVATIONS[name].limits(params)
    if limits is None:
        assert np.abs(values).max() > 1e9
    else:
        assert (values.min(), values.max()) == pytest.approx(limits, abs=1e-9)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_a_slope_below_is_given_where_phi_is_straight_on_each_side_of_0(name, params):
    x = np.array([1e-6, 0.1, 1.0, 30.0, 1e6])
    above, below = (ACTIVATIONS[name].phi(side, params) / side for side in (x, -x))
    straight = np.ptp(below) < 1e-12 and np.abs(above - 1.0).max() < 1e-12
    assert ACTIVATIONS[name].slope_below(params) == (pytest.approx(below[0], abs=1e-15) if straight else None)


@pytest.mark.parametrize(("name", "parameter"), [("celu", "alpha"), ("softplus", "beta")])
def test_what_stretches_phi_is_its_scale(name, parameter):
    entry, t = ACTIVATIONS[name], np.linspace(-6.0, 6.0, 25)
    found = [entry.phi(t * entry.scale(params), params) / entry.scale(params)
             for params in ({**DEFAULTS[name], parameter: value} for value in (0.3, 1.0, 7.0))]
    np.testing.assert_allclose(found, [found[1]] * 3, rtol=1e-12)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_slow_is_what_is_not_at_its_limits_soon(name, params):
    if ACTIVATIONS[name].limits(params) is not None:
        near, far = (ACTIVATIONS[name].phi(np.array([-x, x]), params) for x in (50.0, 1e12))
        assert ACTIVATIONS[name].slow == (np.abs(near - far).max() > 1e-9)


@pytest.mark.parametrize(("name", "argument"), [("relu", ()), ("tanh", ()), ("sigmoid", ()), ("selu", ()), ("leaky_relu", (0.01,))])
def test_gain_is_torchs_where_torch_has_one(name, argument):
    params = {p.name: p.default for p in ACTIVATIONS[name].parameters}
    assert ACTIVATIONS[name].gain(params) == pytest.approx(torch.nn.init.calculate_gain(name, *argument))


@pytest.mark.parametrize("name", ["gelu", "silu", "elu", "mish", "hardswish", "relu6", "softsign", "hardtanh"])
def test_gain_elsewhere_keeps_the_second_moment(name):
    entry = ACTIVATIONS[name]
    params = {p.name: p.default for p in entry.parameters}
    z = torch.randn(2_000_000, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert entry.gain(params) ** 2 * entry.module(params).double()(z).square().mean().item() == pytest.approx(1.0, rel=5e-3)


def test_second_moment_of_relu_is_a_half():
    assert gaussian_second_moment(lambda z: np.maximum(z, 0.0)) == pytest.approx(0.5, rel=1e-8)
