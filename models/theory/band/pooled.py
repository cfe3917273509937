"""The output row of noise images, which reads the mean over their pixels.

Unlike the pixels' mean square, their mean is not smoothed by the taps of a convolution, and it passes a row as a signal passes a linear
layer: what phi makes of single pixels beyond its linear part averages out.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.theory.band.cosines import constant
from models.theory.band.walks import of_fields, of_walks
from models.theory.chain import AROUND_MEAN, Chain
from models.theory.gaussian import Averages, hermite
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array


def of_pooled(plan: Plan, rows: Chain, at: Averages, lift: float) -> tuple[float, float, float, float]:
    """(the variance of ln q that the output row inherits, the mean of c and of c^2 of what it reads, its shift).

    All of it concerns what varies from unit to unit, without the share that a constant bias has. A normalization's mean over units and
    pixels takes one of that many directions away, which is the shift.
    lift: by how much the products of two pixels, of one image or of two, raise the mean square of the pixels' mean, over the output's q
    """
    image, still, batch = 1.0 / plan.pixels, constant(plan, rows), plan.batch
    q, varied = np.array(rows.q[:-1]) * (1.0 - still[:-1]), rows.q[-1] * (1.0 - float(still[-1]))
    if not rows.sigma_w2[-1] * rows.pooled > 0.0 or not varied > 0.0:
        return 0.0, 1.0, 1.0, 0.0  # biases alone, the same for all
    inputs, pixels, across = 1.0 - np.array(rows.pairs[:-1]).T / (1.0 - still[:-1])
    same = image + (1.0 - image) * pixels
    alike = (1.0 - rows.pairs[-1][0] / (1.0 - float(still[-1])) + lift) / (1.0 + lift)
    cosine = np.append((image * inputs + (1.0 - image) * across) / same, alike)
    straight = same * q * at.slope**2 * np.array(rows.behind)
    reads = rows.pooled + lift * varied / rows.sigma_w2[-1]
    made = np.append((np.array(rows.v[1:-1]) * same[1:] - plan.each("bias")[1:-1]) / np.array(rows.sigma_w2[1:-1]), reads)
    skipped = np.append(0.0, np.clip(made[:-1] / made[1:], 0.0, 1.0)) if plan.residual else np.zeros(plan.depth)
    straight = np.minimum(np.divide(straight, made, where=made > 0, out=np.zeros_like(made)), 1.0 - skipped)
    left, fields = of_walks(plan.size, plan.kernel, plan.depth + 1)[::-1], of_fields(plan.size, plan.kernel, plan.depth)
    variance, wander, shift, loose = 0.0, left[0] / plan.config.input_shape[0], 0.0, plan.each("loose")
    taken = math.log1p(-1.0 / inner_width(plan.config)) if plan.norm in ("layer", "group") else 0.0
    for row, (skip, pass_on) in enumerate(zip(skipped.tolist(), straight.tolist(), strict=True)):
        square = _over_batch(batch, left[row + 1], cosine[row] ** 2, wander * fields[row])
        kept = (skip + pass_on) ** 2
        variance = kept * variance + (2.0 * float(loose[row]) * pass_on**2 + 4.0 * skip * (1.0 - skip)) * square / plan.width
        shift = (skip + pass_on) * shift + taken * (pass_on if plan.post == "none" else 1.0 - skip)
        wander = wander * kept + left[row + 1] * (1.0 - skip**2 - (1.0 - float(loose[row])) * pass_on**2) / plan.width
    share = rows.sigma_w2[-1] * reads / (rows.q[-1] + lift * varied)
    square = _over_batch(batch, 1.0, alike**2, wander * (1.0 - alike**2) ** 2)
    return share**2 * variance, (1.0 + (batch - 1.0) * alike) / batch, square, share * shift


def with_shared(plan: Plan, rows: Chain, noise: Array, carried: Array) -> float:
    """The variance of ln M that the output row inherits, M the mean square of the pixels' mean, for a phi with a mean: what all pixels
    share, E[phi], then varies together with their mean.

    A unit's pixels are sqrt(q) (sqrt(c) h + sqrt(1 - c) g), with one h for all of them and a g for each, and phi's mean over them is
    f(h) = E_g[phi]. So M = E[f^2] depends on s^2 = c q, the variance of what the pixels share, which comes from M in the row before, and on
    q, which comes from the mean square P = E[phi^2] in the row before. Followed are the variances of ln s^2 and ln q, and their covariance,
    by the elasticities alpha = d ln M / d ln s^2 and d ln M / d ln q. N units add Var(f^2) / (N M^2) and, to the covariance with P,
    Cov(f^2, E_g[phi^2]) / (N M P). In two images of a batch h is correlated, so that Hermite's terms in h go by powers of that correlation.

    noise, carried: what each hidden row's units add to ln q's variance in the next row, and d ln q_{l+1} / d ln q_l (depth,)
    """
    alpha, along, of_m, of_p, weights, c = _of_shared(plan, rows)
    drawn, crossed = (of_m**2 * weights).sum(1) / plan.width, (of_m * of_p * weights).sum(1) / plan.width
    columns = (carried, _beside_biases(plan, rows, c), alpha, along, noise, crossed, drawn)
    of_q, both, of_s = 0.0, 0.0, 0.0  # variances of ln q and ln s^2, and their covariance
    for kept, left, by_s, by_q, new_q, new_both, new_m in zip(*(column.tolist() for column in columns), strict=True):
        both, of_s = left * both, left**2 * of_s
        of_s = by_s**2 * of_s + 2.0 * by_s * by_q * both + by_q**2 * of_q + new_m
        both, of_q = kept * (by_s * both + by_q * of_q) + new_both, kept**2 * of_q + new_q
    return of_s


def with_shared_beside_rms(plan: Plan, rows: Chain, at: Averages) -> float:
    """The same beside an RMS normalization, which holds each image's q fast, so that s^2 varies as M / P.

    Behind phi it divides by the very P of these units. Before phi it divides by the mean square of h over units and pixels, of which the
    share c is h's own: that takes (d ln M / d ln q) c (h^2 - 1) from what N units draw of f^2, and the same of P's elasticity from P. The
    output row then reads M itself.
    """
    alpha, along, of_m, of_p, weights, c = _of_shared(plan, rows)
    if plan.pre == "rms":
        of_m[:, 1] -= math.sqrt(2.0) * c * (alpha + along)
        of_p[:, 1] -= math.sqrt(2.0) * c * at.even / (2.0 * at.square)
    left, of_all = _beside_biases(plan, rows, c)[1:], _beside_biases(plan, rows, np.ones_like(c))[1:]
    handed = left[:, None] * of_m[:-1] - of_all[:, None] * of_p[:-1]
    reads = of_m[-1] if plan.pre == "rms" else of_m[-1] - of_p[-1]
    drawn, found = (np.vstack([handed, reads])**2 * weights).sum(1) / plan.width, 0.0
    for passed, new in zip((np.append(left, 1.0) * alpha).tolist(), drawn.tolist(), strict=True):
        found = passed**2 * found + new
    return found


def _of_shared(plan: Plan, rows: Chain) -> tuple[Array, Array, Array, Array, Array, Array]:
    """(M's elasticities in s^2 and in q, each (depth,); f^2 over M and E_g[phi^2] over P, by Hermite's terms in h (depth, TERMS); how much
    each term's square counts in a mean over the pairs of a batch; c (depth,)) of every hidden row."""
    still = constant(plan, rows)[:-1]
    q, (_, pixels, across) = np.array(rows.q[:-1]) * (1.0 - still), 1.0 - np.array(rows.pairs[:-1]).T / (1.0 - still)
    c = np.clip(pixels, 0.0, 1.0)
    f, square, m, alpha, along = _pixels_means(plan, q, c)
    _, of_h = hermite(H_NODES)
    p = square @ of_h
    of_m, of_p = (f**2 * of_h) @ _terms().T / m[:, None], (square * of_h) @ _terms().T / p[:, None]
    alike = np.clip(np.divide(across, pixels, where=pixels > 0.0, out=np.zeros_like(c)), 0.0, 1.0)
    weights = 1.0 / plan.batch + (1.0 - 1.0 / plan.batch) * alike[:, None] ** np.arange(1, TERMS + 1)
    weights[:, 1] *= plan.each("loose")[:-1]  # lengths are kept by orthogonal weights
    return alpha, along, of_m, of_p, weights, c


def _beside_biases(plan: Plan, rows: Chain, c: Array) -> Array:
    """The share of the part c of each hidden row's variance that its weights make, the rest being the biases' (depth,)."""
    v = c * np.array(rows.v[:-1]) * (1.0 - constant(plan, rows)[:-1])
    result: Array = np.clip(1.0 - np.divide(plan.each("bias")[:-1], v, where=v > 0.0, out=np.zeros_like(c)), 0.0, 1.0)
    return result


def _pixels_means(plan: Plan, q: Array, c: Array) -> tuple[Array, Array, Array, Array, Array]:
    """f and E_g[phi^2] at the nodes of h (depth, H_NODES), M, and its elasticities in s^2 and in q (depth,)."""
    (h, of_h), (g, of_g) = hermite(H_NODES), hermite(G_NODES)
    z = np.sqrt(q * c)[:, None, None] * h[:, None] + np.sqrt(q * (1.0 - c))[:, None, None] * g
    phi, slope = plan.nl.phi(z), plan.nl.derivative(z)
    f = phi @ of_g
    m = f**2 @ of_h
    alpha = q * c * ((slope @ of_g) ** 2 @ of_h) / m
    return f, phi**2 @ of_g, m, alpha, (f * ((slope * z) @ of_g)) @ of_h / m - alpha


H_NODES, G_NODES, TERMS = 12, 24, 6
"""Gauss-Hermite nodes of h and of g, and the number of Hermite terms in h."""


@lru_cache(maxsize=1)
def _terms() -> Array:
    """Hermite's polynomials of degree 1 to TERMS at the nodes of h, scaled to variance 1 (TERMS, H_NODES)."""
    h, _ = hermite(H_NODES)
    scales = [math.sqrt(math.factorial(k)) for k in range(1, TERMS + 1)]
    result: Array = np.polynomial.hermite_e.hermevander(h, TERMS).T[1:] / np.array(scales)[:, None]
    return result


def _over_batch(batch: int, itself: float, alike: float, wander: float) -> float:
    """The mean of c^2 over a batch's pairs: an image with itself has `itself`, and two images as much of that as they are `alike`. Both
    have what the products wander by chance, an image with itself twice as much, as that makes the images differ in length."""
    return (itself * (1.0 + (batch - 1.0) * alike) + (batch + 1.0) * min(wander, 1.0 - alike)) / batch


def raised_by(plan: Plan, lift: Array) -> float:
    """By how much chance raises the mean square of the pixels' mean: that is the mean of the products of two pixels, and `lift`
    (cosines.py) is what chance adds to these. Not where a normalization takes a unit's own mean over the pixels away, behind phi, or before
    phi makes all units alike."""
    return 0.0 if {plan.pre, plan.post} & set(AROUND_MEAN) else max((1.0 - 1.0 / plan.pixels) * float(lift[-1]), 0.0)
