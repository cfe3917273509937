"""Where no band is given: from which row on, and that a note says so. Where one is given beside such rows, it holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.theory import theory, theory_of
from models.theory.chain import Fields
from models.training import Run, initial_frame
from tests.models.theory.band.seeds import BEHIND, LEAST, chaotic, measured, settings


def test_ends_where_q_runs_away_and_says_so() -> None:
    """GELU at sigma_w^2 = 2 leaves its unstable fixed point: at width 256 the deep rows were 17 standard deviations off the band."""
    found, inside, _, _ = measured(settings("gelu", "moons", chaotic(2.0), depth=20, width=256))
    known = np.isfinite(np.array(found.preactivation_band.low, dtype=float))
    assert 6 <= known.sum() < 15 and (np.diff(known.astype(int)) <= 0).all()
    assert (inside[known] >= LEAST).all(), inside
    row = int(known.sum()) + 1
    assert any(f"From layer {row} on no band" in note for note in found.notes)


@pytest.mark.parametrize(("activation", "known"), [("gelu", False), ("relu", True)])
def test_ends_where_seeds_differ_by_factors(activation: str, known: bool) -> None:
    """Beyond a variance of 1 of ln q what is first order at q is none for many of them; ReLU's elasticity is 1 at any q."""
    config = settings(activation, "digits", {"name": "kaiming_normal"}, depth=24, width=10)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[-2] is not None) == known
    assert any("networks of this width differ by factors" in note for note in found.notes) != known


def test_an_output_row_that_alone_differs_by_factors_says_so() -> None:
    config = settings("gelu", "moons", {"name": "kaiming_normal"}, depth=8, width=16, dropout=0.4)
    found = theory_of(config, initial_frame(config)["input"])
    assert [low is not None for low in found.preactivation_band.low] == [True] * 8 + [False]
    assert any("From layer 9 on no band" in note for note in found.notes)


def test_ends_where_the_law_of_lengths_decides_and_says_so() -> None:
    """Two circles come to hardtanh's corner in different layers, which no law of three moments tells: rows 10 to 12 held 0.89."""
    config = settings("hardtanh", "circles", {"name": "uniform", "a": -0.197, "b": 0.197}, depth=12, width=77, batch=128, dropout=0.4)
    found, inside, _, _ = measured(config)
    known = np.isfinite(np.array(found.preactivation_band.low, dtype=float))
    row = int(known.sum()) + 1
    assert 7 <= row <= 10 and (np.diff(known.astype(int)) <= 0).all() and (inside[known] >= LEAST).all(), inside
    assert any(f"From layer {row} on no band" in note for note in found.notes)


@pytest.mark.parametrize("data", ["moons", "circles", "spirals"])
def test_does_not_end_where_every_law_of_lengths_says_the_same(data: str) -> None:
    """Tanh cuts long inputs off, row by row, and two lengths with the same three moments do so nearly as much as the law that is followed.
    There was no band from layer 8 to 10 on."""
    found, inside, _, _ = measured(settings("tanh", data, {"name": "orthogonal"}, depth=20))
    assert None not in found.preactivation_band.low and (inside >= LEAST).all(), inside


@pytest.mark.parametrize(("data", "init", "norm", "known"), [
    ("digits", "delta_orthogonal", {"name": "batch"}, False), ("digits", "delta_orthogonal", {"name": "layer"}, True),
    ("gaussian", "kaiming_normal", {"name": "instance"}, True), ("gaussian", "kaiming_normal", {"name": "instance", "eps": 0.1}, False),
    ("gaussian", "kaiming_normal", {"name": "layer", "eps": 0.1}, True)])
def test_ends_where_eps_counts_beside_variances_that_differ_by_factors(data: str, init: str, norm: dict[str, Any], known: bool) -> None:
    config = settings("tanh", data, {"name": init}, depth=2, width=16, batch=16, kind="cnn", normalization=norm)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[0] is not None) == known
    assert any(note.startswith("ε counts") for note in found.notes) != known


def test_of_kernels_of_one_pixel_that_bend_only_the_first_row_is_known() -> None:
    """GELU on digits held 0.92 to 0.90 in rows 4 to 6: long pixels are bent otherwise than short ones, and no taps average them."""
    config = settings("gelu", "digits", {"name": "kaiming_normal"}, depth=6, width=32, batch=16, kind="cnn", kernel_size=1)
    found, inside, _, _ = measured(config)
    assert [low is not None for low in found.preactivation_band.low] == [True] + [False] * 6
    assert inside[0] >= LEAST and any("From layer 2 on no band" in note for note in found.notes)


@pytest.mark.parametrize(("activation", "init", "norm", "known"), [
    ("gelu", "delta_orthogonal", None, 1), ("tanh", "delta_orthogonal", None, 5), ("relu", "kaiming_normal", "layer", 1),
    ("relu", "kaiming_normal", "rms", 1), ("relu", "kaiming_normal", None, 5)])
def test_of_real_images_ends_where_pixels_lengths_decide_and_says_so(activation: str, init: str, norm: str | None, known: int) -> None:
    """The output row of real images never has one."""
    normalization = {"normalization": {"name": norm, "placement": "post_activation"}} if norm else {}
    config = settings(activation, "digits", {"name": init}, depth=5, width=32, batch=16, kind="cnn", padding="circular", **normalization)
    found = theory_of(config, next(Run.start(config).frames())["input"])
    assert list(np.isfinite(np.array(found.preactivation_band.low, dtype=float))) == [True] * known + [False] * (6 - known)
    assert any("From layer 2 on no band" in note for note in found.notes) == (known == 1)


@pytest.mark.parametrize(("activation", "spread", "known"), [("relu", 3.1, 1), ("relu", 0.3, 3), ("tanh", 3.1, 3)])
def test_ends_where_the_longest_of_real_fields_rule(activation: str, spread: float, known: int) -> None:
    """MNIST's patches under ReLU: 0.86 to 0.89 were inside from row 2 on."""
    config = settings(activation, "mnist", {"name": "lecun_normal"}, depth=3, width=16, batch=16, kind="cnn")
    found = theory(config, 0.94, 0.28, (0.01, 0.0), Fields(0.94, 2.1, spread))
    assert [low is not None for low in found.preactivation_band.low] == [True] * known + [False] * (4 - known)
    assert any("From layer 2 on no band" in note for note in found.notes) == (known == 1)


@pytest.mark.parametrize(("activation", "network", "known"), [
    ("relu", {"kernel_size": 1}, False), ("tanh", {"kernel_size": 1}, True), ("relu", {}, True), ("relu", {"normalization": BEHIND}, False),
    ("tanh", {"normalization": BEHIND}, True), ("tanh", {"normalization": {"name": "instance"}}, False),
    ("selu", {"normalization": {"name": "instance"}}, False), ("elu", {"normalization": {"name": "instance"}}, True)])
def test_of_noise_images_output_without_a_band(activation: str, network: dict[str, Any], known: bool) -> None:
    config = settings(activation, "gaussian", {"name": "lecun_normal"}, depth=3, width=16, batch=16, kind="cnn", **network)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[-1] is not None) == known
    assert any("the output has no band" in note for note in found.notes) != known


@pytest.mark.parametrize(("activation", "init", "network", "known"), [
    ("gelu", "lecun_normal", {}, True), ("elu", "orthogonal", {"padding": "circular"}, True), ("gelu", "orthogonal", {}, False),
    ("elu", "lecun_normal", {"residual": True}, False), ("relu", "orthogonal", {}, True), ("softplus", "lecun_normal", {}, True)])
def test_of_noise_images_output_where_phis_mean_outgrows_q(activation: str, init: str, network: dict[str, Any], known: bool) -> None:
    """GELU, ELU and their like hold but beside skips, and of orthogonal weights with zero padding: 0.83 to 0.93."""
    config = settings(activation, "gaussian", {"name": init}, depth=3, width=16, batch=16, kind="cnn", **network)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[-1] is not None) == known
    assert any("the output has no band" in note for note in found.notes) != known


@pytest.mark.parametrize("fields", [Fields(8e29, None, 1.5e308, None), Fields(0.0, 1.0, 1e104, 1.0), Fields(None, 1e300, 1e-300, 0.0)])
@pytest.mark.parametrize("mean_square", [0.0, 1e-20, 1e20])
def test_of_inputs_that_no_batch_has_it_is_a_number_or_nothing(fields: Fields, mean_square: float) -> None:
    """Whoever asks the API may send them."""
    for network, init in (({"dropout": 0.4}, {"name": "trunc_normal"}), ({"kind": "cnn", "padding": "zeros"}, {"name": "lecun_normal"})):
        config = settings("mish", "digits", init, depth=12, width=77, **network)
        band = theory(config, mean_square, -1.0, (-1.0, -1.0), fields).preactivation_band
        ends = zip(band.low, band.high, strict=True)
        assert all(low is None or (high is not None and 0.0 <= low <= high < math.inf) for low, high in ends)
