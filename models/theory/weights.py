"""How large the weights' gradients are at initialization: what the first step of an optimizer will do to each row.

    |dL/dW_l|^2 = sum over pairs of inputs a, b of (delta_a . delta_b)(x_a . x_b)

with delta the gradient with respect to row l's weighted sum and x what the row receives; the two count as independent (Schoenholz et al.
2017, 1611.01232). At the logits delta = (softmax p - onehot) / batch, whose squared norm is 1 - 2 / K + E[sum p^2] over batch^2 for K
classes, averaged over Gaussian logits of variance q. Going back, delta's mean square has the factors of backward.py, and the cosine of two
inputs' deltas is multiplied by E[phi'(u) phi'(v)] / E[phi'^2] in each row (skips keep it). Labels count as drawn at random: the deltas of
different inputs share only what all logits share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from models.config import RunConfig
from models.frame import InputMoments
from models.theory.answer import correlations_of, start_of
from models.theory.applies import why_not
from models.theory.backward import gradient_factors
from models.theory.chain import Chain, Correlations, chain
from models.theory.gaussian import Averages, averages
from models.theory.layers import Plan, fans, plan
from models.theory.nonlinearity import Array, Nonlinearity
from models.theory.pair import gap


@dataclass(frozen=True, slots=True)
class WeightGradients:
    """One entry a row, 1 to depth + 1; z is the pre-activation.

    weight, gradient: l2 norms of the weights and of their gradient        count: number of weights
    leverage:         |z| |dL/dz|, norms over the batch                    back:  mean square of dL/dz
    q:                mean square of z     activation: of what each hidden row hands on     logits: of the network's output
    """

    weight: list[float]
    gradient: list[float]
    count: list[int]
    leverage: list[float]
    back: list[float]
    q: list[float]
    activation: list[float]
    logits: float


def weight_gradients(config: RunConfig, inputs: Mapping[str, Any] | InputMoments) -> WeightGradients | None:
    """For the batch that a frame measured (frame["input"]); None where theory does not apply, is not finite, or has the gradient wrong
    (Plan.flat)."""
    return _known(start_of(config), float(inputs["mean_square"] or 0.0), correlations_of(config, inputs))


@lru_cache(maxsize=256)
def _known(config: RunConfig, mean_square: float, usual: Correlations) -> WeightGradients | None:
    facts = plan(config)
    if facts.flat or why_not(config, facts, usual.pixels is not None):
        return None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _weight_gradients(facts, mean_square, usual)
    return found if np.isfinite([*found.weight, *found.gradient, *found.leverage]).all() else None


def _weight_gradients(facts: Plan, mean_square: float, usual: Correlations) -> WeightGradients:
    rows = chain(facts, mean_square, usual)
    at = averages(facts.nl, np.array(rows.q[:-1]) - facts.nl.centres[0] ** 2)
    classes, batch, pixels = facts.config.classes, facts.batch, facts.pixels
    sizes, taken = (np.array(column) for column in zip(*(_size(facts, row) for row in range(1, facts.depth + 2)), strict=True))
    received = np.array([mean_square, *rows.p[:-2], rows.pooled])
    together = _softmax_square(classes, rows.q[-1])
    logits = 1.0 - 2.0 / classes + together
    back = np.append(gradient_factors(facts, rows, at, exact=True), logits / (batch**2 * classes))
    back = np.cumprod(back[::-1])[::-1]
    raw = back.copy()
    if facts.pre != "none":
        raw[:-1] /= np.array(rows.v[:-1]) + facts.eps
    shared = max(0.0, 1.0 - rows.one_minus_c[-1]) * (together - 1.0 / classes) / logits
    coherent = 1.0 + (batch - 1) * np.maximum(_received(rows, usual.inputs, 0), 0.0) * shared * _alike(facts, rows, at, 0)
    images = np.append(np.full(facts.depth, float(pixels)), 1.0)
    if pixels > 1:
        between = np.maximum(_received(rows, usual.pixels or 0.0, 1), 0.0) * _alike(facts, rows, at, 1)
        coherent *= 1.0 + (images - 1.0) * between
    gradient = batch * images * raw * sizes * taken * received * coherent
    weight = sizes * np.array(rows.sigma_w2)
    leverage = np.sqrt(np.array(rows.q) * back) * batch * images * sizes
    return WeightGradients(
        np.sqrt(weight).tolist(), np.sqrt(gradient).tolist(), (sizes * taken).astype(int).tolist(), leverage.tolist(), back.tolist(),
        rows.q, rows.p[:-1], float(rows.q[-1]))


def _softmax_square(classes: int, q: float) -> float:
    """E[sum p^2], p the softmax of `classes` Gaussian logits of variance q: from 1 / classes to 1."""
    logits = math.sqrt(min(q, 1e12)) * _normal(classes)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return float((np.square(p).sum(axis=1) / np.square(p.sum(axis=1))).mean())


@lru_cache(maxsize=16)
def _normal(classes: int) -> Array:
    """The same standard normal numbers each time (512, classes): a mean over them is off by a few hundredths at most."""
    return np.random.default_rng(0).standard_normal((512, classes))


def _size(facts: Plan, row: int) -> tuple[int, int]:
    """(units, fan_in) of a row."""
    first, hidden, last = fans(facts.config)
    fan = first if row == 1 else last if row > facts.depth else hidden
    return fan.fan_out // fan.taps, fan.fan_in


def _received(rows: Chain, entering: float, pair: int) -> Array:
    """The cosine of what each row receives from two inputs, taken as that of the pre-activations which it makes of them. pair: which of
    chain.PAIRS;  entering: the cosine of the network's inputs."""
    found = [1.0 - gaps[pair] if pair < len(gaps) else 0.0 for gaps in rows.pairs]
    return np.array([entering, *found[1:]])


def _alike(facts: Plan, rows: Chain, at: Averages, pair: int) -> Array:
    """The cosine of two inputs' deltas, row by row, if they are the same at the output. pair: which of chain.PAIRS."""
    found, cosine = [1.0], 1.0
    for row in range(facts.depth, 0, -1):
        gaps = rows.pairs[row - 1]
        ratio = _slopes_alike(facts.nl, rows.q[row - 1], gaps[pair] if pair < len(gaps) else 1.0, float(at.slope_square[row - 1]))
        found.append(cosine * ratio)
        branch = float(at.slope_square[row - 1]) * rows.sigma_w2[row - 1]
        skip = 1.0 if facts.residual and row > 1 else 0.0
        cosine *= (skip + branch * ratio) / (skip + branch) if branch > 0 else 1.0
    return np.array(found[::-1])


@lru_cache(maxsize=4096)
def _slopes_alike(nl: Nonlinearity, q: float, one_minus_c: float, slope_square: float) -> float:
    """E[phi'(u) phi'(v)] / E[phi'^2]: the gap's derivative by 1 - c is q E[phi'(u) phi'(v)]."""
    if not 0.0 < one_minus_c < 2.0 or not slope_square > 0.0 or not 0.0 < q < math.inf:
        return 1.0
    h = 0.02 * min(one_minus_c, 2.0 - one_minus_c)
    slope = (gap(nl, q, one_minus_c + h) - gap(nl, q, one_minus_c - h)) / (2.0 * h * q)
    return min(1.0, max(0.0, slope / slope_square))
