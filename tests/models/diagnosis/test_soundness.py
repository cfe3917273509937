"""What a finite width adds to signal and gradient by chance, as the choice of a remedy counts it, beside networks drawn in plain numpy."""

import math

import numpy as np
import pytest

from models.diagnosis.look import Look
from models.diagnosis.signal import correlation_gap
from models.diagnosis.soundness import SKIPPED_DRAWS, cost, crowding
from models.theory import outlook
from models.training import initial_frame
from tests.models.diagnosis.networks import network, scaled

DRAWS = 60


def spread(depth, width, scale, residual=False, orthogonal=False):
    """Standard deviation over draws of tanh layers: of the logarithms of the signal's and the gradient's mean square."""
    draw = np.random.default_rng(0)
    h, passed = draw.standard_normal((DRAWS, width)), []
    h *= math.sqrt(width) / np.linalg.norm(h, axis=1, keepdims=True)
    for _ in range(depth):
        weight = draw.standard_normal((DRAWS, width, width)) / math.sqrt(width)
        weight = math.sqrt(scale) * (np.linalg.qr(weight)[0] if orthogonal else weight)
        z = np.einsum("dij,dj->di", weight, h)
        h = np.tanh(z) + (h if residual else 0.0)
        passed.append((weight, 1.0 - np.tanh(z) ** 2))
    g = draw.standard_normal((DRAWS, width)) / math.sqrt(width)
    for weight, slope in reversed(passed):
        g = np.einsum("dij,di->dj", weight, slope * g) + (g if residual else 0.0)
    return tuple(float(np.std(np.log((each**2).mean(1)))) for each in (h, g))


@pytest.mark.parametrize(("depth", "width", "power"), [(100, 32, 1), (40, 32, 1), (40, 16, 1.2)])
def test_layers_between_skips_add_the_chance_of_their_share(depth, width, power):
    scale = depth**-power
    config = network(depth, "tanh", scaled(scale), width=width, network={"residual": True})
    foreseen = math.sqrt(5.0 * crowding(config))
    assert spread(depth, width, scale, residual=True) == pytest.approx((foreseen, foreseen), rel=0.35)
    assert cost(config) < 1.0 < cost(network(depth, "tanh", scaled(1.0), width=width))


def test_independent_weights_add_the_chance_of_a_vectors_length_and_orthogonal_ones_hardly_any():
    drawn, kept = network(60, "tanh", scaled(1.0), width=32), network(60, "tanh", "orthogonal", width=32)
    foreseen = math.sqrt(5.0 * crowding(drawn))
    assert spread(60, 32, 1.0) == pytest.approx((foreseen, foreseen), rel=0.35)
    assert crowding(kept) == 0.0 and max(spread(60, 32, 1.0, orthogonal=True)) < foreseen / 4
    assert crowding(network(60, "tanh", scaled(1.2), width=32)) == crowding(network(60, "relu", width=32)) == 60 / 32


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_beside_skips_two_inputs_are_as_far_apart_as_theory_says(activation):
    """Over 12 draws of the weights, behind layer normalizations, as many layers as units."""
    draws = [network(30, activation, norm="layer", width=32, seed=seed, network={"residual": True}, training={"steps": 0},
                     capture={"samples": 64, "bins": 8}) for seed in range(12)]
    gaps = np.log([correlation_gap(Look(config, initial_frame(config), None)) for config in draws])
    assert abs(gaps.mean() - math.log(outlook(draws[0]).gap)) < SKIPPED_DRAWS
    assert SKIPPED_DRAWS / 2.0 < gaps.std() < 2.0 * SKIPPED_DRAWS
