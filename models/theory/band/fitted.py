"""The band where LSUV fits the weights to the batch: how far from 1 the fit leaves a row's mean square.

LSUV divides each layer's weights by the standard deviation of its output over the batch, until the variance is 1 within a tolerance.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from models.theory.band.cosines import Cosines, by_length, cosines, smoothing
from models.theory.band.draws import beside_orthogonal, drawn
from models.theory.band.noise import noise_of
from models.theory.band.quantiles import DEVIATIONS, FLOOR, LEVEL, student
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def left_by_lsuv(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """(low, high) of every row, as logarithms relative to q (depth + 1,).

    Two things remain. The variance is anywhere within the tolerance (_within_tolerance). And the fit sets the variance around the mean over
    all units and the batch, not the mean itself: that is the biases' mean plus a random m of variance c / N, c the mean cosine over the
    batch. m^2 over the variance, which the fit makes 1, has the law of a squared Student's t; a normalization takes m away. Drawn biases
    count as well: what they add to the variance the fit takes from the weights, and only these are multiplied by the gain.
    """
    gain, shift = float(plan.config.init.params["gain"]), plan.hidden.shift
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    smoothed = smoothing(plan)
    pairs, taps, _ = cosines(plan, rows, at, smoothed)
    mean = by_length(plan, rows, pairs)
    m = np.where(np.isfinite(mean), mean, 1.0) / units
    if plan.pre != "none":
        m[:-1] = 0.0
    crossed = 2.0 * abs(shift) * np.sqrt(m / np.array(rows.q))
    loose = DEVIATIONS * (crossed + _of_drawn_biases(plan, gain, m, units) / np.array(rows.q))
    freedom = np.maximum(1.0 / np.maximum(m, 1e-12) - 1.0, 1.0)
    values = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1)
    low, high, around = _within_tolerance(plan, rows, at, pairs, taps)
    least, most = _left_beside_biases(plan, around, m, units)
    low, high = low + least, high + most
    return low + np.log1p(-np.minimum(loose + 1.0 / values, 1.0 - 1e-9)), high + np.log1p(loose + student(freedom) ** 2 / freedom)


def _of_drawn_biases(plan: Plan, gain: float, m: Array, units: Array) -> Array:
    """The standard deviation of a row's mean square that drawn biases cause, of variance b, and their product x with the weighted sums. The
    fit makes w + b + 2 x one, and the gain multiplies the weights alone: gain^2 w + b + 2 gain x. x has the variance b (m - b / N), for the
    weighted sums' share of m, which b has as well."""
    biases = plan.each("bias")
    products = biases * np.maximum(m - biases / units, 0.0)
    result: Array = np.sqrt((gain**2 - 1.0) ** 2 * biases**2 * 2.0 / units + 4.0 * (gain**2 - gain) ** 2 * products)
    return result


def _left_beside_biases(plan: Plan, around: Array, m: Array, units: Array) -> tuple[Array, Array]:
    """(low, high): how far from 1 a fit leaves the variance where biases are drawn. It divides the weights by the output's standard
    deviation (`around` is ln of the variance before), but not the biases. What is left beyond the tolerance is fitted again."""
    biases, scale = plan.each("bias"), np.exp(-around)
    middle = biases * (1.0 - scale)
    apart = 2.0 * DEVIATIONS * np.abs(np.sqrt(scale) - scale) * np.sqrt(biases * np.maximum(m - biases / units, 0.0))
    tolerance = float(plan.config.init.params["tolerance"])
    return np.maximum(np.minimum(middle - apart, 0.0), -tolerance), np.minimum(np.maximum(middle + apart, 0.0), tolerance)


def _within_tolerance(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines) -> tuple[Array, Array, Array]:
    """(low, high, around): the ends of ln of the variance that LSUV leaves, and the middle of ln of the variance before the fit.

    LSUV leaves the variance as it was drawn where that is within the tolerance, and makes it 1 elsewhere. LSUV starts from orthogonal
    weights, which draw little around what they make of what arrives. What the tolerance has left in the row before is not counted: it is
    far less than what units draw.
    """
    gain, tolerance = (float(plan.config.init.params[name]) for name in ("gain", "tolerance"))
    loose, units = plan.each("loose"), np.append(np.full(plan.depth, plan.width), plan.config.classes)
    free = replace(plan, unit=False)
    own = (2.0 * loose * drawn(free, rows, pairs) + (1.0 - loose) * beside_orthogonal(free, rows, by_length(free, rows, pairs))) / units
    variance = own + np.append(0.0, noise_of(free, rows, at, pairs.hidden(), taps.hidden()).batch)
    biases = plan.each("bias")
    arrives = gain**2 * (1.0 - biases) / np.array(rows.sigma_w2)
    around = np.log(plan.each("forward") / gain**2 * arrives + biases)
    deviation = np.sqrt(np.maximum(variance, FLOOR**2))
    low, high = np.array([ends(*law, tolerance) for law in zip(around.tolist(), deviation.tolist(), strict=True)]).T
    return low, high, around


def ends(around: float, deviation: float, tolerance: float) -> tuple[float, float]:
    """Between which values LEVEL of ln v lies, where v is log-normal but set to 1 wherever it is beyond the tolerance."""
    if not math.isfinite(around):
        return 0.0, 0.0
    law, narrow, wide = NormalDist(around, deviation), math.log1p(-tolerance) if tolerance < 1.0 else -math.inf, math.log1p(tolerance)
    below, outside = law.cdf(narrow), 1.0 - law.cdf(wide) + law.cdf(narrow)

    def quantile(share: float) -> float:
        """The law has the normal density between `narrow` and `wide`, and at 0 a jump by the probability of everything outside."""
        before = law.cdf(0.0) - below
        if before < share <= before + outside:
            return 0.0
        return law.inv_cdf(min(max(share + below - (outside if share > before else 0.0), 1e-12), 1.0 - 1e-12))

    return quantile((1.0 - LEVEL) / 2.0), quantile((1.0 + LEVEL) / 2.0)
