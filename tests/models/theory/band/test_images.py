"""The band of images: kernels, padding, and the output row, which reads the mean over the pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from models.inputs import input_moments, input_sums
from models.theory import theory
from models.theory.band.known import LONGEST
from models.theory.band.walks import of_walks
from models.theory.chain import Fields
from tests.models.theory.band.seeds import BEHIND, LEAST, chaotic, ensemble, measured, settings


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


@pytest.mark.parametrize("activation", ["sigmoid", "hardsigmoid", "softplus"])
def test_of_zero_padding_a_constant_mean_is_not_uneven(activation: str) -> None:
    """Pixels' products had lost E[phi]^2 with their unevenness: the output row behind a layer normalization was a fifteenth of what is
    measured, sigmoid's even below 0."""
    config = settings(activation, "gaussian", {"name": "xavier_normal"}, depth=4, width=24, batch=16, kind="cnn", normalization=BEHIND)
    found, _, _, rows = measured(config)
    assert found.preactivation_variance[-1] == pytest.approx(rows[:, -1].mean(), rel=0.3)


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


@pytest.mark.parametrize(("activation", "depth", "padding"), [("gelu", 4, "circular"), ("elu", 6, "zeros"), ("silu", 3, "zeros")])
def test_of_noise_images_output_row_of_smooth_activations(activation: str, depth: int, padding: str) -> None:
    init = {"name": "kaiming_normal"}
    _, inside, ratio, _ = measured(settings(activation, "gaussian", init, depth=depth, width=16, batch=16, kind="cnn", padding=padding))
    assert inside[-1] >= LEAST and 0.85 < ratio[-1] < 1.5, (inside, ratio)


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


@pytest.mark.parametrize("bias", [0.0, {"name": "pytorch_default"}])
def test_of_a_mean_near_zero_behind_a_batch_normalization_in_a_padded_image(bias: float | dict[str, Any]) -> None:
    """SELU has a mean of almost 0: what positions' means differ by had been taken in units of it, and 0.01 to 0.77 were inside."""
    behind = {"name": "batch", "placement": "post_activation"}
    config = settings("selu", "digits", {"name": "lecun_normal"}, depth=5, width=16, batch=16, bias=bias, kind="cnn", dropout=0.1,
                      normalization=behind)
    _, inside, _, _ = measured(config)
    assert (inside[:5] >= LEAST).all(), inside


@pytest.mark.parametrize(("activation", "placement", "padding", "narrow"), [("silu", "pre_activation", "zeros", 0.88),
                                                                            ("gelu", "pre_activation", "circular", 0.92),
                                                                            ("silu", "post_activation", "zeros", 0.88)])
def test_of_what_all_pixels_share_beside_an_rms_normalization(activation: str, placement: str, padding: str, narrow: float) -> None:
    """The output row of noise reads what all pixels share, E[phi], which a normalization of q does not hold fast. It counted as if
    it did: the bands were 0.78 to 0.91 as wide as what holds."""
    _, inside, ratio, _ = measured(settings(activation, "gaussian", {"name": "kaiming_normal"}, depth=3, width=8, batch=16, kind="cnn",
                                            padding=padding, normalization={"name": "rms", "placement": placement}))
    assert inside[-1] >= LEAST and narrow < ratio[-1] < 1.2, (inside, ratio)
