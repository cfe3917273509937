"""A rule on half precision: what fp16 would lose of the numbers that this network computes in float32."""

from __future__ import annotations

import math

from models.diagnosis.finding import Finding
from models.diagnosis.look import Look
from models.frame import Quantity

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
    worst, word = max(found.values()), "overflow" if over else "underflow"
    return Finding(
        rule="half_precision", severity="note", title=f"fp16 would {'overflow' if over else 'lose'}: {worst:.0%} of a row's values",
        layers=sorted(found), measured=worst, threshold=LOST,
        cause=(f"{'Values' if over else 'Gradients'} of these rows {word} fp16's range (6e-8 to 65504)"
               + (", and bf16's as well." if _bf16(look) else "; bf16 has float32's range and keeps them, with 8 bits of precision.")),
        remedy="Keep these layers in float32." if over or _bf16(look) else "Scale the loss before the backward pass, or use bf16.")


def _rows(look: Look, name: str, kind: str) -> dict[int, float]:
    quantity = look.quantity(name)
    if not quantity:
        return {}
    limit = FP16_MAX if kind == "over" else FP16_MIN
    shares = {row: beyond(quantity, index, limit, above=kind == "over") for index, row in enumerate(look.frame["layers"])}
    return {row: share for row, share in shares.items() if share > LOST}


def _bf16(look: Look) -> bool:
    gradient = look.quantity("preactivation_gradient")
    lost = any(beyond(gradient, index, BF16_MIN, above=False) > LOST for index in range(len(look.frame["layers"]))) if gradient else False
    return lost or bool(look.broken)


def beyond(quantity: Quantity, row: int, limit: float, above: bool) -> float:
    """Share of a row's nonzero values whose magnitude is above (below) the limit; within a bin, values count as spread evenly."""
    axis = quantity["log10"]
    counts, low, high = axis["counts"][row], axis["low"], axis["high"]
    total = sum(counts)
    if not total or high <= low:
        return 0.0
    place = (math.log10(limit) - low) / (high - low) * len(counts)
    below = sum(count * min(1.0, max(0.0, place - index)) for index, count in enumerate(counts)) / total
    return 1.0 - below if above else below
