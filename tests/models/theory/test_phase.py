"""Fixed points, the critical line and the phase diagram."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from models.activations import ACTIVATIONS
from models.theory import Map, critical_sigma_w2, fixed_point, phase_grid, phase_of, repelling, theory, trainable_outline
from models.theory.answer import observed_scale
from models.theory.gaussian import averages
from models.theory.nonlinearity import Array, nonlinearity
from tests.models.theory.second_road import config, defaults


def layer(name: str, weight: float, bias: float = 0.0, keep: float = 1.0) -> Map:
    return Map(nonlinearity(name, defaults(name)), weight, bias, keep)


def test_tanh_is_critical_where_it_was_published() -> None:
    assert critical_sigma_w2("tanh", {}, 0.05) == pytest.approx(1.7610, abs=1e-4)
    assert critical_sigma_w2("tanh", {}, 0.0) == pytest.approx(1.0, rel=1e-6)
    assert phase_of(fixed_point(layer("tanh", 1.7610, 0.05), 1.0).chi) == "critical"


def test_relu_is_critical_at_two() -> None:
    assert critical_sigma_w2("relu", {}, 0.0) == pytest.approx(2.0)
    assert critical_sigma_w2("leaky_relu", {"negative_slope": 0.5}, 0.0) == pytest.approx(1.6)


def iterated(name: str, weight: float, sigma_b2: float) -> tuple[float, float]:
    """q and chi after many steps from q = 1; (inf, nan) where q runs away."""
    step, q = layer(name, weight, sigma_b2), 1.0
    for _ in range(2000):
        before, q = q, step.next_q(q)
        if q > 1e6:
            return np.inf, np.nan
        if abs(q - before) < 1e-12 * q:
            break
    return q, weight * float(averages(step.nl, q).slope_square)


CURVED = [name for name in ACTIVATIONS if nonlinearity(name, defaults(name)).slope is None]


@pytest.mark.parametrize("name", CURVED)
@pytest.mark.parametrize("sigma_b2", [0.05, 0.3])
def test_the_critical_point_has_slope_one_where_the_network_goes(name: str, sigma_b2: float) -> None:
    """Second road: iterate the map from q = 1. Where no critical point is said to be, chi never passes 1 at a finite q."""
    weight = critical_sigma_w2(name, defaults(name), sigma_b2)
    if weight is None:
        chi = np.array([iterated(name, step, sigma_b2)[1] for step in np.linspace(0.1, 4.0, 40)])
        assert (chi[np.isfinite(chi)] < 1.0).all() or (chi[np.isfinite(chi)] > 1.0).all()
        return
    q, chi_there = iterated(name, weight, sigma_b2)
    assert fixed_point(layer(name, weight, sigma_b2), 1.0).q == pytest.approx(q, rel=1e-6)
    assert chi_there == pytest.approx(1.0, abs=1e-6)


def test_silus_critical_points_at_small_biases_repel() -> None:
    """The published point, and a second road: what starts a thousandth beside q* leaves it, by the slope each layer."""
    found = repelling("silu", {}, 0.04)
    assert found is not None and (found.sigma_w2, found.q, found.slope) == pytest.approx((2.8208, 0.689, 1.10), rel=2e-3)
    step = layer("silu", found.sigma_w2, 0.04)
    assert fixed_point(step, found.q).chi == pytest.approx(1.0, abs=1e-9)
    for off in (-1e-3, 1e-3):
        q = [found.q * (1.0 + off)]
        while len(q) < 4:
            q.append(step.next_q(q[-1]))
        assert [(after - found.q) / (before - found.q) for before, after in pairwise(q)] == pytest.approx([found.slope] * 3, rel=1e-3)


@pytest.mark.parametrize("name", CURVED)
@pytest.mark.parametrize("sigma_b2", [0.0, 0.05, 0.3])
def test_a_fixed_point_repels_only_where_nothing_is_critical(name: str, sigma_b2: float) -> None:
    found = repelling(name, defaults(name), sigma_b2)
    expected = sigma_b2 > 0 and (name in ("silu", "hardswish") or (name in ("gelu", "mish") and sigma_b2 < 0.1))
    assert (found is not None) == expected
    assert found is None or critical_sigma_w2(name, defaults(name), sigma_b2) is None


@pytest.mark.parametrize(("weight", "q"), [(1.0, 0.0), (2.0, 1.7), (2.1, None)])
def test_relu_rests_at_zero_anywhere_or_nowhere(weight: float, q: float | None) -> None:
    found = fixed_point(layer("relu", weight), 1.7)
    assert found.q == q and found.chi == pytest.approx(weight / 2)


@pytest.mark.parametrize("name", ["elu", "celu", "softplus", "selu"])
def test_where_large_q_grows_by_a_constant_it_never_rests(name: str) -> None:
    """q_{l+1} = q_l + const at large q for sigma_w^2 = 2 / phi'(inf)^2: no q is large enough, however it is rounded, and chi goes to 1."""
    far = float(ACTIVATIONS[name].derivative(np.array([1e6]), defaults(name))[0])
    step = layer(name, 2.0 / far**2)
    found = fixed_point(step, 1.0)
    assert all(step.next_q(q) > q for q in 10.0 ** np.arange(-3, 9))
    assert found.q is None and found.one_minus_c is None and found.chi == pytest.approx(1.0, abs=1e-8)
    assert found.depth_scale_q == found.depth_scale_c == math.inf
    grid = phase_grid(name, defaults(name), np.array([2.0 / far**2]), np.array([0.0]))
    assert np.isnan(grid.q[0, 0]) and grid.chi[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_selu_with_lecun_sits_at_its_fixed_point() -> None:
    found = fixed_point(layer("selu", 1.0), 0.5)
    assert found.q == pytest.approx(1.0, abs=1e-6) and found.depth_scale_q == pytest.approx(4.08, abs=0.01)


def test_chaos_has_its_correlation_below_one() -> None:
    """Second road: the correlation's map iterated 400 times; its slope from two neighbouring starts."""
    step = layer("tanh", 4.0, 0.05)
    found = fixed_point(step, 1.0)
    assert found.q is not None and found.one_minus_c is not None
    near, nearer = 0.5, 0.5
    for _ in range(400):
        near = step.next_gap(found.q, near)
    assert found.one_minus_c == pytest.approx(near, rel=1e-6)
    near, nearer = found.one_minus_c + 1e-3, step.next_gap(found.q, found.one_minus_c + 1e-3)
    assert found.depth_scale_c == pytest.approx(-1 / np.log((nearer - found.one_minus_c) / (near - found.one_minus_c)), rel=1e-2)


def test_the_ordered_phase_forgets_at_chi() -> None:
    found = fixed_point(layer("tanh", 0.8, 0.1), 1.0)
    assert found.one_minus_c == 0.0 and found.depth_scale_c == pytest.approx(-1 / np.log(found.chi))


def test_dropout_takes_equal_inputs_apart() -> None:
    found = fixed_point(layer("tanh", 1.5, 0.05, keep=0.9), 1.0)
    assert found.one_minus_c is not None and found.one_minus_c > 0.01


@pytest.mark.parametrize("name", ["tanh", "gelu", "hardtanh", "relu"])
def test_the_grid_agrees_with_single_points(name: str, record_property: Callable[[str, object], None]) -> None:
    """How long it takes goes into the report (--junit-xml), never into the verdict."""
    weights, biases = np.linspace(0.2, 4.0, 64), np.linspace(0.01, 1.0, 64)
    phase_grid(name, defaults(name), weights[:2], biases[:2])
    begun = time.process_time()
    grid = phase_grid(name, defaults(name), weights, biases)
    record_property("cpu_seconds", time.process_time() - begun)
    for row, column in ((0, 0), (5, 17), (40, 30), (63, 63), (10, 5)):
        single = fixed_point(layer(name, weights[column], biases[row]), 1.0)
        if single.q is None:
            assert np.isnan(grid.q[row, column])
        else:
            assert grid.q[row, column] == pytest.approx(single.q, rel=1e-5)
            assert grid.chi[row, column] == pytest.approx(single.chi, rel=1e-5)


@pytest.mark.parametrize(("name", "lines"), [("tanh", 2), ("relu", 2), ("gelu", 1), ("selu", 3)])
def test_on_one_side_of_the_outline_fifty_layers_are_six_depth_scales_and_on_the_other_more(name: str, lines: int) -> None:
    """Second road: chi of single points a little to the left and the right, or below and above. GELU's chi jumps on part of its outline."""
    found = trainable_outline(name, defaults(name), 50, np.linspace(0.25, 4.0, 40), np.linspace(0.0, 0.5, 20))
    assert len(found) == lines
    for weight, bias in np.concatenate(found)[::5]:
        def reaches(to_right: float, up: float, weight: float = weight, bias: float = bias) -> bool:
            chi = fixed_point(layer(name, weight * (1 + to_right), bias * (1 + up)), 1.0).chi
            return abs(math.log(chi)) <= 6 / 50

        assert reaches(-1e-4, 0) != reaches(1e-4, 0) or reaches(0, -1e-4) != reaches(0, 1e-4)


@pytest.mark.parametrize(("name", "sigma_w2", "sigma_b2", "error"), [
    ("tanh", 2.5, 1e-3, 1e-6), ("tanh", 9.0, 0.3, 1e-6), ("sigmoid", 110.0, 3.0, 3e-6), ("tanh", 2.0, 0.05, 1e-6),
    ("tanh", 1.8, 0.05, 1e-6), ("tanh", 1.77, 0.05, 1e-6)])
def test_the_chaotic_correlation_and_its_depth_scale_by_price(name: str, sigma_w2: float, sigma_b2: float, error: float) -> None:
    """c* from sigma_w^2 E[(phi(u) - phi(v))^2] / 2 = q* (1 - c) and dc'/dc = sigma_w^2 E[phi'(u) phi'(v)] there, by a product of two
    Gauss-Legendre rules; close to the critical line (the last has xi_c = 524), where errors grow by 1 / (1 - slope)."""
    nl = nonlinearity(name, {})
    found = fixed_point(Map(nl, sigma_w2, sigma_b2), 1.0)
    assert found.q is not None and found.one_minus_c is not None and found.one_minus_c > 0
    points, weights = np.polynomial.legendre.leggauss(300)
    z, root = 9.0 * points, math.sqrt(found.q)
    density = 9.0 * weights * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    def pair(function: Callable[[Array], Array], gap: float) -> tuple[Array, Array]:
        c = 1.0 - gap
        return function(root * z)[:, None], function((root * (c * z[:, None] + math.sqrt(gap * (1 + c)) * z)).ravel()).reshape(z.size, -1)

    def drift(gap: float) -> float:
        u, v = pair(nl.phi, gap)
        return sigma_w2 * float(density @ np.square(u - v) @ density) / 2 - found.q * gap

    gap = brentq(drift, 0.7 * found.one_minus_c, min(1.3 * found.one_minus_c, 1.5), xtol=1e-15)
    assert found.one_minus_c == pytest.approx(gap, rel=error)
    u, v = pair(nl.derivative, gap)
    assert found.depth_scale_c == pytest.approx(-1.0 / math.log(sigma_w2 * float(density @ (u * v) @ density)), rel=error)


def test_a_depth_scale_read_off_rows_is_the_maps_own() -> None:
    """Second road for normalized networks and skips: rows of a map whose scale is known, and rows that fall as a power of depth."""
    rows = np.arange(200)
    assert observed_scale(0.3 + 0.2 * np.exp(-rows / 7.0)) == pytest.approx(7.0, rel=1e-3)
    assert observed_scale(0.5 * np.exp(-rows / 30.0)) == pytest.approx(30.0, rel=1e-3)
    assert observed_scale(1.0 / (1.0 + rows) ** 2) == math.inf
    assert math.isnan(observed_scale(np.full(200, 0.4)))


@pytest.mark.parametrize("norm", ["none", "layer", "rms"])
def test_relus_correlation_has_no_depth_scale_normalized_or_not(norm: str) -> None:
    """Layer and RMS normalization leave ReLU's map of the correlation as it is: 1 - c falls like 1 / l^2, so nothing ends at 6 xi."""
    found = theory(config("relu", "kaiming_normal", 10, network={"normalization": {"name": norm}}), 1.0, 0.5)
    assert found.phase == "critical" and found.fixed_point.depth_scale_c is None and found.trainable_depth is None
    assert not any("finite" in note for note in found.notes)


def test_tanhs_correlation_decays_at_its_slope_behind_a_layer_normalization() -> None:
    """c* = 0 at q = 1, where dc'/dc = E[phi']^2 / E[phi^2]: by averages of their own."""
    at = averages(nonlinearity("tanh", {}), 1.0)
    slope = float(at.slope) ** 2 / float(at.square)
    found = theory(config("tanh", "kaiming_normal", 10, network={"normalization": {"name": "layer"}}), 1.0, 0.5).fixed_point
    assert found.depth_scale_q == 0.0 and found.depth_scale_c == pytest.approx(-1.0 / math.log(slope), rel=1e-3)


@pytest.mark.parametrize(("name", "sigma_w2"), [("tanh", 1.05), ("tanh", 2.5), ("softsign", 2.5), ("hardtanh", 1.3), ("hardtanh", 2.5)])
def test_an_odd_activation_without_biases_leaves_two_inputs_uncorrelated(name: str, sigma_w2: float) -> None:
    """c* = 0, and there the map's slope is sigma_w^2 E[phi']^2: against adaptive quadrature, to the accuracy that is promised."""
    found = fixed_point(layer(name, sigma_w2), 1.0)
    q = found.q or math.nan
    assert found.one_minus_c == 1.0
    derivative, root = ACTIVATIONS[name].derivative, math.sqrt(q)
    cuts = sorted({-12.0 * root, -1.0, 0.0, 1.0, 12.0 * root})

    def integrand(u: float) -> float:
        value = float(derivative(np.array([u]), defaults(name))[0])
        return value * math.exp(-u * u / (2.0 * q))

    mean = sum(quad(integrand, a, b, epsabs=1e-14, epsrel=1e-11, limit=200)[0] for a, b in pairwise(cuts))
    slope = sigma_w2 * (mean / math.sqrt(2.0 * math.pi * q)) ** 2
    assert found.depth_scale_c == pytest.approx(-1.0 / math.log(slope), rel=1e-6)


@pytest.mark.parametrize(("activation", "init"), [("tanh", "xavier_normal"), ("relu", "xavier_normal"), ("tanh", "kaiming_normal")])
def test_the_fixed_point_is_where_the_rows_end_with_a_constant_bias_too(activation: str, init: str) -> None:
    found = theory(config(activation, init, 200, bias={"name": "constant", "value": 0.5}))
    assert found.fixed_point.q == pytest.approx(found.preactivation_variance[198], rel=1e-9)
    assert found.c_star == pytest.approx(found.correlation[198], abs=1e-5)
