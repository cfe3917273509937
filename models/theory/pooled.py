"""What the output row of noise images reads: the mean over their pixels."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.chain import AROUND_MEAN, Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array


def of_pooled(plan: Plan, rows: Chain, at: Averages, lift: float) -> tuple[float, float, float]:
    """Of noise images what the output row inherits, the mean of its inputs' c^2, and its shift: of the pixels' mean, which no average over
    taps smooths, and which passes a row as a linear layer's signal does. What the rest of phi makes of single pixels averages out.
    A normalization's mean over units and pixels takes one of so many directions away from it.

    lift: by how much pixels' products raise the pixels' mean square, of one image as of two
    """
    image, q, batch = 1.0 / plan.pixels, np.array(rows.q[:-1]), plan.batch
    inputs, pixels, across = 1.0 - np.array(rows.pairs[:-1]).T
    same = image + (1.0 - image) * pixels
    cosine = np.append((image * inputs + (1.0 - image) * across) / same, (1.0 - rows.pairs[-1][0] + lift) / (1.0 + lift))
    straight = same * q * at.slope**2 * np.array(rows.behind)
    varied = np.array(rows.v[1:-1]) * same[1:] - plan.each("bias")[1:-1]
    made = np.append(varied / np.array(rows.sigma_w2[1:-1]), rows.pooled * (1.0 + lift))
    skipped = np.append(0.0, np.clip(made[:-1] / made[1:], 0.0, 1.0)) if plan.residual else np.zeros(plan.depth)
    straight = np.minimum(np.divide(straight, made, where=made > 0, out=np.zeros_like(made)), 1.0 - skipped)
    left = of_walks(plan.size, plan.kernel, plan.depth + 1)[::-1]
    variance, wander, shift, loose = 0.0, left[0] / plan.config.input_shape[0], 0.0, plan.each("loose")
    taken = math.log1p(-1.0 / inner_width(plan.config)) if plan.norm in ("layer", "group") else 0.0
    for row, (skip, pass_on) in enumerate(zip(skipped.tolist(), straight.tolist(), strict=True)):
        square, kept = left[row] * (1.0 + (batch - 1.0) * min(1.0, wander + cosine[row] ** 2)) / batch, (skip + pass_on) ** 2
        variance = kept * variance + (2.0 * float(loose[row]) * pass_on**2 + 4.0 * skip * (1.0 - skip)) * square / plan.width
        shift = (skip + pass_on) * shift + taken * (pass_on if plan.post == "none" else 1.0 - skip)
        wander = wander * kept + left[row + 1] * (1.0 - skip**2 - (1.0 - float(loose[row])) * pass_on**2) / plan.width
    together = float(cosine[-1]) ** 2
    square = (1.0 + (batch - 1.0) * min(1.0, wander * (1.0 - together) ** 2 + together)) / batch
    return variance, max(square - plan.last.even / plan.width, 0.0), shift


def raised_by(plan: Plan, lift: Array) -> float:
    """By how much pixels' products raise the mean square of the pixels' mean, which reads them. A unit whose values differ more from each
    other has another mean, which a normalization around a unit's own mean takes away; before phi it makes them all alike."""
    return 0.0 if {plan.pre, plan.post} & set(AROUND_MEAN) else max((1.0 - 1.0 / plan.pixels) * float(lift[-1]), 0.0)


@lru_cache(maxsize=64)
def of_walks(size: int, kernel: int, steps: int) -> Array:
    """How alike the parts of an image are that the pixels' mean reads through so many zero-padded convolutions, each shifted by taps and
    cut off at the edges: the mean square of their cosines, tr(A^2) / tr(A)^2 a side with A the mean of u u^T over the shifts, from 1
    without any convolution (steps,); 1 with circular padding."""
    found, a = [1.0], np.ones((size, size))
    for _ in range(steps - 1 if kernel > 1 else 0):
        a = np.sum([_shifted(a, by) for by in range(-(kernel // 2), kernel // 2 + 1)], axis=0)
        a = a / np.trace(a)
        found.append(float((a * a).sum()) ** 2)
    return np.array(found) if kernel > 1 else np.ones(steps)


def _shifted(a: Array, by: int) -> Array:
    """A matrix moved along its diagonal, 0 where nothing was."""
    result, size = np.zeros_like(a), a.shape[0]
    low, high = max(by, 0), min(size, size + by)
    result[low:high, low:high] = a[low - by:high - by, low - by:high - by]
    return result
