"""What the band knows of a batch's cosines and lengths, row by row, against networks in plain torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.ensembles import normalized, preactivations
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.theory import theory_of
from models.theory.answer import _even, correlations_of
from models.theory.chain import Fields, chain
from models.theory.cosines import cosines, smoothing
from models.theory.gaussian import averages
from models.theory.layers import plan
from models.theory.lengths import behind_batch
from models.theory.walks import of_fields
from models.training import Run
from tests.models.theory.test_band_coverage import LEAST, measured, settings

pytestmark = pytest.mark.usefixtures("one_thread")

HE, XAVIER = {"name": "kaiming_normal"}, {"name": "xavier_normal"}


def start(config: RunConfig) -> tuple[Tensor, dict[str, Any]]:
    """The batch that the first frame measured, and its numbers."""
    run, seen = Run.start(config), []
    run.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    numbers = dict(next(run.frames())["input"])
    return seen[-1], numbers


@torch.no_grad()
def hidden(config: RunConfig, batch: Tensor, seeds: int) -> list[tuple[Tensor, Tensor]]:
    """What enters each hidden row (S, B, in[, H, W]), and what enters phi there."""
    network, generator = config.network, torch.Generator().manual_seed(1)
    norm, phi = network.normalization, ACTIVATIONS[network.activation.name].module(network.activation.params)
    place = norm.params["placement"] if norm.name != "none" else ""
    x, found = batch[None].expand(seeds, *batch.shape), []
    for row in range(1, network.depth + 1):
        h = preactivations(config, row, x, generator)
        h = normalized(norm, h) if place == "pre_activation" else h
        found.append((x, h))
        made = normalized(norm, phi(h)) if place == "post_activation" else phi(h)
        x = x + made if network.residual and row > 1 else made
    return found


def mean_squared_cosine(x: Tensor, padding: str) -> float:
    """Of all pairs of examples, or of the patches that the pixels of all images see, counted by their lengths."""
    if x.dim() == 5:
        padded = functional.pad(x.flatten(0, 1), (1, 1, 1, 1), mode="circular" if padding == "circular" else "constant")
        x = functional.unfold(padded, 3).transpose(1, 2).reshape(x.shape[0], -1, 9 * x.shape[2])
    products = x @ x.transpose(1, 2)
    lengths = torch.diagonal(products, dim1=1, dim2=2).sum(dim=1)
    return float((products.square().sum(dim=(1, 2)) / lengths**2).mean())


def followed(config: RunConfig, numbers: dict[str, Any]) -> np.ndarray:
    """Theory's mean of c^2 (depth + 1,)."""
    facts = plan(config)
    fields = Fields(numbers.get("receptive_mean_square"), numbers.get("participation_ratio"), numbers.get("receptive_spread"),
                    numbers.get("receptive_correlation"))
    rows = chain(facts, _even(facts, numbers["mean_square"], fields), correlations_of(config, numbers), fields)
    at = averages(facts.nl, np.array(rows.q[:-1]) - facts.nl.centres[0] ** 2)
    return np.asarray(cosines(facts, rows, at, smoothing(facts))[0].square)


@pytest.mark.parametrize(("activation", "init", "data", "network", "rows"), [
    ("relu", HE, "spirals", {"normalization": {"name": "layer", "placement": "post_activation"}}, (8, 12, 16, 20)),
    ("relu", HE, "digits", {"normalization": {"name": "layer", "placement": "post_activation"}}, (4, 8, 12, 20)),
    ("tanh", XAVIER, "gaussian", {"kind": "cnn", "padding": "circular"}, (2, 4, 6, 8)),
    ("tanh", {"name": "orthogonal"}, "digits", {"kind": "cnn", "padding": "zeros", "residual": True}, (3, 4, 5, 6))])
def test_squared_cosines(activation: str, init: dict[str, Any], data: str, network: dict[str, Any], rows: tuple[int, ...]) -> None:
    """A pair moves by the slope at its own cosine and draws more the more alike it is; a convolution averages young noise more than old
    one; a skip hands on what no convolution has averaged. Off by a third to a half otherwise."""
    image = "kind" in network
    config = settings(activation, data, init, depth=rows[-1], width=16 if image else 64, batch=24 if image else 64, **network)
    batch, numbers = start(config)
    signals, theory = hidden(config, batch, 15 if image else 40), followed(config, numbers)
    found = np.array([mean_squared_cosine(signals[row - 1][0], config.network.padding) for row in rows])
    assert theory[np.array(rows) - 1] == pytest.approx(found, rel=0.25)


@pytest.mark.parametrize(("activation", "rows"), [("relu", 4), ("relu", 10), ("gelu", 4), ("selu", 8)])
def test_lengths_behind_a_batch_normalization(activation: str, rows: int) -> None:
    """It holds the batch's mean square fast; one example's goes its own way."""
    config = settings(activation, "gaussian", HE, depth=rows, width=64, normalization={"name": "batch"})
    batch, _ = start(config)
    squares = hidden(config, batch, 60)[-1][1].square().mean(dim=2)
    facts = plan(config)
    found = behind_batch(facts, averages(facts.nl, np.ones(rows)), np.ones(rows), 2.0 / 64)
    assert float(squares.var(dim=1).mean()) == pytest.approx(found, abs=0.03, rel=0.3)


@pytest.mark.parametrize(("activation", "depth", "known"), [("gelu", 12, False), ("gelu", 4, True), ("relu", 12, True)])
def test_ends_where_lengths_run_away_behind_a_batch_normalization(activation: str, depth: int, known: bool) -> None:
    """GELU makes long examples longer: of 12 rows of 64 units 0.85 were inside. ReLU keeps ratios."""
    config = settings(activation, "gaussian", HE, depth=depth, width=64, normalization={"name": "batch"})
    found, inside, _, _ = measured(config)
    assert (found.preactivation_band.low[-1] is not None) == known
    assert any("long ones longer" in note for note in found.notes) != known
    assert not known or inside[-1] >= LEAST


def test_of_what_a_batch_normalization_leaves_of_digits() -> None:
    """It takes away the mean, half of the mean square: with that the output row was 1.8 times too wide."""
    _, inside, ratio, _ = measured(settings("tanh", "digits", {"name": "orthogonal"}, depth=12, normalization={"name": "batch"}))
    assert inside[-1] >= LEAST and ratio[-1] < 1.4, (inside, ratio)


@pytest.mark.parametrize(("activation", "network", "constant", "most"), [
    ("linear", {}, None, 1.2), ("tanh", {"residual": True}, None, 1.3), ("tanh", {}, 0.3, 1.3),
    ("softsign", {"normalization": {"name": "layer"}}, 0.3, 1.5)])
def test_of_noise_images_output_through_zero_padding(activation: str, network: dict[str, Any], constant: float | None, most: float) -> None:
    """Pixels nearby have by chance the same in common, which the padding does not take apart: 0.89 were inside, 0.8 as wide. A constant
    bias is no part of what varies: 1.6 and 20 times as wide."""
    init = {"name": "lecun_normal"} if activation == "linear" else XAVIER
    bias: Any = 0.0 if constant is None else {"name": "constant", "value": constant}
    config = settings(activation, "gaussian", init, depth=5, width=24, batch=16, bias=bias, kind="cnn", **network)
    assert theory_of(config, start(config)[1]).preactivation_band.low[-1] is not None
    _, inside, ratio, _ = measured(config)
    assert inside[-1] >= LEAST and 0.86 < ratio[-1] < most, (inside, ratio)


@pytest.mark.parametrize(("size", "kernel", "depth"), [(8, 3, 2), (8, 3, 5), (5, 3, 3), (8, 5, 3)])
def test_what_fields_have_in_common_nearby(size: int, kernel: int, depth: int) -> None:
    """By images of noise: C is the product of two after one convolution, A what the output reads of it through the others."""
    generator, shifts = np.random.default_rng(0), [np.eye(size, k=by) for by in range(-(kernel // 2), kernel // 2 + 1)]
    reads = np.full((size, size), 1.0 / size)
    for _ in range(depth - 1):
        reads = np.sum([shift @ reads @ shift.T for shift in shifts], axis=0)
    images = generator.standard_normal((2, 6000, size, size))
    one, two = (np.stack([down @ image @ across for down in shifts for across in shifts], axis=1) for image in images)
    pairs = ((one, one), (two, two), (one, two))
    same, other, crossed = (np.einsum("iapq,ibpq->iab", left, reads @ right @ reads) for left, right in pairs)
    squares, traces = (same * other).sum(axis=(1, 2)), np.trace(crossed, axis1=1, axis2=2) ** 2
    assert float(of_fields(size, kernel, depth)[0]) == pytest.approx(squares.mean() / traces.mean(), rel=0.12)
