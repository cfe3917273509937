"""The band over 200 seeds of plain torch, on the batch that a frame measured: every row holds as often as the band claims.

Whole ensembles go through each layer at once: weights (S, out, in), one matrix product for all seeds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits

from benchmarks.bands import band_and_batch
from benchmarks.ensembles import mean_squares
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import INITIALIZERS, truncated_kurtosis
from models.inputs import input_moments, input_sums
from models.theory import Theory, theory, theory_of
from models.theory.chain import Correlations, Fields, chain
from models.theory.fitted import ends
from models.theory.jacobi import nodes
from models.theory.known import LONGEST
from models.theory.layers import fans, plan
from models.theory.lengths import _lengths, by_lengths
from models.theory.noise import Noise
from models.theory.quantiles import quantiles, student, uniform
from models.theory.steps import Steps
from models.theory.walks import of_walks
from models.training import Run, initial_frame
from tests.models.theory.second_road import normalize

SEEDS = 200
LEAST = 0.95 - 3 * math.sqrt(0.95 * 0.05 / SEEDS)


pytestmark = pytest.mark.usefixtures("one_thread")


def settings(activation: str, data: str, init: dict[str, Any], depth: int = 8, width: int = 64, batch: int = 64,
             bias: float | dict[str, Any] = 0.0, **network: Any) -> RunConfig:
    drawn = {"name": "normal", "std": bias} if bias else {"name": "zeros"}
    return RunConfig.model_validate({
        "network": {"depth": depth, "width": width, "activation": {"name": activation}, **network}, "init": init,
        "bias_init": bias if isinstance(bias, dict) else drawn,
        "data": {"name": data, "batch_size": batch}, "device": "cpu"})


def chaotic(scale: float) -> dict[str, Any]:
    return {"name": "variance_scaling", "scale": scale, "distribution": "normal"}


def weights(config: RunConfig, row: int, generator: torch.Generator) -> torch.Tensor:
    """(S, out, in, kernel, kernel) of one row; Gaussian, uniform, or orthogonal at the kernel's middle."""
    entry, fan = INITIALIZERS[config.init.name], fans(config)[0 if row == 1 else 1 if row <= config.network.depth else 2]
    side, rows, columns = math.isqrt(fan.taps), fan.fan_out // fan.taps, fan.fan_in // fan.taps
    if entry.law == "orthogonal":
        q, r = torch.linalg.qr(torch.randn(SEEDS, max(rows, columns), min(rows, columns), generator=generator))
        q = q * torch.sign(torch.diagonal(r, dim1=1, dim2=2))[:, None]
        found = torch.zeros(SEEDS, rows, columns, side, side)
        found[..., side // 2, side // 2] = q if rows >= columns else q.transpose(1, 2)
        return found * config.init.params["gain"]
    activation = config.network.activation
    gain = ACTIVATIONS[activation.name].gain(activation.params) if entry.uses_gain else 1.0
    std = math.sqrt(entry.variance(fan, config.init.params, gain)) * config.init.params["gain"]
    shape = (SEEDS, rows, columns, side, side)
    if entry.law == "uniform":
        return std * math.sqrt(3.0) * (2.0 * torch.rand(shape, generator=generator) - 1.0)
    return std * torch.randn(shape, generator=generator)


def biases(config: RunConfig, units: int, pixels: int, generator: torch.Generator) -> torch.Tensor | float:
    """(S, 1, units, 1, 1), without the last two where there are no pixels."""
    name, params, shape = config.bias_init.name, config.bias_init.params, (SEEDS, 1, units, *[1] * pixels)
    if name == "normal":
        return torch.randn(shape, generator=generator) * params["std"]
    return float(params["value"]) if name == "constant" else 0.0


def applied(weight: torch.Tensor, x: torch.Tensor, padding: str) -> torch.Tensor:
    """Each seed's weights on its own signals (S, B, in[, H, W]): one product, or one convolution with a group a seed."""
    if x.dim() == 3:
        return x @ weight[..., 0, 0].transpose(1, 2)
    seeds, reach = weight.shape[0], weight.shape[-1] // 2
    stacked = torch.nn.functional.pad(x.transpose(0, 1).flatten(1, 2), (reach,) * 4,
                                      mode="circular" if padding == "circular" else "constant")
    found = torch.nn.functional.conv2d(stacked, weight.flatten(0, 1), groups=seeds)
    return found.unflatten(1, (seeds, weight.shape[1])).transpose(0, 1)


@torch.no_grad()
def ensemble(config: RunConfig, batch: torch.Tensor) -> np.ndarray:
    """Mean squares of the pre-activations (S, depth + 1)."""
    network, generator = config.network, torch.Generator().manual_seed(1)
    phi = ACTIVATIONS[network.activation.name].module(network.activation.params)
    norm, x, found = network.normalization, batch[None].expand(SEEDS, *batch.shape), []
    for row in range(1, network.depth + 2):
        hidden = row <= network.depth
        x = x if hidden or x.dim() == 3 else x.mean((3, 4))
        h = applied(weights(config, row, generator), x, network.padding)
        h = h + biases(config, h.shape[2], h.dim() - 3, generator)
        if hidden and norm.name != "none" and norm.params["placement"] == "pre_activation":
            h = torch.stack([normalize(norm.name, one, norm.params) for one in h])
        found.append(h.double().square().flatten(1).mean(1).numpy())
        if hidden:
            a = phi(h)
            if norm.name != "none" and norm.params["placement"] == "post_activation":
                a = torch.stack([normalize(norm.name, one, norm.params) for one in a])
            if network.dropout:
                a = a * (torch.rand(a.shape, generator=generator) >= network.dropout) / (1.0 - network.dropout)
            x = x + a if network.residual and row > 1 else a
    return np.stack(found, axis=1)


def measured(config: RunConfig) -> tuple[Theory, np.ndarray, np.ndarray, np.ndarray]:
    """Theory, the share of seeds inside, the band's half width over the seeds' spread, and the measured mean squares."""
    run, seen = Run.start(config), []
    run.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found = theory_of(config, next(run.frames())["input"])
    rows = ensemble(config, seen[-1])
    low, high = (np.array(column, dtype=float) for column in (found.preactivation_band.low, found.preactivation_band.high))
    ratio = np.log(high / low) / (2 * 1.96) / np.log(rows).std(axis=0)
    return found, ((rows >= low) & (rows <= high)).mean(axis=0), ratio, rows


POINTS = [("tanh", "moons", 2.5), ("tanh", "circles", 4.0), ("tanh", "spirals", 4.0), ("hardtanh", "spirals", 4.0),
          ("softsign", "moons", 3.0), ("elu", "moons", 1.5), ("gelu", "circles", 2.0), ("relu", "moons", 2.0)]


@pytest.mark.parametrize(("activation", "data", "scale"), POINTS)
def test_of_points_in_the_plane(activation: str, data: str, scale: float) -> None:
    """A chaotic map moves near pairs by far less than others: with the mean of c^2 alone rows held 0.78 to 0.9, the band 0.65 as wide."""
    init = {"name": "kaiming_normal"} if activation in ("gelu", "relu") else chaotic(scale)
    _, inside, ratio, _ = measured(settings(activation, data, init))
    assert (inside >= LEAST).all() and inside.mean() >= 0.93, inside
    assert ((ratio > 0.85) & (ratio < 1.25)).all(), ratio


def test_of_points_deep_in_the_chaotic_phase() -> None:
    """At width 256 the units' own draw is small beside what pairs bring: rows 8 to 20 held 0.66 to 0.8."""
    _, inside, ratio, _ = measured(settings("tanh", "moons", chaotic(4.0), depth=20, width=256))
    assert (inside >= LEAST).all() and ((ratio > 0.85) & (ratio < 1.25)).all(), (inside, ratio)


@pytest.mark.parametrize(("activation", "init"), [("relu", {"name": "kaiming_normal"}), ("tanh", chaotic(3.0))])
def test_of_kernels_of_one_pixel(activation: str, init: dict[str, Any]) -> None:
    """Every pixel is a number by itself: cosines are 1 or -1. Rows held 0.75 to 0.9."""
    _, inside, ratio, _ = measured(settings(activation, "digits", init, depth=6, width=32, batch=16, kind="cnn", kernel_size=1))
    assert (inside[:6] >= LEAST).all() and ((ratio[:6] > 0.85) & (ratio[:6] < 1.25)).all(), (inside, ratio)


@pytest.mark.parametrize(("activation", "gain", "data"), [("tanh", 1.0, "digits"), ("tanh", 1.5, "digits"), ("relu", 1.414, "digits"),
                                                          ("relu", 1.414, "gaussian"), ("tanh", 1.5, "gaussian")])
def test_of_delta_orthogonal_weights_is_no_wider_than_the_seeds(activation: str, gain: float, data: str) -> None:
    """The first row is exact; tanh's band was 4 to 77 times the spread of the others, which it always held."""
    init = {"name": "delta_orthogonal", "gain": gain}
    _, inside, ratio, rows = measured(settings(activation, data, init, depth=6, width=32, batch=16, kind="cnn", padding="circular"))
    assert rows[:, 0].std() < 1e-6 * rows[:, 0].mean()
    assert (inside[:6] >= LEAST).all() and ((ratio[1:6] > 0.85) & (ratio[1:6] < 1.6)).all(), (inside, ratio)


@pytest.mark.parametrize(("norm", "activation", "residual"), [("batch", "relu", False), ("batch", "tanh", False), ("batch", "tanh", True),
                                                              ("layer", "relu", False), ("layer", "relu", True)])
def test_of_zero_padding_behind_a_normalization(norm: str, activation: str, residual: bool) -> None:
    """Positions differ behind a normalization, too: q was up to 13 % off and rows held 0.0 to 0.5."""
    init = {"name": "kaiming_normal"} if activation == "relu" else chaotic(3.0)
    _, inside, _, _ = measured(settings(activation, "gaussian", init, depth=5, width=24, batch=16, kind="cnn", residual=residual,
                                        normalization={"name": norm, "placement": "post_activation"}))
    assert (inside[:5] >= LEAST).all(), inside


@pytest.mark.parametrize(("activation", "gain", "data"), [("gelu", 1.4, "moons"), ("relu", 1.414, "moons"), ("tanh", 1.7, "digits")])
def test_of_orthogonal_weights_beside_drawn_biases(activation: str, gain: float, data: str) -> None:
    _, inside, ratio, _ = measured(settings(activation, data, {"name": "orthogonal", "gain": gain}, bias=0.3))
    assert (inside >= LEAST).all() and (ratio[:8] > 0.85).all(), (inside, ratio)


def test_ends_where_q_runs_away_and_says_so() -> None:
    """GELU at sigma_w^2 = 2 leaves its unstable fixed point: at width 256 the deep rows were 17 standard deviations off the band."""
    found, inside, _, _ = measured(settings("gelu", "moons", chaotic(2.0), depth=20, width=256))
    known = np.isfinite(np.array(found.preactivation_band.low, dtype=float))
    assert 6 <= known.sum() < 15 and (np.diff(known.astype(int)) <= 0).all()
    assert (inside[known] >= LEAST).all(), inside
    row = int(known.sum()) + 1
    assert any(f"From row {row} on no band" in note for note in found.notes)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.5), (0.3, 0.2), (-0.2, 0.05), (0.5, 1e-4)])
def test_the_nodes_have_the_moments_of_the_beta_law(mean: float, variance: float) -> None:
    """(1 + c) / 2 has E[x^k] = the product of (a + j) / (a + b + j) over j < k."""
    size = (1 - mean**2) / variance - 1
    a = size * (1 + mean) / 2
    c, weight = nodes(mean, variance)
    for power in (0, 1, 2, 4, 9):
        assert float(weight @ ((1 + c) / 2) ** power) == pytest.approx(math.prod((a + j) / (size + j) for j in range(power)), rel=1e-9)


def test_of_kernels_of_one_pixel_that_bend_only_the_first_row_is_known() -> None:
    """GELU on digits held 0.92 to 0.90 in rows 4 to 6: long pixels are bent otherwise than short ones, and no taps average them."""
    config = settings("gelu", "digits", {"name": "kaiming_normal"}, depth=6, width=32, batch=16, kind="cnn", kernel_size=1)
    found, inside, _, _ = measured(config)
    assert [low is not None for low in found.preactivation_band.low] == [True] + [False] * 6
    assert inside[0] >= LEAST and any("From row 2 on no band" in note for note in found.notes)


@pytest.mark.parametrize(("activation", "init", "norm", "known"), [
    ("gelu", "delta_orthogonal", None, 1), ("tanh", "delta_orthogonal", None, 5), ("relu", "kaiming_normal", "layer", 1),
    ("relu", "kaiming_normal", "rms", 1), ("relu", "kaiming_normal", None, 5)])
def test_of_real_images_ends_where_pixels_lengths_decide_and_says_so(activation: str, init: str, norm: str | None, known: int) -> None:
    """The output row of real images never has one."""
    normalization = {"normalization": {"name": norm, "placement": "post_activation"}} if norm else {}
    config = settings(activation, "digits", {"name": init}, depth=5, width=32, batch=16, kind="cnn", padding="circular", **normalization)
    found = theory_of(config, next(Run.start(config).frames())["input"])
    assert list(np.isfinite(np.array(found.preactivation_band.low, dtype=float))) == [True] * known + [False] * (6 - known)
    assert any("From row 2 on no band" in note for note in found.notes) == (known == 1)


@pytest.mark.parametrize(("activation", "init"), [("relu", {"name": "kaiming_uniform"}), ("tanh", {"name": "xavier_uniform", "gain": 2.0})])
def test_of_uniform_weights_on_points(activation: str, init: dict[str, Any]) -> None:
    """A uniform weight's square varies by 0.8, a Gaussian's by 2: the first row's band was 1.55 times too wide. Under tanh the sum of two
    uniform weights lifts the second row's mean by most of a spread."""
    _, inside, ratio, _ = measured(settings(activation, "circles", init, depth=4))
    assert (inside >= LEAST).all() and ((ratio[:4] > 0.85) & (ratio[:4] < 1.2)).all(), (inside, ratio)


@pytest.mark.parametrize(("low", "high"), [(-2.0, 2.0), (-0.5, 3.0), (-0.1, 0.05), (-40.0, 40.0), (-0.04, 0.05)])
def test_the_kurtosis_of_a_truncated_weight(low: float, high: float) -> None:
    expected = 3.0 + float(stats.truncnorm(low, high).stats("k")) if high - low > 0.1 else 1.8
    assert truncated_kurtosis(0.3, 2.0, 0.3 + 2.0 * low, 0.3 + 2.0 * high) == pytest.approx(expected, rel=1e-6)


def test_of_few_examples_the_inputs_lengths_are_no_fluctuation() -> None:
    """The batch is the same for all seeds: with nine points the first row's band was 1.7 times too wide."""
    _, inside, ratio, _ = measured(settings("tanh", "circles", {"name": "lecun_normal"}, depth=3, batch=9))
    assert (inside >= LEAST).all() and ((ratio > 0.85) & (ratio < 1.25)).all(), (inside, ratio)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_of_constant_biases(activation: str) -> None:
    """What is the same in all units does not spread: twice too wide in the first row."""
    _, inside, ratio, _ = measured(settings(activation, "circles", {"name": "lecun_normal"}, depth=4, batch=32,
                                            bias={"name": "constant", "value": 1.0}))
    assert (inside >= LEAST).all() and ((ratio[:4] > 0.85) & (ratio[:4] < 1.35)).all(), (inside, ratio)


BEHIND = {"name": "layer", "placement": "post_activation"}


@pytest.mark.parametrize(("activation", "data", "network"), [
    ("tanh", "digits", {"normalization": {"name": "rms", "placement": "post_activation"}}), ("relu", "moons", {"normalization": BEHIND}),
    ("relu", "circles", {"residual": True}), ("selu", "moons", {"residual": True}), ("linear", "gaussian", {"residual": True})])
def test_of_dropout_behind_a_normalization_and_beside_skips(activation: str, data: str, network: dict[str, Any]) -> None:
    """The masks are drawn behind what a normalization holds fast (rows held 0.0 to 0.9), and scale what a skip adds (0.83 to 0.9)."""
    init = {"name": "orthogonal" if data == "digits" else "lecun_normal"}
    _, inside, ratio, _ = measured(settings(activation, data, init, batch=32, dropout=0.4, **network))
    assert (inside >= LEAST).all() and ((ratio[1:8] > 0.8) & (ratio[1:8] < 1.3)).all(), (inside, ratio)


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


@pytest.mark.parametrize(("freedom", "tolerance"), [(1.0, 0.02), (2.0, 0.003), (9.0, 1e-4), (99.0, 1e-5)])
def test_students_t(freedom: float, tolerance: float) -> None:
    assert 1 - 2 * stats.t(freedom).sf(float(student(np.array(freedom)))) == pytest.approx(0.95, abs=tolerance)


def test_of_rectangular_orthogonal_weights() -> None:
    """24 units of 64 pixels: the first row's weights are nearly as loose as Gaussian ones, those behind it are not. Row 2 held 0.87."""
    _, inside, ratio, _ = measured(settings("elu", "digits", {"name": "orthogonal"}, depth=3, width=24))
    assert (inside >= LEAST).all() and ((ratio[:3] > 0.85) & (ratio[:3] < 1.25)).all(), (inside, ratio)


def test_of_two_classes_logits() -> None:
    """Points have two classes, whose mean square has a Gamma law's tail: 0.86 to 0.92 were inside."""
    _, inside, _, _ = measured(settings("sigmoid", "circles", {"name": "lecun_normal"}, depth=3))
    assert 0.92 <= inside[-1] <= 0.985


@pytest.mark.parametrize(("activation", "init", "padding"), [
    ("tanh", {"name": "lecun_normal"}, "circular"), ("tanh", {"name": "lecun_normal"}, "zeros"),
    ("tanh", {"name": "delta_orthogonal"}, "circular"), ("softsign", chaotic(2.0), "circular"),
    ("linear", {"name": "lecun_normal"}, "zeros"), ("tanh", chaotic(2.0), "behind"),
    ("tanh", chaotic(2.0), "skips")])
def test_of_noise_images_output(activation: str, init: dict[str, Any], padding: str) -> None:
    """The pixels' mean is an example of its own, hardly correlated with others: as if it were the same for all the band was twice too wide,
    3.5 times with orthogonal weights. Behind a layer normalization, too, which takes a mean over units away from it row by row, and beside
    skips."""
    network: dict[str, Any] = {"behind": {"normalization": BEHIND}, "skips": {"residual": True}}.get(padding, {})
    network = {**network, "padding": "zeros" if padding == "zeros" else "circular"}
    _, inside, ratio, _ = measured(settings(activation, "gaussian", init, depth=4, width=24, batch=16, kind="cnn", **network))
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.45, (inside, ratio)


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


@pytest.mark.parametrize(("data", "norm"), [("spirals", "layer"), ("spirals", "batch"), ("moons", "batch"), ("moons", "rms")])
def test_what_eps_takes_near_zero(data: str, norm: str) -> None:
    """Points near 0, and units whose two weights are small: the first row's mean square is below 1 by more than the band was wide."""
    _, inside, _, rows = measured(settings("tanh", data, {"name": "xavier_normal"}, depth=2, batch=32, normalization={"name": norm}))
    assert (inside >= LEAST).all(), inside
    assert rows[:, 0].mean() > 0.99


@pytest.mark.parametrize(("data", "init", "norm", "known"), [
    ("digits", "delta_orthogonal", {"name": "batch"}, False), ("digits", "delta_orthogonal", {"name": "layer"}, True),
    ("gaussian", "kaiming_normal", {"name": "instance"}, True), ("gaussian", "kaiming_normal", {"name": "instance", "eps": 0.1}, False),
    ("gaussian", "kaiming_normal", {"name": "layer", "eps": 0.1}, True)])
def test_ends_where_eps_counts_beside_variances_that_differ_by_factors(data: str, init: str, norm: dict[str, Any], known: bool) -> None:
    config = settings("tanh", data, {"name": init}, depth=2, width=16, batch=16, kind="cnn", normalization=norm)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[0] is not None) == known
    assert any(note.startswith("ε counts") for note in found.notes) != known


@pytest.mark.parametrize(("activation", "spread", "known"), [("relu", 3.1, 1), ("relu", 0.3, 3), ("tanh", 3.1, 3)])
def test_ends_where_the_longest_of_real_fields_rule(activation: str, spread: float, known: int) -> None:
    """MNIST's patches under ReLU: 0.86 to 0.89 were inside from row 2 on."""
    config = settings(activation, "mnist", {"name": "lecun_normal"}, depth=3, width=16, batch=16, kind="cnn")
    found = theory(config, 0.94, 0.28, (0.01, 0.0), Fields(0.94, 2.1, spread))
    assert [low is not None for low in found.preactivation_band.low] == [True] * known + [False] * (4 - known)
    assert any("From row 2 on no band" in note for note in found.notes) == (known == 1)


@pytest.mark.parametrize(("activation", "residual"), [("tanh", False), ("gelu", False), ("gelu", True), ("hardtanh", False)])
def test_the_inputs_lengths_are_followed_one_by_one(activation: str, residual: bool) -> None:
    """A chi square's lengths, by 3,000 draws: each through theory for itself, in the place of four nodes."""
    config = settings(activation, "gaussian", chaotic(1.8), depth=6, residual=residual)
    facts, spread = plan(config), 0.4
    nothing = Correlations(0.0)
    lengths = np.random.default_rng(0).gamma(1 / spread, spread, 3000)
    each = np.array([chain(facts, float(length), nothing).q for length in lengths])
    middle = chain(facts, 1.0, nothing)
    still = np.zeros(facts.depth)
    steps, noise = Steps(still, still, still, still, still + 1.0), Noise(still, still, still)
    _, given, lifted, *_ = by_lengths(facts, middle, steps, noise, math.log1p(spread))
    assert np.exp(lifted) == pytest.approx(each.mean(axis=0) / np.array(middle.q), rel=0.04)
    assert given == pytest.approx(np.log1p(each.var(axis=0) / each.mean(axis=0) ** 2), rel=0.12, abs=0.01)


@pytest.mark.parametrize(("activation", "width", "depth", "padding"), [
    ("relu", 8, 2, "circular"), ("prelu", 16, 4, "circular"), ("relu", 16, 5, "zeros"), ("prelu", 16, 5, "zeros")])
def test_of_the_mean_over_the_pixels_of_noise(activation: str, width: int, depth: int, padding: str) -> None:
    """What units' pixels share and what their mean has of its own vary together: 0.83 to 0.91 of the output rows were inside, the band 0.75
    to 0.87 as wide as the spread."""
    config = settings(activation, "gaussian", {"name": "kaiming_normal"}, depth=depth, width=width, batch=12, kind="cnn", padding=padding)
    batch = torch.randn(12, *config.input_shape, generator=torch.Generator().manual_seed(2))
    rows, band = ensemble(config, batch)[:, -1], theory(config, float(batch.square().mean())).preactivation_band
    low, high = (float(column[-1] or math.nan) for column in (band.low, band.high))
    ratio = math.log(high / low) / (2 * 1.96) / np.log(rows).std()
    assert ((rows >= low) & (rows <= high)).mean() >= LEAST and 0.88 < ratio < 1.2, ratio


def test_of_strokes_on_an_empty_ground() -> None:
    """Digits without their grey, whose patches differ in length by factors, the long ones alike. ReLU's rows 2 to 4 held 0.88, the band
    0.8 as wide as the spread, without the cosine that counts lengths."""
    config = settings("relu", "digits", {"name": "kaiming_normal"}, depth=4, width=16, batch=16, kind="cnn")
    images = load_digits().images[:16, None] / 16.0
    strokes = torch.tensor(np.where(images > 0.6, images, 0.0), dtype=torch.float32)
    seen = input_moments(config, strokes, input_sums(config, strokes).tolist())
    mean_square, correlation, pixels, across, *fields = list(seen.values())[2:]
    assert fields[2] > LONGEST
    rows = ensemble(config, strokes)[:, :4]

    def inside(known: Fields) -> tuple[np.ndarray, np.ndarray]:
        band = theory(config, mean_square, correlation, (pixels, across), known).preactivation_band
        low, high = (np.array(column, dtype=float)[:4] for column in (band.low, band.high))
        return ((rows >= low) & (rows <= high)).mean(axis=0), np.log(high / low) / (2 * 1.96) / np.log(rows).std(axis=0)

    share, ratio = inside(Fields(*fields))
    assert (share >= LEAST).all() and ((ratio > 0.85) & (ratio < 1.3)).all(), (share, ratio)
    assert list(inside(Fields(*fields[:3]))[0][1:]) == [0.0] * 3  # no band


@pytest.mark.parametrize(("activation", "features", "width"), [("hardswish", 5, 32), ("elu", 3, 48)])
def test_of_lengths_that_dropout_drives_apart(activation: str, features: int, width: int) -> None:
    """Long examples count for more in the mean square: the deep rows' band was 0.8 to 0.9 as wide as the spread."""
    config = settings(activation, "gaussian", {"name": "xavier_normal"}, depth=10, width=width, batch=128, dropout=0.4)
    config = RunConfig.model_validate({**config.model_dump(), "data": {"name": "gaussian", "batch_size": 128, "features": features}})
    _, inside, ratio, _ = measured(config)
    assert (inside >= LEAST).all() and ((ratio > 0.88) & (ratio < 1.25)).all(), (inside, ratio)


@pytest.mark.parametrize(("norm", "activation"), [("layer", "elu"), ("group", "mish"), ("rms", "relu")])
def test_of_what_a_normalization_before_phi_holds_fast(norm: str, activation: str) -> None:
    """Sums of h^2, and but for RMS of h, are the same for all seeds, and so is what phi^2 has of them: the output row's band was 1.7 times
    too wide."""
    groups = {"groups": 2} if norm == "group" else {}
    config = settings(activation, "gaussian", {"name": "kaiming_normal"}, depth=5, width=32, normalization={"name": norm, **groups})
    config = RunConfig.model_validate({**config.model_dump(), "data": {"name": "gaussian", "batch_size": 64, "features": 5, "classes": 30}})
    _, inside, ratio, _ = measured(config)
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.25, (inside, ratio)


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


@pytest.mark.parametrize(("around", "deviation", "still", "freedom"), [
    (0.0, 0.004, 0.0, 1e4), (0.008, 0.01, 0.0, 300.0), (-0.02, 0.02, 0.0, 50.0), (0.3, 0.1, 0.0, 30.0), (0.0, 3e-4, 1.0, 100.0),
    (0.0, 3e-4, 1.0, 1e3)])
def test_the_ends_of_a_law_that_is_fitted_outside_the_tolerance(around: float, deviation: float, still: float, freedom: float) -> None:
    """By 400,000 draws. The mean's part and the tolerance had been added, and orthogonal weights' mean square is fitted or stays."""
    generator = np.random.default_rng(0)
    mean = np.log1p(generator.standard_t(freedom, 400_000) ** 2 / freedom)
    v = generator.normal(around, deviation, 400_000) - still * mean
    found = np.where((v > math.log(0.99)) & (v < math.log(1.01)), v, 0.0) + mean
    low, high = (float(end[0]) for end in ends(*(np.array([each]) for each in (around, deviation, still, freedom)), 0.01))
    lowest, highest = np.quantile(found, (0.025, 0.975))
    assert low == pytest.approx(lowest, abs=4e-4)
    assert high == pytest.approx(highest, abs=4e-4, rel=0.06)


def test_of_points_that_come_to_a_corner_one_after_another() -> None:
    """With a Gamma law stretched by what is drawn rows 9 to 12 held 0.5 to 0.8, without a band from row 6 on."""
    config = settings("hardtanh", "spirals", {"name": "uniform", "a": -0.197, "b": 0.197}, depth=10, width=77, batch=128, dropout=0.4)
    _, inside, ratio, _ = measured(config)
    assert (inside >= LEAST).all() and ((ratio > 0.85) & (ratio < 1.2)).all(), (inside, ratio)


def test_ends_where_the_law_of_lengths_decides_and_says_so() -> None:
    """Two circles come to hardtanh's corner in different rows, which no law of three moments tells: rows 10 to 12 held 0.89."""
    config = settings("hardtanh", "circles", {"name": "uniform", "a": -0.197, "b": 0.197}, depth=12, width=77, batch=128, dropout=0.4)
    found, inside, _, _ = measured(config)
    known = np.isfinite(np.array(found.preactivation_band.low, dtype=float))
    row = int(known.sum()) + 1
    assert 7 <= row <= 10 and (np.diff(known.astype(int)) <= 0).all() and (inside[known] >= LEAST).all(), inside
    assert any(f"From row {row} on no band" in note for note in found.notes)


@pytest.mark.parametrize(("activation", "network", "known"), [
    ("relu", {"kernel_size": 1}, False), ("tanh", {"kernel_size": 1}, True), ("relu", {}, True), ("relu", {"normalization": BEHIND}, False),
    ("tanh", {"normalization": BEHIND}, True), ("tanh", {"normalization": {"name": "instance"}}, False),
    ("selu", {"normalization": {"name": "instance"}}, False), ("elu", {"normalization": {"name": "instance"}}, True)])
def test_of_noise_images_output_without_a_band(activation: str, network: dict[str, Any], known: bool) -> None:
    config = settings(activation, "gaussian", {"name": "lecun_normal"}, depth=3, width=16, batch=16, kind="cnn", **network)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[-1] is not None) == known
    assert any("the output row has no band" in note for note in found.notes) != known


@pytest.mark.parametrize(("size", "kernel", "steps"), [(8, 3, 4), (5, 5, 3)])
def test_what_zero_padding_leaves_of_the_pixels_mean(size: int, kernel: int, steps: int) -> None:
    """By all shifts of two walks, drawn: the squared cosine of the parts of the image that they leave."""
    generator, reach, left = np.random.default_rng(0), kernel // 2, []
    for _ in range(20_000):
        parts = []
        for _ in range(2):
            part = np.ones((size, size))
            for dy, dx in generator.integers(-reach, reach + 1, (steps - 1, 2)):
                part = np.pad(part, reach)[reach + dy:reach + dy + size, reach + dx:reach + dx + size]
            parts.append(part)
        left.append([(parts[0] * parts[1]).sum() ** 2, (parts[0] ** 2).sum()])
    over, length = np.mean(left, axis=0)
    assert float(of_walks(size, kernel, steps)[-1]) == pytest.approx(over / length**2, rel=0.03)


@pytest.mark.parametrize("fields", [Fields(8e29, None, 1.5e308, None), Fields(0.0, 1.0, 1e104, 1.0), Fields(None, 1e300, 1e-300, 0.0)])
@pytest.mark.parametrize("mean_square", [0.0, 1e-20, 1e20])
def test_of_inputs_that_no_batch_has_it_is_a_number_or_nothing(fields: Fields, mean_square: float) -> None:
    """Whoever asks the API may send them."""
    for network, init in (({"dropout": 0.4}, {"name": "trunc_normal"}), ({"kind": "cnn", "padding": "zeros"}, {"name": "lecun_normal"})):
        config = settings("mish", "digits", init, depth=12, width=77, **network)
        band = theory(config, mean_square, -1.0, (-1.0, -1.0), fields).preactivation_band
        ends = zip(band.low, band.high, strict=True)
        assert all(low is None or (high is not None and 0.0 <= low <= high < math.inf) for low, high in ends)


@pytest.mark.parametrize("units", [1, 2, 5, 30])
def test_the_quantiles_of_uniform_squares(units: int) -> None:
    """By 400,000 draws: two uniform biases' squares had the Gamma law of their variance, and 0.90 of two classes' logits were inside."""
    drawn = np.random.default_rng(0).uniform(-math.sqrt(3.0), math.sqrt(3.0), (400_000, units))
    ends = np.log(np.quantile(np.square(drawn).mean(axis=1), (0.025, 0.975)))
    gaussian = [float(end[0]) for end in quantiles(np.zeros(1), np.array([2.0 / units]))]
    assert np.add(gaussian, uniform(units)) == pytest.approx(ends, abs=0.02)


@pytest.mark.parametrize(("spread", "third"), [(0.283, -0.0227), (0.4, 0.1), (0.05, 0.004), (0.9, -0.08), (0.3, 0.18), (0.3, 0.5)])
def test_the_law_of_lengths_has_the_moments_that_were_measured(spread: float, third: float) -> None:
    """A third moment beyond a Gamma law's, 2 spread^2, is left out."""
    squares, weight = _lengths(math.log1p(spread), third)
    around = squares - 1.0
    assert [weight.sum(), weight @ squares, weight @ around**2] == pytest.approx([1.0, 1.0, spread])
    assert weight @ around**3 == pytest.approx(min(third, 2 * spread**2), rel=1e-6)


@pytest.mark.parametrize(("activation", "init", "network"), [
    ("elu", {"name": "orthogonal"}, {"depth": 9, "width": 125}),
    ("gelu", {"name": "normal", "std": 0.0858}, {"depth": 4, "width": 91}),
    ("linear", {"name": "orthogonal"}, {"depth": 12, "width": 49, "residual": True, "dropout": 0.1})])
def test_of_spirals_whose_lengths_have_no_gamma_law(activation: str, init: dict[str, Any], network: dict[str, Any]) -> None:
    """Their squares spread evenly from 0 to 2: orthogonal ELU's middle was half a band off in rows 6 to 9 (0.83 to 0.9 inside). Beside
    skips orthogonal weights draw the product with the skip (the linear output row 0.91)."""
    _, inside, ratio, _ = measured(settings(activation, "spirals", init, batch=104, **network))
    assert (inside >= LEAST).all() and (ratio[1:] > 0.85).all(), (inside, ratio)


@pytest.mark.parametrize("activation", ["hardswish", "gelu"])
def test_of_logits_that_are_uniform_biases_alone(activation: str) -> None:
    """What arrives has died out; PyTorch's default biases are uniform, and there are two classes: 0.9 were inside."""
    init = {"name": "pytorch_default", "gain": 0.85}
    config = settings(activation, "circles", init, depth=6, width=100, batch=104, bias={"name": "pytorch_default"})
    _, inside, ratio, _ = measured_of_uniform(config)
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.15, (inside, ratio)


@pytest.mark.parametrize(("kind", "data", "batch", "gain"), [("cnn", "gaussian", 9, 1.0), ("mlp", "circles", 8, 0.96)])
def test_of_lsuvs_rows_beside_drawn_biases(kind: str, data: str, batch: int, gain: float) -> None:
    """The fit divides the weights alone, and stops within the tolerance: 0.45 to 0.87 were inside."""
    config = settings("elu", data, {"name": "lsuv", "gain": gain}, depth=5, width=13, batch=batch, bias=0.2, kind=kind)
    _, inside, _, _ = measured_of_uniform(config)
    assert (inside >= LEAST).all(), inside


@pytest.mark.parametrize("activation", ["sigmoid", "hardsigmoid", "softplus"])
def test_of_zero_padding_a_constant_mean_is_not_uneven(activation: str) -> None:
    """Pixels' products had lost E[phi]^2 with their unevenness: the output row behind a layer normalization was a fifteenth of what is
    measured, sigmoid's even below 0."""
    config = settings(activation, "gaussian", {"name": "xavier_normal"}, depth=4, width=24, batch=16, kind="cnn", normalization=BEHIND)
    found, _, _, rows = measured(config)
    assert found.preactivation_variance[-1] == pytest.approx(rows[:, -1].mean(), rel=0.3)


@pytest.mark.parametrize(("norm", "activation", "data"), [({"name": "rms", "placement": "post_activation"}, "hardswish", "spirals"),
                                                        ({"name": "batch"}, "hardsigmoid", "circles")])
def test_what_eps_takes_near_zero_behind_phi_and_in_deep_rows(norm: dict[str, Any], activation: str, data: str) -> None:
    """Row 2 held 0.0 behind an RMS normalization of points near 0; with a batch normalization all rows of nine points."""
    _, inside, _, _ = measured(settings(activation, data, {"name": "xavier_normal"}, depth=6, width=100, batch=9, normalization=norm))
    assert (inside >= LEAST).all(), inside


@pytest.mark.parametrize(("activation", "init", "network", "known"), [
    ("gelu", "lecun_normal", {}, True), ("elu", "orthogonal", {"padding": "circular"}, True), ("gelu", "orthogonal", {}, False),
    ("elu", "lecun_normal", {"residual": True}, False), ("relu", "orthogonal", {}, True), ("softplus", "lecun_normal", {}, True)])
def test_of_noise_images_output_where_phis_mean_outgrows_q(activation: str, init: str, network: dict[str, Any], known: bool) -> None:
    """GELU, ELU and their like hold but beside skips, and of orthogonal weights with zero padding: 0.83 to 0.93."""
    config = settings(activation, "gaussian", {"name": init}, depth=3, width=16, batch=16, kind="cnn", **network)
    found = theory_of(config, initial_frame(config)["input"])
    assert (found.preactivation_band.low[-1] is not None) == known
    assert any("the output row has no band" in note for note in found.notes) != known


@pytest.mark.parametrize(("activation", "depth", "padding"), [("gelu", 4, "circular"), ("elu", 6, "zeros"), ("silu", 3, "zeros")])
def test_of_noise_images_output_row_of_smooth_activations(activation: str, depth: int, padding: str) -> None:
    init = {"name": "kaiming_normal"}
    _, inside, ratio, _ = measured(settings(activation, "gaussian", init, depth=depth, width=16, batch=16, kind="cnn", padding=padding))
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.5, (inside, ratio)


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
    assert any("From row 9 on no band" in note for note in found.notes)


def measured_of_uniform(config: RunConfig) -> tuple[Theory, np.ndarray, np.ndarray, np.ndarray]:
    """The same for every law of biases, and LSUV: by the study's ensembles."""
    known = band_and_batch(config)
    assert known is not None
    low, high, batch = known
    rows = mean_squares(config, batch, SEEDS, torch.Generator().manual_seed(1)).numpy()
    found = theory_of(config, initial_frame(config)["input"])
    lowest, highest = np.quantile(rows, (0.025, 0.975), axis=0)
    return found, ((rows >= low) & (rows <= high)).mean(axis=0), np.log(high / low) / np.log(highest / lowest), rows


@pytest.mark.parametrize("bias", [0.0, {"name": "pytorch_default"}])
def test_of_a_mean_near_zero_behind_a_batch_normalization_in_a_padded_image(bias: float | dict[str, Any]) -> None:
    """SELU has a mean of almost 0: what positions' means differ by had been taken in units of it, and 0.01 to 0.77 were inside."""
    behind = {"name": "batch", "placement": "post_activation"}
    config = settings("selu", "digits", {"name": "lecun_normal"}, depth=5, width=16, batch=16, bias=bias, kind="cnn", dropout=0.1,
                      normalization=behind)
    _, inside, _, _ = measured(config)
    assert (inside[:5] >= LEAST).all(), inside
