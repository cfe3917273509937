"""The gradient that the units of a residual network share, against plain torch, and its averages against quadrature of another kind."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.theory import theory
from models.theory.chain import Correlations, chain
from models.theory.gaussian import averages, slope_products
from models.theory.layers import plan
from models.theory.nonlinearity import nonlinearity
from models.theory.shared import growth
from tests.models.theory.second_road import adaptive, defaults

DEPTH, WIDTH, SEEDS = 30, 64, 150


def residual(activation: str, **network: object) -> RunConfig:
    return RunConfig.model_validate({
        "network": {"depth": DEPTH, "width": WIDTH, "residual": True, "activation": {"name": activation}, **network},
        "init": {"name": "variance_scaling", "scale": 1.5, "distribution": "normal"},
        "bias_init": {"name": "normal", "std": 0.3}, "data": {"name": "gaussian", "batch_size": 1}})


def measured(activation: str, dropout: float) -> np.ndarray:
    """Mean over seeds of the gradient's square with respect to each z (DEPTH,), for an output's gradient that is drawn at random."""
    generator = torch.Generator().manual_seed(1)
    phi = ACTIVATIONS[activation].module(defaults(activation))
    handed = torch.randn(SEEDS, WIDTH, generator=generator, dtype=torch.float64)
    seen = []
    for row in range(DEPTH):
        weight = torch.randn(SEEDS, WIDTH, WIDTH, generator=generator, dtype=torch.float64) * (1.5 / WIDTH) ** 0.5
        z = torch.einsum("sij,sj->si", weight, handed) + 0.3 * torch.randn(SEEDS, WIDTH, generator=generator, dtype=torch.float64)
        z = z.detach().requires_grad_() if row == 0 else z
        if row:
            z.retain_grad()
        seen.append(z)
        kept = (torch.rand(SEEDS, WIDTH, generator=generator) >= dropout) / (1 - dropout)
        handed = phi(z) * kept + (handed if row else 0.0)
    handed.backward(torch.randn(SEEDS, WIDTH, generator=generator, dtype=torch.float64))
    return np.array([z.grad.square().mean() for z in seen])


@pytest.mark.parametrize(("activation", "dropout"), [
    ("relu", 0.0), ("gelu", 0.0), ("selu", 0.0), ("tanh", 0.0), ("relu", 0.3), ("softplus", 0.2)])
def test_the_gradient_of_skips_is_torchs(activation, dropout):
    found = theory(residual(activation, dropout=dropout))
    squares = np.log10(measured(activation, dropout))
    predicted = np.log10(np.array(found.gradient_growth[: DEPTH - 1], dtype=float))
    plain = np.log10(np.array(found.gradient_factor[: DEPTH - 1], dtype=float))
    for first, last in ((0, 10), (10, 20), (20, DEPTH - 1)):
        assert predicted[first:last].sum() == pytest.approx(squares[first] - squares[last], abs=0.15)
    if activation != "tanh":  # whose mean is 0; the others are off by more than a decade without what units share
        assert squares[0] - squares[-1] > plain.sum() + 1.0
        assert any("units share a part of the gradient" in note for note in found.notes)
    else:
        assert predicted == pytest.approx(plain, abs=0.01) and not any("share" in note for note in found.notes)


@pytest.mark.parametrize("activation", ["relu", "gelu", "sigmoid", "linear"])
def test_without_end_of_units_it_is_the_factor_of_mean_field_theory(activation):
    wide = replace(plan(residual(activation, dropout=0.2)), width=10**15)
    rows = chain(wide, 1.0, Correlations(0.0))
    at = averages(wide.nl, np.array(rows.q[:-1]))
    expected = np.array(theory(residual(activation, dropout=0.2)).gradient_factor[: DEPTH - 1], dtype=float)
    assert growth(wide, rows, at) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_its_averages_match_adaptive_quadrature(activation):
    nl = nonlinearity(activation, defaults(activation))

    def phi(x: float) -> float:
        return float(nl.phi(np.array([x]))[0])

    def squared(x: float) -> float:
        return float(nl.derivative(np.array([x]))[0]) ** 2

    for q in (1e-6, 0.3, 30.0, 1e6):
        linear, square, along = (float(one[0]) for one in slope_products(nl, np.array([q])))
        both = float(averages(nl, q).slope_square) + 2.0 * linear + square  # E[(phi' (phi + 1))^2] does not cancel where phi is odd
        assert both == pytest.approx(adaptive(lambda x: (phi(x) + 1.0) ** 2 * squared(x), q, nl.kinks), rel=1e-6)
        assert square == pytest.approx(adaptive(lambda x: phi(x) ** 2 * squared(x), q, nl.kinks), rel=1e-6)
        assert along == pytest.approx(adaptive(lambda x: x * x * squared(x), q, nl.kinks), rel=1e-6)
