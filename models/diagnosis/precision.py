"""A rule on half precision: what fp16 would lose of the numbers that this network computes in float32."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.diagnosis.candidates import candidates
from models.diagnosis.finding import Finding
from models.diagnosis.look import Look
from models.diagnosis.rates import paced
from models.diagnosis.remedy import unnoted
from models.diagnosis.soundness import cost, crowding
from models.diagnosis.steps import dump
from models.diagnosis.variants import Remedy
from models.frame import Quantity
from models.theory import WeightGradients, weight_gradients
from models.words import Text, raised, say

FP16_MAX = 65504.0
FP16_MIN = 2.0**-24
"""Smallest subnormal, 6e-8."""

BF16_MIN = 9.2e-41
"""Smallest subnormal of bfloat16, whose largest number is float32's."""

LOST = 0.05
"""Share of a layer's values that may fall outside before it is said."""

FORESEEN = 0.02
"""The same share as theory may foresee it for a start that is offered: what a single draw adds to it is not foreseen."""

MOST_CROWDED = (0.4, 1.0)
"""Layers for each unit, up to which theory foresees what fp16 would lose; the second where a normalization or a limit of the activation
holds the logits, whose draw decides how small the softmax's errors are."""

LARGEST_ROOT = 5e3
"""Of activations: with this root mean square fewer than 1 in 20 lies above FP16_MAX, whatever their law."""

DEVIATIONS = 4.0
"""Between the largest of ten Gaussian numbers (1.5) and the smallest of twenty (1.65 below the mean), and a fourth to spare."""

NORMAL = np.array([NormalDist().inv_cdf((place + 0.5) / 256) for place in range(256)])
"""Standard normal numbers, each as likely as the next."""


def half_precision(look: Look) -> Finding | None:
    shares = {kind: _rows(look, name, kind) for name, kind in (("activation", "over"), ("preactivation_gradient", "under"))}
    under, over = shares["under"], {**shares["over"], **_rows(look, "preactivation_gradient", "over")}
    found = over or under
    if not found:
        return None
    worst, lost = max(found.values()), _bf16(look)
    start = _sound_start(look)
    return Finding(
        rule="half_precision", severity="note", layers=sorted(found), measured=worst, threshold=LOST,
        title=say("fp16 would overflow: {share:%} of a layer's values", share=worst) if over
        else say("fp16 would lose: {share:%} of a layer's values", share=worst),
        cause=_cause(bool(over), lost), remedy=start[0] if start else _by_hand(look, bool(over), lost), config=dump(start))


def _sound_start(look: Look) -> Remedy | None:
    """Where theory says that this start does not carry signal and gradient: the first that gives no reason for a note, within fp16's
    range."""
    if not look.initial or cost(look.config) <= 1.0:
        return None
    start = next((found for found in candidates(look.config) if unnoted(found[1]) and _within_range(found[1], look)), None)
    return start and paced(start, look)


def _within_range(config: RunConfig, look: Look) -> bool:
    """Whether theory foresees activations, gradients and the softmax's errors within fp16's range: of these the least likely classes'
    are about exp(-DEVIATIONS sqrt(q)) for logits with mean square q, over the batch."""
    expected = weight_gradients(config, look.frame["input"])
    if expected is None or _dropped_to_rounding(config):
        return False
    if crowding(config) > MOST_CROWDED[_held(config)] or math.sqrt(max(expected.activation)) > LARGEST_ROOT:
        return False
    unlikely = math.exp(-DEVIATIONS * math.sqrt(expected.logits))
    return FP16_MIN * config.batch_size < unlikely and max(_foreseen(config, expected, unlikely)) < FORESEEN


def _dropped_to_rounding(config: RunConfig) -> bool:
    """A unit that dropout takes behind an RMS normalization has only the gradient along the signal's length, which the next normalization
    does not see: rounding, 1e-9 of 3e-3."""
    norm = config.network.normalization
    return config.network.dropout > 0.0 and norm.name == "rms" and norm.params["placement"] == "post_activation"


def _held(config: RunConfig) -> bool:
    network = config.network
    return network.normalization.name != "none" or ACTIVATIONS[network.activation.name].limits(network.activation.params) is not None


def _foreseen(config: RunConfig, expected: WeightGradients, unlikely: float) -> Iterator[float]:
    """Share of each hidden row's nonzero gradients below FP16_MIN, by theory. A gradient is taken as the product of a Gaussian number, phi'
    at another one, and the error at the output: 1, but `unlikely` for the one example in so many classes that is right already. At a finite
    width the gradients of different examples differ by factors, ln of their square by a variance of 5 / width a layer (see
    soundness.cost)."""
    network = config.network
    spread = math.exp(-5.0 * crowding(config))
    for q, back in zip(expected.q, expected.back[:-1], strict=False):
        slopes = np.abs(ACTIVATIONS[network.activation.name].derivative(math.sqrt(q) * NORMAL, network.activation.params))
        if not slopes.any():  # saturated so far that no gradient is foreseen at all
            yield 1.0
            continue
        sizes = spread * math.sqrt(back / np.square(slopes).mean()) * slopes[slopes > 0]
        likely, right = ((np.minimum(1.0, math.sqrt(2.0 / math.pi) * FP16_MIN / (sizes * error))).mean() for error in (1.0, unlikely))
        yield float(likely + (right - likely) / config.classes)


def _by_hand(look: Look, over: bool, lost: bool) -> Text:
    power = None if over else loss_scale(look.quantity("preactivation_gradient"))
    if power is not None:
        return say("Multiply the loss by 2{power} = {factor:,} before the backward pass and divide the gradients by it afterwards (loss "
                   "scaling: Micikevicius et al. 2018, 1710.03740), or use bf16.", power=raised(power), factor=2**power)
    if over or lost:
        return say("Keep these layers in float32.")
    return say("Use bf16, or keep these layers in float32: no one factor on the loss brings all gradients into fp16's range.")


def loss_scale(gradient: Quantity) -> int | None:
    """The smallest power of two, as its exponent, that brings all but LOST of every row's gradients above FP16_MIN; None where the
    largest one would then be above FP16_MAX."""
    largest = max((abs(end) for name in ("min", "max") for end in gradient[name] if end is not None), default=0.0)
    powers = range(1, math.floor(math.log2(FP16_MAX / largest)) + 1) if largest > 0 else ()
    return next((power for power in powers if not (beyond(gradient, FP16_MIN / 2.0**power, above=False) > LOST).any()), None)


def _cause(over: bool, lost: bool) -> Text:
    if over and lost:
        return say("Values of these layers overflow fp16's range (6·10⁻⁸ to 65504), and bf16's as well.")
    if over:
        return say("Values of these layers overflow fp16's range (6·10⁻⁸ to 65504); bf16 has float32's range and keeps them, "
                   "with 8 bits of precision.")
    if lost:
        return say("Gradients of these layers underflow fp16's range (6·10⁻⁸ to 65504), and bf16's as well.")
    return say("Gradients of these layers underflow fp16's range (6·10⁻⁸ to 65504); bf16 has float32's range and keeps them, "
               "with 8 bits of precision.")


def _rows(look: Look, name: str, kind: str) -> dict[int, float]:
    quantity = look.quantity(name)
    if not quantity:
        return {}
    limit = FP16_MAX if kind == "over" else FP16_MIN
    shares = beyond(quantity, limit, above=kind == "over").tolist()
    return {row: share for row, share in zip(look.frame["layers"], shares, strict=True) if share > LOST}


def _bf16(look: Look) -> bool:
    gradient = look.quantity("preactivation_gradient")
    lost = bool((beyond(gradient, BF16_MIN, above=False) > LOST).any()) if gradient else False
    return lost or bool(look.broken)


def beyond(quantity: Quantity, limit: float, above: bool) -> NDArray[np.float64]:
    """Share of each row's nonzero values whose magnitude is above (below) the limit; within a bin, values count as spread evenly."""
    axis = quantity["log10"]
    counts, low, high = np.array(axis["counts"], dtype=np.float64), axis["low"], axis["high"]
    total = counts.sum(axis=1)
    if high <= low:
        return np.zeros_like(total)
    place = (math.log10(limit) - low) / (high - low) * counts.shape[1]
    below = counts @ np.clip(place - np.arange(counts.shape[1]), 0.0, 1.0)
    shares: NDArray[np.float64] = np.where(total > 0, (total - below if above else below) / np.maximum(total, 1.0), 0.0)
    return shares
