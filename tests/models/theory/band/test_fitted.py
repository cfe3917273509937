"""The band where LSUV fits the weights to the batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.bands import band_and_batch
from benchmarks.ensembles import mean_squares
from models.theory import theory_of
from models.theory.band.edges import alike, reach
from models.theory.band.fitted import AlongMean, ends, left_alone, of_mean
from models.theory.band.quantiles import FLOOR
from models.theory.padding import cuts
from models.training import initial_frame
from tests.models.theory.band.seeds import LEAST, measured_of_uniform, settings

BEHIND_BATCH = {"name": "batch", "placement": "post_activation"}


@pytest.mark.parametrize(("activation", "gain"), [("elu", 1.3), ("relu6", 1.0), ("linear", 1.0)])
def test_of_lsuvs_rows(activation: str, gain: float) -> None:
    """What is fitted is exact, and only the mean over all units is left; linear layers stay within the tolerance, as they were drawn. The
    band was twice to four times as wide."""
    seeds, rows = 100, []
    for seed in range(seeds):
        config = settings(activation, "circles", {"name": "lsuv", "gain": gain}, depth=4, width=100, batch=32)
        frame = initial_frame(config.model_copy(update={"seed": seed}))
        band = theory_of(config, frame["input"]).preactivation_band
        rows.append(np.log(np.array([band.low, frame["quantities"]["preactivation"]["mean_square"], band.high], dtype=float)[:, 1:4]))
    low, found, high = np.array(rows).transpose(1, 0, 2)
    share = ((low <= found) & (found <= high)).mean(axis=0)
    ratio = np.median(high - low, axis=0) / np.subtract(*np.quantile(found, (0.975, 0.025), axis=0))
    assert (share >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / seeds)).all() and ((ratio > 0.7) & (ratio < 2.0)).all(), (share, ratio)


@pytest.mark.parametrize(("kind", "data", "batch", "gain"), [
    ("cnn", "gaussian", 9, 1.0), ("mlp", "circles", 8, 0.96), ("mlp", "moons", 17, 1.45), ("mlp", "digits", 64, 0.81)])
def test_of_lsuvs_rows_beside_drawn_biases(kind: str, data: str, batch: int, gain: float) -> None:
    """The fit divides the weights alone, and stops within the tolerance: 0.45 to 0.87 were inside, then the hidden rows' band was up to
    twice too wide."""
    config = settings("elu", data, {"name": "lsuv", "gain": gain}, depth=5, width=13, batch=batch, bias=0.2, kind=kind)
    _, inside, _, _ = measured_of_uniform(config)
    assert (inside >= LEAST).all(), inside


def test_a_normalization_before_phi_takes_what_the_fit_leaves() -> None:
    """The first row's sums are within the tolerance as they are drawn on digits; the band stood around their variance, 0.00 were inside."""
    config = settings("relu", "digits", {"name": "lsuv"}, depth=2, normalization={"name": "group", "groups": 8})
    _, inside, _, _ = measured_of_uniform(config)
    assert (inside >= LEAST).all(), inside


def test_of_lsuvs_output_row() -> None:
    """The mean over all units counts against what the fit makes 1, by Student's law; the pixels' lift is fitted away. 0.56 were inside."""
    inside = []
    for seed in range(60):
        config = settings("elu", "gaussian", {"name": "lsuv"}, depth=3, width=13, batch=8, kind="cnn").model_copy(update={"seed": seed})
        frame = initial_frame(config)
        band = theory_of(config, frame["input"]).preactivation_band
        low, high, found = band.low[-1], band.high[-1], frame["quantities"]["preactivation"]["mean_square"][-1]
        assert low is not None and high is not None and found is not None
        inside.append(low <= found <= high)
    assert np.mean(inside) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 60)


@pytest.mark.parametrize(("around", "deviation", "still", "freedom"), [
    (0.0, 0.004, 0.0, 1e4), (0.008, 0.01, 0.0, 300.0), (-0.02, 0.02, 0.0, 50.0), (0.3, 0.1, 0.0, 30.0), (0.0, 3e-4, 1.0, 100.0),
    (0.0, 3e-4, 1.0, 1e3), (-0.108, 0.0685, 0.0, 1e4), (-0.1, 0.0685, 0.0, 1e4), (0.0, 0.15, 0.0, 1e4)])
def test_the_ends_of_a_law_that_is_fitted_outside_the_tolerance(around: float, deviation: float, still: float, freedom: float) -> None:
    """By 400,000 draws. The mean's part and the tolerance had been added, and orthogonal weights' mean square is fitted or stays."""
    generator = np.random.default_rng(0)
    mean = np.log1p(generator.standard_t(freedom, 400_000) ** 2 / freedom)
    v = generator.normal(around, deviation, 400_000) - still * mean
    found = np.where((v > math.log(0.99)) & (v < math.log(1.01)), v, 0.0) + mean
    arrays = (np.array([each]) for each in (around, deviation, still))
    c = 2.0 / (2.0 + freedom)  # of two units, with so many degrees of freedom around the mean
    along = AlongMean(*(np.array([each]) for each in (c, 0.0, c**2 + 2.0 * (1.0 - c) ** 2 / freedom)))
    low, high = (float(end[0]) for end in ends(*left_alone(*arrays, of_mean(along, np.array([2.0])), 0.01)))
    lowest, highest = np.quantile(found, (0.025, 0.975))
    assert low == pytest.approx(lowest, abs=4e-4)
    assert high == pytest.approx(highest, abs=4e-4, rel=0.06)


@pytest.mark.parametrize(("units", "c", "longer"), [
    (2, 0.77, 0.12), (2, 0.9, 0.0), (2, 0.4, 0.3), (10, 0.8, 0.1), (64, 0.7, 0.1), (2, 0.02, 0.0)])
def test_the_mean_over_all_units_by_draws(units: int, c: float, longer: float) -> None:
    """Its square over what is left around it, of inputs with a common direction and lengths of their own. The upper end of two units, of
    which what is left had been taken to vanish with their difference, was 54 where 6 was measured."""
    generator, rest = np.random.default_rng(0), 1.0 - c - longer
    y = generator.standard_normal((200_000, units))
    between = y.var(axis=1)
    square = c * y.mean(axis=1) ** 2 / (c * between + longer * (y**2).mean(axis=1) + rest)
    found = of_mean(AlongMean(*(np.array([each]) for each in (c, longer, (c + longer) ** 2))), np.array([units]))[0, 0]
    upper = 1.0 - (1.0 - np.arange(found.size + 1) / found.size) ** 3
    places = np.flatnonzero((upper[:-1] > 0.6) & (upper[1:] < 0.995))
    expected = np.log1p(np.quantile(square, (upper[places] + upper[places + 1]) / 2.0))
    assert found[places] == pytest.approx(expected, rel=0.3, abs=0.005)
    assert (found[places] > 0.9 * expected - 0.005).all(), (found[places], expected)


def test_lsuvs_output_of_two_classes() -> None:
    """Long and short points point in one direction: what is left around the mean of two units varies with that mean."""
    _, inside, ratio, _ = measured_of_uniform(settings("relu", "spirals", {"name": "lsuv"}, depth=10, batch=32))
    assert (inside >= LEAST).all() and ratio[-1] < 1.5, (inside, ratio)


@pytest.mark.parametrize(("activation", "data", "most"), [("tanh", "moons", 3.5), ("tanh", "spirals", 4.5), ("selu", "spirals", 1.8)])
def test_lsuvs_output_of_two_classes_behind_an_odd_phi(activation: str, data: str, most: float) -> None:
    """Much of what points differ by lies along their mean, and is large where the mean is; how much is measured, and how far cosines go
    with lengths is lost where phi makes these alike. The output's band was 2.5 to 6.3 times as wide as the seeds' spread."""
    _, inside, ratio, _ = measured_of_uniform(settings(activation, data, {"name": "lsuv"}, depth=10).model_copy(update={"seed": 5}))
    assert (inside >= LEAST).all() and ratio[-1] < most, (inside, ratio)


@pytest.mark.parametrize(("activation", "network"), [("softsign", {"width": 16}), ("hardsigmoid", {"normalization": {"name": "layer"}})])
def test_of_lsuvs_rows_beside_a_constant_bias(activation: str, network: dict[str, Any]) -> None:
    """The random mean is added to the bias before it is squared: the rows' band was 1.6 to 1.9 times too wide. Where the output row alone
    has a bias, it had not been counted: 0.3 to 0.5 were inside."""
    config = settings(activation, "circles", {"name": "lsuv"}, depth=8, batch=39, bias={"name": "constant", "value": 0.3}, **network)
    _, inside, ratio, _ = measured_of_uniform(config)
    assert (inside >= LEAST).all(), inside
    assert "normalization" in network or (ratio[1:-1] < 1.4).all(), ratio


@pytest.mark.parametrize(("activation", "network", "data"), [
    ("gelu", {"width": 8, "batch": 16}, "digits"), ("relu", {"width": 12, "batch": 16}, "digits"),
    ("tanh", {"width": 12, "batch": 8, "kernel_size": 5}, "digits"), ("tanh", {"width": 12, "batch": 8}, "gaussian")])
def test_zero_padding_beside_a_batch_normalization_behind_phi(activation: str, network: dict[str, Any], data: str) -> None:
    """It takes each unit's mean away, and taps that leave the image bring some of it back: 0.77 to 0.82 were inside in rows 4 and 5. The
    share of the mean is compared with that of the ensemble's own signals."""
    config = settings(activation, data, {"name": "lsuv"}, depth=4, kind="cnn", normalization=BEHIND_BATCH, **network)
    known = band_and_batch(config)
    assert known is not None
    low, high, batch = known
    rows = mean_squares(config, batch, 400, torch.Generator().manual_seed(2)).numpy()[:, :-1]
    inside = ((rows >= low[:-1]) & (rows <= high[:-1])).mean(axis=0)
    assert (inside >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 400)).all(), inside
    beyond = np.quantile(rows[:, 1:], 0.975, axis=0) - 1.0
    assert (high[1:-1] - 1.0 < 2.0 * beyond + 2.0 * FLOOR).all(), (high, beyond)


@pytest.mark.parametrize(("by", "kernel"), [(0.5, 3), (0.8, 3), (1.5, 3), (0.9, 5)])
def test_what_taps_at_the_edges_leave_of_a_mean(by: float, kernel: int) -> None:
    """By images of noise without their mean, as it is and blurred: the square of the mean that a tap sees, over the mean square, and how
    far the blur reaches, from pairs of a field's pixels."""
    size, generator = 8, np.random.default_rng(0)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    blur = np.linalg.cholesky(np.exp(-((distance / by) ** 2) / 2.0) + 1e-9 * np.eye(size))
    plain, kept = generator.standard_normal((20_000, size, size)), cuts(size, kernel)
    found = []
    for images in (blur @ plain @ blur.T, plain):
        images = images - images.mean(axis=(1, 2), keepdims=True)
        found.append(np.mean(np.einsum("ai,nij,bj->nab", kept, images, kept) ** 2) / np.mean(images**2))
    assert alike(size, kernel, by) == pytest.approx(found[0] / found[1], rel=0.03)
    field = (blur @ plain @ blur.T)[:, :kernel, :kernel].reshape(len(plain), -1)
    cosines = np.corrcoef(field.T)
    assert reach(kernel, float(1.0 / np.mean(cosines**2))) == pytest.approx(by, rel=0.05, abs=0.2)
