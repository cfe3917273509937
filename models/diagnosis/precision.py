"""A rule on half precision: what fp16 would lose of the numbers that this network computes in float32."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.diagnosis.finding import Finding
from models.diagnosis.look import Look
from models.frame import Quantity
from models.words import Text, say

FP16_MAX = 65504.0
FP16_MIN = 2.0**-24
"""Smallest subnormal, 6e-8."""

BF16_MIN = 9.2e-41
"""Smallest subnormal of bfloat16, whose largest number is float32's."""

LOST = 0.05
"""Share of a row's values that may fall outside before it is said."""


def half_precision(look: Look) -> Finding | None:
    shares = {kind: _rows(look, name, kind) for name, kind in (("activation", "over"), ("preactivation_gradient", "under"))}
    under, over = shares["under"], {**shares["over"], **_rows(look, "preactivation_gradient", "over")}
    found = over or under
    if not found:
        return None
    worst, lost = max(found.values()), _bf16(look)
    return Finding(
        rule="half_precision", severity="note", layers=sorted(found), measured=worst, threshold=LOST,
        title=say("fp16 would overflow: {share:.0%} of a row's values", share=worst) if over
        else say("fp16 would lose: {share:.0%} of a row's values", share=worst),
        cause=_cause(bool(over), lost),
        remedy=say("Keep these layers in float32.") if over or lost else say("Scale the loss before the backward pass, or use bf16."))


def _cause(over: bool, lost: bool) -> Text:
    if over and lost:
        return say("Values of these rows overflow fp16's range (6e-8 to 65504), and bf16's as well.")
    if over:
        return say("Values of these rows overflow fp16's range (6e-8 to 65504); bf16 has float32's range and keeps them, "
                   "with 8 bits of precision.")
    if lost:
        return say("Gradients of these rows underflow fp16's range (6e-8 to 65504), and bf16's as well.")
    return say("Gradients of these rows underflow fp16's range (6e-8 to 65504); bf16 has float32's range and keeps them, "
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
