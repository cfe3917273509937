"""The variance that a row's own weights and biases give its mean square, in units of q^2 / N.

Independent Gaussian weights give 2 C, C the mean of c^2 over all pairs of inputs. Weights whose squares vary less than a Gaussian's give
less, as far as the inputs point evenly in all directions: uniform weights 0.4 of that part, and orthogonal ones, which keep lengths and
whose sum of squares is fixed, nothing of it. In a layer with a square orthogonal matrix only the biases vary.
"""

from __future__ import annotations

import numpy as np

from models.theory.band.cosines import Cosines, by_length, constant
from models.theory.band.quantiles import uniform
from models.theory.chain import Chain
from models.theory.layers import Plan
from models.theory.nonlinearity import Array

FEW = 64
"""Up to so many units a mean of squares has a law of its own, by the numbers that are squared; that of more has a Gamma law."""


def drawn(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """What independent weights and biases give each row's mean square (depth + 1,), in units of 2 q^2 / N: by the square of what varies
    from unit to unit, and by its product with a constant bias."""
    still = constant(plan, rows)
    result: Array = (1.0 - still) ** 2 * uneven(plan, rows, pairs) + 2.0 * still * (1.0 - still) * by_length(plan, rows, pairs)
    return result


def uneven(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """The mean of c^2 as far as it counts for what is drawn: all of it with Gaussian weights and biases, whose squares vary by 2. Others'
    squares vary less. That lowers the part 1 / fan_in, which inputs that point evenly in all directions have, and the biases' own."""
    bias = of_biases(plan, rows)
    known = plan.each("even") * (1.0 - bias) ** 2 / fan_in(plan) + plan.each("even_bias") * bias**2
    result: Array = np.maximum(pairs.square - known[:pairs.square.size], 0.0)
    return result


def beside_one(pairs: Cosines, own: Array) -> tuple[Array, Array]:
    """(constant, beside): the share of each row's mean square that hardly varies with its own weights, and the relative deviation of that,
    where these give the mean square the relative variance `own` (each (depth + 1,)).

    With e the eigenvalues of the matrix of cosines, of sum 1, the mean square is sum(e chi^2_N) / N. Where one of them rules, as with
    inputs that point in one direction, all the others together hardly vary. Pearson's law of the third type, a constant and a Gamma
    variable, has the same three moments; its constant is 1 - sum(e^2)^2 / sum(e^3). One e is taken to be the mean cosine c, and the rest
    to be alike: sum(e^3) = c^3 + (sum(e^2) - c^2)^2 / (1 - c).
    """
    square, root = pairs.square, np.sqrt(pairs.square)
    c = np.clip(pairs.mean, 0.0, root)
    rest, left = np.maximum(square - c**2, 0.0), 1.0 - c
    cubes = np.clip(c**3 + np.divide(rest**2, left, where=left > 0.0, out=np.zeros_like(c)), square**2, square * root)
    constant = 1.0 - np.divide(square**2, cubes, where=cubes > 0.0, out=np.ones_like(cubes))
    deviation = np.sqrt(own * np.divide(rest, square, where=square > 0.0, out=np.zeros_like(c)))
    return constant, np.divide(deviation, left, where=left > 0.0, out=np.zeros_like(c))


def fan_in(plan: Plan) -> Array:
    """Weights of a unit, row by row (depth + 1,)."""
    return np.array([plan.seen, *[plan.width * plan.taps] * (plan.depth - 1), plan.width], dtype=np.float64)


def of_uniform_biases(plan: Plan, rows: Chain) -> tuple[float, float, float]:
    """(the variance that uniform biases add to the output row's mean square, in units of q^2, by how much the band's lower and upper end,
    as logarithms, lie higher then): the squares of few uniform numbers have another law than a Gamma law. All 0 where there are many
    classes, or no such biases. The kurtosis is that of the biases' sum with the Gaussian rest."""
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
    """What biases add to the variance of each row's mean square where the weights keep every length, in units of q^2 / N: drawn or constant
    ones, and their product with the weighted sums. With s the biases' variance over q and t their squared mean over q that is, for Gaussian
    ones, 2 s^2 + 4 s t + 4 (s + t) (mean cosine - s - t)."""
    t = constant(plan, rows)[:mean.size]
    s = (1.0 - t) * of_biases(plan, rows)[:mean.size]
    found = 2.0 * (1.0 - plan.each("even_bias")[:mean.size]) * s * s + 4.0 * s * t + 4.0 * (s + t) * np.maximum((1.0 - t) * mean - s, 0.0)
    result: Array = np.where(np.isfinite(found), found, 0.0)
    return result
