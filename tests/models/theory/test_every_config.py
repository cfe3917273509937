"""Whatever configuration is valid, theory answers it: with numbers JSON knows, or with the reason why not."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.activations import ACTIVATIONS
from models.choices import Choice, Parameter, Table
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS
from models.normalizations import NORMALIZATIONS
from models.theory import theory
from models.theory.padding import both_inside

EXTREMES = (0.0, 1e-30, 1e-9, 1e-3, 0.05, 0.5, 1.0, 2.0, 20.0, 1e3)
NOT_DRAWN = [name for name, entry in INITIALIZERS.items() if entry.law == "fixed"]


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """What a parameter may be: its ends, numbers on every scale between, its words."""
    if parameter.type in ("choice", "bool"):
        return st.sampled_from(parameter.choices or (True, False))
    low, high = parameter.low or 0.0, parameter.high if parameter.high is not None else 1e3
    ends = [number for size in EXTREMES for number in (size, -size) if low <= number <= high]
    if parameter.type == "int":
        return st.sampled_from(sorted({math.ceil(low), *(int(number) for number in ends if number >= low)}))
    return st.one_of(st.just(parameter.default), st.sampled_from([low, high, *ends]), st.floats(low, high, allow_nan=False))


def chosen(table: Table[Any], names: list[str] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """An entry of a table with some of its parameters set."""
    def one(entry: Choice) -> st.SearchStrategy[dict[str, Any]]:
        optional = {parameter.name: values(parameter) for parameter in entry.parameters}
        return st.fixed_dictionaries({"name": st.just(entry.name)}, optional=optional)

    return st.one_of([one(entry) for name, entry in table.items() if names is None or name in names])


NETWORKS = st.fixed_dictionaries({
    "kind": st.sampled_from(["mlp", "mlp", "cnn"]), "depth": st.one_of(st.integers(1, 12), st.sampled_from([60, 200, 300])),
    "width": st.sampled_from([1, 8, 64, 1024]), "activation": chosen(ACTIVATIONS), "normalization": st.one_of(
        st.just({"name": "none"}), chosen(NORMALIZATIONS)), "residual": st.booleans(), "dropout": st.sampled_from([0.0, 0.0, 0.3, 0.9]),
    "bias": st.sampled_from(["auto", True, False]),
})
IMAGES = st.fixed_dictionaries({
    "kernel_size": st.sampled_from([1, 3]), "padding": st.sampled_from(["zeros", "circular"]),
    "pool_every": st.sampled_from([0, 0, 1, 3]),
})
INITS = st.builds(lambda init, gain: {**init, **gain}, chosen(INITIALIZERS, [name for name in INITIALIZERS if name not in NOT_DRAWN]),
                  st.one_of(st.just({}), st.fixed_dictionaries({"gain": st.sampled_from([0.0, -1.0, -30.0, 1e-30, 1e-3, 1.5, 1e3])})))
INPUTS = st.tuples(st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e6, 1e300]), st.sampled_from([None, -1.0, -0.3, 0.0, 0.999999, 1.0]))


def checked(raw: dict[str, Any], mean_square: float, correlation: float | None) -> None:
    """The answer is JSON without NaN or Infinity, complete, and of the signs and order that it must have."""
    found = theory(RunConfig.model_validate(raw), mean_square, correlation)
    json.dumps(found.model_dump(mode="json"), allow_nan=False)
    assert found.applies == (found.reason is None)
    band = found.preactivation_band
    for column in (found.preactivation_variance, found.correlation, found.gradient_factor, band.low, band.high):
        assert len(column) == len(found.layers)
    for column in (found.preactivation_variance, found.gradient_factor, found.activation_mean_square, band.low):
        assert all(value is None or value >= 0 for value in column)
    assert all(value is None or -1 - 1e-9 <= value <= 1 + 1e-9 for value in found.correlation), found.correlation
    assert all(low is None or high is None or low <= high for low, high in zip(band.low, band.high, strict=True))


@settings(max_examples=150, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(network=NETWORKS, images=IMAGES, init=INITS, bias=chosen(BIAS_INITIALIZERS), batch=st.sampled_from([2, 8, 64]), inputs=INPUTS)
def test_every_valid_configuration_has_an_answer(
    network: dict[str, Any], images: dict[str, Any], init: dict[str, Any], bias: dict[str, Any], batch: int,
    inputs: tuple[float, float | None],
) -> None:
    raw = {"network": {**network, **(images if network["kind"] == "cnn" else {})}, "init": init, "bias_init": bias,
           "data": {"name": "gaussian", "batch_size": batch}}
    try:
        RunConfig.model_validate(raw)
    except ValidationError:
        assume(False)
    checked(raw, *inputs)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize(("std", "depth"), [(10.0, 60), (1e3, 300), (1e-30, 300), (0.0, 5)])
def test_normal_weights_of_any_size_have_an_answer(activation: str, std: float, depth: int) -> None:
    for residual in (False, True):
        checked({"network": {"activation": {"name": activation}, "depth": depth, "width": 64, "residual": residual},
                 "init": {"name": "normal", "std": std}}, 1.0, None)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("width", [4, 8])
def test_narrow_networks_whose_seeds_differ_beyond_any_float_have_an_answer(activation: str, width: int) -> None:
    for init in ("kaiming_normal", "pytorch_default"):
        checked({"network": {"activation": {"name": activation}, "depth": 300, "width": width, "residual": True}, "init": {"name": init},
                 "data": {"name": "gaussian", "batch_size": 2}}, 1.0, None)


def test_products_of_padded_pixels_whose_squares_are_beyond_any_float() -> None:
    assert both_inside(np.full((8, 8), 1e306), 3) == pytest.approx(both_inside(np.ones((8, 8)), 3), rel=1e-12)


@pytest.mark.parametrize("activation", [
    {"name": "softplus", "beta": 1e-241}, {"name": "softplus", "beta": 1e-30, "threshold": 1000.0}, {"name": "celu", "alpha": 1e-6},
    {"name": "elu", "alpha": 1e-20}, {"name": "hardtanh", "min_val": -1e-28, "max_val": 1e-28}, {"name": "elu", "alpha": 1e-300},
    {"name": "hardtanh", "min_val": -1e-25, "max_val": 100.0}, {"name": "prelu", "init": -10.0},
])
@pytest.mark.parametrize("mean_square", [0.0, 1e-30, 1.0, 1e300])
@pytest.mark.parametrize("bias", [0.0, 1e-300, -1000.0])
def test_activations_of_any_scale_have_an_answer(activation: dict[str, Any], mean_square: float, bias: float) -> None:
    for init in ("kaiming_normal", "lsuv"):
        checked({"network": {"activation": activation, "depth": 8, "width": 64}, "init": {"name": init},
                 "bias_init": {"name": "constant", "value": bias}}, mean_square, None)


@pytest.mark.parametrize("init", ["orthogonal", "lsuv"])
def test_an_activation_that_vanishes_in_float64_has_an_answer(init: str) -> None:
    checked({"network": {"activation": {"name": "hardtanh", "min_val": -1e-200, "max_val": 1e-200}, "depth": 8, "width": 64},
             "init": {"name": init}}, 1.0, None)


@pytest.mark.parametrize("activation", ["hardsigmoid", "sigmoid", "tanh", "relu6"])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@pytest.mark.parametrize("norm", ["layer", "rms", "group"])
def test_a_constant_activation_behind_which_a_normalization_stands_has_an_answer(activation: str, kind: str, norm: str) -> None:
    """All units saturated alike: E[phi^2] - E[phi]^2 is 0 up to rounding, of either sign."""
    chosen_norm = {"name": norm, "placement": "post_activation", **({"groups": 1} if norm == "group" else {})}
    checked({"network": {"activation": {"name": activation}, "depth": 12, "width": 32, "kind": kind, "normalization": chosen_norm},
             "init": {"name": "xavier_normal"}, "bias_init": {"name": "constant", "value": 1000.0}}, 1.0, 0.5)


@pytest.mark.parametrize("low", [0.999, 0.99999, 0.9999999])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize("placement", ["pre_activation", "post_activation"])
def test_an_activation_that_is_nearly_constant_has_an_answer(low: float, kind: str, norm: str, placement: str) -> None:
    """What varies of phi is rounding beside its mean, and how its size is handed on is beyond any float."""
    checked({"network": {"activation": {"name": "hardtanh", "min_val": low, "max_val": 1.0}, "depth": 12, "width": 32, "kind": kind,
                         "normalization": {"name": norm, "placement": placement}}, "init": {"name": "lecun_normal"}}, 1.0, 0.5)
