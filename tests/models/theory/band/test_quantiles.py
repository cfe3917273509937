"""Between which values 95 % of a random variable lie, by draws and by scipy's laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from models.theory.band.cosines import Cosines
from models.theory.band.draws import beside_one
from models.theory.band.quantiles import quantiles, student, uniform


@pytest.mark.parametrize("own", [1.0, 0.7, 0.4, 0.1, 0.01])
@pytest.mark.parametrize("inherited", [0.0, 0.05, 0.5])
def test_the_quantiles_hold_a_gamma_law_times_a_log_normal_one(own: float, inherited: float) -> None:
    """One over `own` is the Gamma law's shape; two classes' logits of one example have 1. The log-normal law's held 0.905 of them."""
    low, high = (float(np.exp(end[0])) for end in quantiles(np.array([inherited]), np.array([own])))
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    factor = np.exp(math.sqrt(inherited) * z - inherited / 2)
    law = stats.gamma(1 / own, scale=own)
    inside = (law.cdf(high / factor) - law.cdf(low / factor)) @ weight / weight.sum()
    assert inside == pytest.approx(0.95, abs=0.007)


@pytest.mark.parametrize(("c", "rest", "inherited"), [
    (0.9, 10, 0.0), (0.7, 4, 0.0), (0.7, 30, 0.2), (0.5, 30, 0.0), (0.5, 3, 0.0), (0.3, 30, 0.05), (0.0, 2, 0.0)])
def test_the_quantiles_of_two_units_whose_inputs_point_in_one_direction(c: float, rest: int, inherited: float) -> None:
    """By 200,000 draws from a matrix of cosines with one eigenvalue c and so many equal ones beside it. A Gamma law of the same variance
    has a lower end of 0.02 of the middle where 0.08 is measured."""
    generator, eigenvalues = np.random.default_rng(0), np.append(c, np.full(rest, (1.0 - c) / rest))
    square = np.array([float(np.square(eigenvalues).sum())])
    pairs = Cosines(np.array([c]), square, square, square)
    found = quantiles(np.array([inherited]), square, 0.0, *beside_one(pairs, square))
    low, high = (float(end[0]) for end in found)
    drawn = (generator.standard_normal((200_000, 2, rest + 1)) ** 2).mean(axis=1) @ eigenvalues
    logs = np.log(drawn) + math.sqrt(inherited) * generator.standard_normal(200_000) - inherited / 2.0
    assert np.mean((logs >= low) & (logs <= high)) == pytest.approx(0.95, abs=0.012)
    assert (low, high) == pytest.approx(tuple(np.quantile(logs, (0.025, 0.975))), abs=0.2)


@pytest.mark.parametrize(("freedom", "tolerance"), [(1.0, 1e-6), (2.0, 1e-6), (9.0, 1e-4), (99.0, 1e-5)])
def test_students_t(freedom: float, tolerance: float) -> None:
    assert 1 - 2 * stats.t(freedom).sf(float(student(np.array(freedom)))) == pytest.approx(0.95, abs=tolerance)


@pytest.mark.parametrize("units", [1, 2, 5, 30])
def test_the_quantiles_of_uniform_squares(units: int) -> None:
    """By 400,000 draws: two uniform biases' squares had the Gamma law of their variance, and 0.90 of two classes' logits were inside."""
    drawn = np.random.default_rng(0).uniform(-math.sqrt(3.0), math.sqrt(3.0), (400_000, units))
    ends = np.log(np.quantile(np.square(drawn).mean(axis=1), (0.025, 0.975)))
    gaussian = [float(end[0]) for end in quantiles(np.zeros(1), np.array([2.0 / units]))]
    assert np.add(gaussian, uniform(units)) == pytest.approx(ends, abs=0.02)
