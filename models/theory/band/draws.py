"""What the weights and biases of a row draw of its mean square, in units of its square over N.

Weights whose squares vary less than a Gaussian's bring less of what inputs spread evenly over all directions bring: uniform ones 0.4 of
it, orthogonal ones, which keep lengths and whose sum of squares is fixed, nothing, so that a square one draws its biases only.
"""

from __future__ import annotations

import numpy as np

from models.theory.band.cosines import Cosines, by_length, constant
from models.theory.band.quantiles import uniform
from models.theory.chain import Chain
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array

FEW = 64
"""Units whose mean of squares has a law of its own; more have a Gamma law."""


def drawn(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """What independent weights and biases of a row draw of its mean square, times 2 / N: of what varies, and of its product with a constant
    bias."""
    still = constant(plan, rows)
    result: Array = (1.0 - still) ** 2 * uneven(plan, rows, pairs) + 2.0 * still * (1.0 - still) * by_length(plan, rows, pairs)
    return result


def uneven(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """What of the mean of c^2 a draw reads: all of it where weights and biases are Gaussian, whose squares vary by 2. Others' vary less,
    which counts for what inputs spread evenly over all directions bring, 1 / fan_in, and for the biases' own."""
    bias = of_biases(plan, rows)
    known = plan.each("even") * (1.0 - bias) ** 2 / fan_in(plan) + plan.each("even_bias") * bias**2
    result: Array = np.maximum(pairs.square - known[:pairs.square.size], 0.0)
    return result


def fan_in(plan: Plan) -> Array:
    """Weights of a unit, row by row (depth + 1,)."""
    return np.array([plan.seen, *[plan.width * plan.taps] * (plan.depth - 1), plan.width], dtype=np.float64)


def of_uniform_biases(plan: Plan, rows: Chain) -> tuple[float, float, float]:
    """What the output row draws more, in units of its square, and by how much ln's ends lie higher then, if its biases' law is no Gaussian:
    few units' squares have another law than a Gamma's. The kurtosis is that of the sum with the Gaussian rest."""
    square = float(of_biases(plan, rows)[-1]) ** 2
    if plan.last.even_bias == 0.0 or plan.last.bias == 0.0 or plan.config.classes > FEW:
        return 0.0, 0.0, 0.0
    low, high = uniform(plan.config.classes)
    return 2.0 * plan.last.even_bias * square / plan.config.classes, square * low, square * high


def of_biases(plan: Plan, rows: Chain) -> Array:
    """The share of each row's variance, before a normalization, that its biases' is (depth + 1,)."""
    v = np.append(rows.v[:-1], rows.v[-1] - plan.last.shift**2)
    result: Array = np.divide(plan.each("bias"), v, where=v > 0, out=np.zeros_like(v))
    return result


def beside_orthogonal(plan: Plan, rows: Chain, mean: Array) -> Array:
    """What biases, drawn or constant, and their product with the weighted sums add where the weights keep every length: times 1 / N, in
    units of q^2. With s the biases' variance, t the square of their mean over q and Gaussian ones: 2 s^2 + 4 s t + 4 (s + t) (mean cosine
    - s - t)."""
    t = constant(plan, rows)[:mean.size]
    s = (1.0 - t) * of_biases(plan, rows)[:mean.size]
    found = 2.0 * (1.0 - plan.each("even_bias")[:mean.size]) * s * s + 4.0 * s * t + 4.0 * (s + t) * np.maximum((1.0 - t) * mean - s, 0.0)
    result: Array = np.where(np.isfinite(found), found, 0.0)
    return result


def few(plan: Plan) -> float:
    """What E[1 / v] - 1 is above 2 / N where v is taken over n units of one example: n / (n - 3) around their mean, else n / (n - 2)."""
    units = inner_width(plan.config)
    if plan.pre not in ("layer", "group", "rms") or plan.pixels > 1:
        return 0.0
    return (2.0 / (units - 2.0) if plan.pre == "rms" else 3.0 / (units - 3.0)) - 2.0 / plan.width
