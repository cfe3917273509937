"""How far the measured mean square of a row's pre-activations lies from q_l at this width: over seeds, to first order in 1 / N.

The mean square over N units and B examples is q_l times the product of two fluctuations, both followed as ln q's variance:

    drawn:      N independent units see the batch once: 2 C_l / N, C_l the mean of c^2 over all pairs of the batch
    inherited:  a_l^2 inherited + spread_l C_l / N, with a_l = dln q_{l+1} / dln q_l and spread the variance of phi^2 over E[phi^2]^2

What is inherited makes ln q Gaussian with mean -variance / 2, exact for ReLU's products of layers (Hanin & Nica 2020, 1812.05994: 5 / N
a layer); what a row's own weights draw has a Gamma law, which counts where there are few units: two classes' logits.
Pairs: C = 1/B + (1 - 1/B) c^2, and E[phi^2 phi^2] over pairs by Hermite's first two terms and c^4 for the rest; how c spreads is in
cosines.py. Weights whose squares vary less than a Gaussian's bring less of what inputs spread evenly over all directions bring: uniform
ones 0.4 of it, orthogonal ones, which keep lengths and whose sum of squares is fixed, nothing, so that a square one draws its biases only.
Dropout's masks are drawn anew for each value. A normalization before phi leaves eps's share. Every pixel of an image is an input of its
own, so that C runs over pairs of pixels, too; the output row reads their mean.

The centre: the inputs' lengths, whose squares spread as a Gamma law, are followed one by one. Beyond them one example's own variance of
ln q, `single`, bends E[phi^2] by q^2 (d^2/dq^2) / 2 times it; a sphere of N units instead of a Gaussian takes 1 / N times the same away.
An eighth of that shift widens the band as well; where it is beyond 0.2 there is no band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from models.theory.chain import Chain
from models.theory.cosines import Cosines, branch, constant, cosines, parts, smoothing, symmetric
from models.theory.gaussian import Averages, averages, second_moments
from models.theory.known import ODD, near_zero, of_real_images, unknown_from
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array
from models.theory.quantiles import DEVIATIONS, quantiles, student

FLOOR = 3e-4
"""Relative half width for what is left out: float32's rounding, and second orders of small shares where a normalization holds q fast."""

BEYOND = 0.2
"""Shift of ln q, but for the input's lengths, beyond which no band is given: q runs away from an unstable fixed point, and two orders no
longer follow it."""

UNSURE = 0.125
"""The share of the shift that widens the band as well."""

TURNED = 0.25
"""The most that lengths which differ may change an elasticity by: one order of many."""

LENGTHS = 4
"""Nodes of the input's lengths."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the next row inherits of each hidden row's fluctuations, one entry a hidden row (depth,).

    carried:  d ln q_{l+1} / d ln q_l            bend:  the shift that a unit of variance gives
    curved:   d carried / d ln q_l: a mean over lengths that differ is ruled by the longer ones, which are carried on otherwise
    drawn, drawn_single: what the layer's units add, for the batch's mean square and for one example's
    sphere:   the shift that orthogonal weights take away
    kept:     share of one pixel's fluctuation that the next convolution's average over its taps leaves
    """

    carried: Array
    bend: Array
    curved: Array
    drawn: Array
    drawn_single: Array
    sphere: Array
    kept: Array


def band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """(low, high) of every row's mean square, which hold LEVEL of the seeds; not a number where that is not known (`unknown_from`,
    the output of real images, and where q runs away)."""
    low, high = _band(plan, rows, at)
    first = unknown_from(plan, rows)
    if first is None:
        low[0] *= 1.0 - near_zero(plan, rows)
    if of_real_images(plan):  # the mean over pixels reads correlations that follow from their mean only
        low[-1], high[-1] = math.nan, math.nan
    if first is not None:
        low[first - 1:], high[first - 1:] = math.nan, math.nan
    return low, high


def _band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    inherited, own, shift, away = _spreads(plan, rows, at)
    beyond = np.maximum.accumulate(np.abs(away) > BEYOND)
    shift = 0.0 * shift if plan.unit else shift
    low, high = quantiles(inherited + (UNSURE * shift) ** 2, own)
    q = np.where(beyond, math.nan, rows.q) * np.exp(shift)
    below, above = _left(plan, rows, at) if plan.unit else (0.0, 0.0)
    return q * np.exp(low - FLOOR) * (1.0 - below), q * np.exp(high + FLOOR) * (1.0 + above)


def _left(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """What LSUV leaves of a row's mean square, below and above q: the variance within its tolerance, and the mean over all units and the
    batch, which is the biases' b plus m of variance c / N, c the mean cosine over the batch: m^2 over what the fit makes 1, the rest, has
    the law of Student's t squared; a normalization takes it away. What the
    biases drawn add to their variance the fit takes from the weights', which alone the gain multiplies."""
    tolerance, gain = (float(plan.config.init.params[name]) for name in ("tolerance", "gain"))
    shift = plan.hidden.shift
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    alike = cosines(plan, rows, at, smoothing(plan))[0].mean
    m = np.where(np.isfinite(alike), alike, 1.0) / units
    if plan.pre != "none":
        m[:-1] = 0.0
    crossed = 2.0 * abs(shift) * np.sqrt(m / np.array(rows.q))
    biases = plan.each("bias")
    drawn = abs(gain**2 - 1.0) * biases * np.sqrt(2.0 / units) / np.array(rows.q)
    loose = tolerance * max(1.0, gain**2) + DEVIATIONS * (crossed + drawn)
    freedom = np.maximum(1.0 / np.maximum(m, 1e-12) - 1.0, 1.0)
    values = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1)
    return np.minimum(loose + 1.0 / values, 1.0), loose + student(freedom) ** 2 / freedom


def _spreads(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, Array, Array]:
    """Of each row's batch mean square the fluctuation that it inherits, that which its own weights draw, and its shift: all of it, and
    without what comes of the input's lengths."""
    smoothed = smoothing(plan)
    pairs, taps, lift = cosines(plan, rows, at, smoothed)
    steps = _steps(plan, rows, at, pairs.hidden(), taps.hidden(), smoothed)
    units = np.full(plan.depth + 1, plan.width)
    units[-1] = plan.config.classes
    loose = plan.each("loose")
    beside = (1.0 - loose) * _beside_orthogonal(plan, rows, pairs.mean)
    own = np.zeros(plan.depth + 1) if plan.unit else (2.0 * loose * _drawn(plan, rows, pairs) + beside) / units
    batch, drawn, given, shift, away = _followed(steps, _apart(plan, rows, smoothed), plan.pre == "none")
    if _spread_out(plan, rows, smoothed) and plan.taps == 1:
        given, lifted = _given(plan, rows, _apart(plan, rows, smoothed))
        shift = away + lifted
    apart = np.clip(drawn - batch, 0.0, 50.0)  # the mean of lengths that differ by factors is ruled by the longest
    batch = batch + np.log1p(np.expm1(apart) / (plan.batch * plan.pixels)) - np.log1p(apart / (plan.batch * plan.pixels))
    if plan.residual and plan.pre == "none" and plan.post == "none" and not plan.unit:
        batch = _with_skips(plan, rows, at, pairs.hidden(), batch)
    single = drawn + given + (0.0 if plan.unit else (2.0 * loose + beside) / units)
    if plan.pre != "none":
        share = plan.eps / (np.array(rows.v[:-1]) + plan.eps)
        batch[:-1], own[:-1] = share**2 * (batch + own)[:-1], 0.0
        shift[:-1] = -share * (1.0 - share) * (single[:-1] + _few(plan))  # v / (v + eps) is bent downwards
    if plan.pixels > 1 and not of_real_images(plan) and not plan.unit:
        pooled, square, taken = _of_pooled(plan, rows, at)
        shift[-1] += taken
        batch[-1] += pooled
        if (at.mean**2 <= ODD * at.square).all():  # nothing is common to all pixels
            batch[-1], own[-1] = pooled, (2.0 * loose[-1] * square + beside[-1]) / units[-1]
    shift[-1] += math.log1p(max((1.0 - 1.0 / plan.pixels) * float(lift[-1]), -0.9))  # the mean over pixels reads their products
    return batch, own, shift, away


def _of_pooled(plan: Plan, rows: Chain, at: Averages) -> tuple[float, float, float]:
    """Of noise images what the output row inherits, the mean of its inputs' c^2, and its shift: of the pixels' mean, which no average over
    taps smooths, and which passes a row as a linear layer's signal does. What the rest of phi makes of single pixels averages out.
    A normalization's mean over units and pixels takes one of so many directions away from it."""
    image, q, batch = 1.0 / plan.pixels, np.array(rows.q[:-1]), plan.batch
    inputs, pixels, across = 1.0 - np.array(rows.pairs[:-1]).T
    same = image + (1.0 - image) * pixels
    cosine = np.append((image * inputs + (1.0 - image) * across) / same, 1.0 - rows.pairs[-1][0])
    straight = same * q * at.slope**2 * np.array(rows.behind)
    varied = np.array(rows.v[1:-1]) * same[1:] - plan.each("bias")[1:-1]
    made = np.append(varied / np.array(rows.sigma_w2[1:-1]), rows.pooled)
    skipped = np.append(0.0, np.clip(made[:-1] / made[1:], 0.0, 1.0)) if plan.residual else np.zeros(plan.depth)
    straight = np.minimum(np.divide(straight, made, where=made > 0, out=np.zeros_like(made)), 1.0 - skipped)
    variance, wander, shift, loose = 0.0, 1.0 / plan.config.input_shape[0], 0.0, plan.each("loose")
    taken = math.log1p(-1.0 / inner_width(plan.config)) if plan.norm in ("layer", "group") else 0.0
    for row, (skip, pass_on) in enumerate(zip(skipped.tolist(), straight.tolist(), strict=True)):
        square, kept = (1.0 + (batch - 1.0) * min(1.0, wander + cosine[row] ** 2)) / batch, (skip + pass_on) ** 2
        variance = kept * variance + (2.0 * float(loose[row]) * pass_on**2 + 4.0 * skip * (1.0 - skip)) * square / plan.width
        shift = (skip + pass_on) * shift + taken * (pass_on if plan.post == "none" else 1.0 - skip)
        wander = wander * kept + (1.0 - skip**2 - (1.0 - float(loose[row])) * pass_on**2) / plan.width
    square = (1.0 + (batch - 1.0) * min(1.0, wander + cosine[-1] ** 2)) / batch
    return variance, max(square - plan.last.even / plan.width, 0.0), shift


def _drawn(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """What independent weights and biases of a row draw of its mean square, times 2 / N: of what varies, and of its product with a constant
    bias."""
    still = constant(plan, rows)
    result: Array = (1.0 - still) ** 2 * _uneven(plan, rows, pairs) + 2.0 * still * (1.0 - still) * pairs.mean
    return result


def _uneven(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """What of the mean of c^2 a draw reads: all of it where weights and biases are Gaussian, whose squares vary by 2. Others' vary less,
    which counts for what inputs spread evenly over all directions bring, 1 / fan_in, and for the biases' own."""
    bias = _of_biases(plan, rows)
    known = plan.each("even") * (1.0 - bias) ** 2 / _fan_in(plan) + plan.each("even_bias") * bias**2
    result: Array = np.maximum(pairs.square - known[:pairs.square.size], 0.0)
    return result


def _fan_in(plan: Plan) -> Array:
    """Weights of a unit, row by row (depth + 1,)."""
    return np.array([plan.seen, *[plan.width * plan.taps] * (plan.depth - 1), plan.width], dtype=np.float64)


def _of_biases(plan: Plan, rows: Chain) -> Array:
    """The share of each row's variance, before a normalization, that its biases' is (depth + 1,)."""
    v = np.append(rows.v[:-1], rows.v[-1] - plan.last.shift**2)
    result: Array = np.divide(plan.each("bias"), v, where=v > 0, out=np.zeros_like(v))
    return result


def _apart(plan: Plan, rows: Chain, smoothed: Array) -> float:
    """How much inputs of the first layer differ in length, as ln q's variance: as measured, else of Gaussian noise in an image, and of
    examples of one length."""
    if rows.fields.spread is not None:
        return math.log1p(rows.fields.spread)
    return 0.0 if plan.pixels == 1 else float(2.0 * smoothed[0] / plan.config.input_shape[0])


def _few(plan: Plan) -> float:
    """What E[1 / v] - 1 is above 2 / N where v is taken over n units of one example: n / (n - 3) around their mean, else n / (n - 2)."""
    units = inner_width(plan.config)
    if plan.pre not in ("layer", "group", "rms") or plan.pixels > 1:
        return 0.0
    return (2.0 / (units - 2.0) if plan.pre == "rms" else 3.0 / (units - 3.0)) - 2.0 / plan.width


def _beside_orthogonal(plan: Plan, rows: Chain, mean: Array) -> Array:
    """What biases, drawn or constant, and their product with the weighted sums add where the weights keep every length: times 1 / N, in
    units of q^2. With s the biases' variance and t the square of their mean over q: 2 s^2 + 4 s t + 4 (s + t) (mean cosine - s - t)."""
    t = constant(plan, rows)[:mean.size]
    s = (1.0 - t) * _of_biases(plan, rows)[:mean.size]
    found = 2.0 * s * s + 4.0 * s * t + 4.0 * (s + t) * np.maximum((1.0 - t) * mean - s, 0.0)
    result: Array = np.where(np.isfinite(found), found, 0.0)
    return result


def _followed(steps: Steps, start: float, passes: bool) -> Array:
    """What every row inherits, row by row (5, depth + 1): the batch's variance; one example's, what the seeds draw and what is given by the
    inputs' lengths (`start`); the shift, and that of what is drawn alone. `passes` is False where a normalization stops it.

    What a row's own units draw is not passed on: the sample that they are enters the next row by phi^2's spread.
    """
    found = [(0.0, 0.0, start, 0.0, 0.0)]
    columns = (steps.carried, steps.bend, steps.curved, steps.drawn, steps.drawn_single, steps.sphere, steps.kept)
    for carried, bend, curved, drawn, drawn_single, sphere, kept in zip(*(column.tolist() for column in columns), strict=True):
        batch, single, given, shift, away = found[-1] if passes else (0.0, 0.0, 0.0, 0.0, 0.0)
        apart = max(single - batch, 0.0)
        turned = min(max(curved * apart, -TURNED), TURNED)
        together = (carried * (1.0 + turned)) ** 2 * batch
        found.append((together + drawn, together + carried**2 * (1.0 + 3.0 * turned) * apart * kept + drawn_single,
                      carried**2 * kept * given,
                      carried * shift + bend * (single + given) - sphere, carried * away + bend * single - sphere))
    return np.array(found).T


def _with_skips(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, without_mean: Array) -> Array:
    """`batch` where each layer adds to its input: the mean m over units fluctuates with p, and adds 2 m E[phi] to it.

    Followed are the variances and the covariance of ln p and m / sqrt(p). A unit adds 2 x a + a^2 to p and a to m, a = phi, with x
    and a independent: variances 4 p Var(a) + 4 m Cov(a, a^2) + Var(a^2) and Var(a), covariance 2 m Var(a) + Cov(a, a^2), over N.
    """
    q, p = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2, np.array(rows.p[:-1])
    mean, square = at.mean, at.square / plan.keep
    m = np.cumsum(mean)
    bent = np.divide(np.log(np.abs(averages(plan.nl, q * 1.001).mean / mean)), math.log(1.001))
    share = np.array(rows.sigma_w2[:-1]) * np.append(math.nan, p[:-1]) / q
    alike, same = pairs.square, pairs.mean
    single = np.maximum(at.square - mean**2, 0.0)
    masks = (1.0 / plan.keep - 1.0) / (plan.batch * plan.pixels)
    third, own = ((at.cube - mean * at.square) * same + masks * at.cube) / plan.keep, single * same + masks * at.square
    crossed = single * alike + masks * at.square
    squares = (_sampling(plan, rows, at, pairs, 1.0 / (plan.batch * plan.pixels)) * at.square**2 + masks * at.fourth) / plan.keep**2
    if not np.isfinite([*bent, *third, *own, *squares]).all() or not (mean != 0).all():
        return without_mean
    length, cross, spread = squares[0] / p[0] ** 2, third[0] / p[0] ** 1.5, own[0] / p[0]
    found = [0.0, length / plan.width]
    for row in range(1, plan.depth):
        before, after, old = p[row - 1], p[row], m[row - 1]
        stretch = before + share[row] * (square[row] * at.even[row] / (2 * at.square[row]) + 2 * old * mean[row] * bent[row])
        matrix = np.array([[stretch / after, 2 * mean[row] * math.sqrt(before) / after],
                           [share[row] * mean[row] * bent[row] / math.sqrt(after), math.sqrt(before / after)]])
        state = matrix @ np.array([[length, cross], [cross, spread]]) @ matrix.T
        length = state[0, 0] + (4 * before * crossed[row] + 4 * old * third[row] + squares[row]) / after**2
        cross = state[0, 1] + (2 * old * own[row] + third[row]) / after**1.5
        spread = state[1, 1] + own[row] / after
        found.append(length / plan.width)
    out = np.array(rows.sigma_w2[1:]) * np.append(p[:-1], rows.pooled) / np.array(rows.q[1:])
    result: Array = np.append(0.0, out**2 * np.array(found[1:]))
    return np.where(np.isfinite(result), result, without_mean)


def _steps(plan: Plan, rows: Chain, at: Averages, batch: Cosines, taps: Cosines, smoothed: Array) -> Steps:
    """What each row passes on; nothing where the next row's scale is set anew, or is 0 or beyond float64's range."""
    apart = _apart(plan, rows, smoothed)
    if _spread_out(plan, rows, smoothed):
        at, secant, bend_first = _over_lengths(plan, rows, at, apart)
    p, after = np.array(rows.p[:-1]), np.array(rows.q[1:])
    share = np.array(rows.sigma_w2[1:]) * np.append(p[:-1], rows.pooled) / after
    part, crossed = parts(plan, rows, at), np.zeros(plan.depth)
    if plan.residual:
        crossed[1:] = _crossed(plan, rows, at)
    elasticity = (1 - part) + part * at.even / (2 * at.square)
    bend = part * at.quartic / (8 * at.square)
    drawn = part**2 * _sampling(plan, rows, at, batch, 1.0 / (plan.batch * plan.pixels)) + crossed * batch.square
    drawn_single = part**2 * _sampling(plan, rows, at, taps, 1.0 / plan.taps) + crossed * taps.square
    if plan.post != "none":  # what the branch adds has its size from the normalization: neither elastic nor drawn, but for the product
        elasticity, bend, drawn, drawn_single = 1.0 - part, 0.0 * bend, crossed * batch.square, crossed * taps.square
    if plan.unit or (plan.post != "none" and not plan.residual):
        elasticity, drawn, drawn_single = 0.0 * elasticity, 0.0 * drawn, 0.0 * drawn_single
    masks = _masks(plan, rows, at)
    drawn, drawn_single = drawn + masks / (plan.batch * plan.pixels), drawn_single + masks / plan.taps
    loose = plan.each("loose")[:-1]
    sphere = 2.0 * np.where(loose < 1.0, (1.0 - loose) / plan.width, plan.each("even")[:-1] / (_fan_in(plan)[:-1] + 2.0)) * bend
    if _spread_out(plan, rows, smoothed):
        elasticity[0], bend[0] = secant, bend_first
    known = (at.square > 0) & (after > 0) & np.isfinite((after * at.square) ** 2) & (not plan.unit)
    carried, bent, own, own_single, sphere = (np.where(known & np.isfinite(column), share * column, 0.0) for column in (
        elasticity, bend, share * drawn / plan.width, share * drawn_single / plan.width, sphere))
    curved = 2.0 * bent - carried**2 + carried
    return Steps(carried, bent, curved, own, own_single, sphere, smoothed[1:] / smoothed[:-1])


def _masks(plan: Plan, rows: Chain, at: Averages) -> Array:
    """What dropout's masks m draw of (x + a m / keep)^2, for x the skip's input and a the branch: its variance over p^2 (depth,)."""
    mean, square, cube, fourth = _handed_on(plan, at)
    p, before, middle = np.array(rows.p[:-1]), np.zeros(plan.depth), np.zeros(plan.depth)
    if plan.residual:
        before[1:], middle[1:] = p[:-1], np.cumsum(mean)[:-1]
    found = (4.0 * before * square + 4.0 * middle * cube / plan.keep + fourth / plan.keep**2) / p**2
    result: Array = (1.0 / plan.keep - 1.0) * np.where(p > 0, found, 0.0)
    return result


def _handed_on(plan: Plan, at: Averages) -> tuple[Array, Array, Array, Array]:
    """The first four moments over units of what phi, and a normalization behind it, make."""
    if plan.post == "none":
        return at.mean, at.square, at.cube, at.fourth
    if plan.post == "rms":
        return at.mean / at.square**0.5, np.ones(plan.depth), at.cube / at.square**1.5, at.fourth / at.square**2
    m, variance = at.mean, at.square - at.mean**2
    cube = at.cube - 3.0 * m * at.square + 2.0 * m**3
    fourth = at.fourth - 4.0 * m * at.cube + 6.0 * m**2 * at.square - 3.0 * m**4
    return 0.0 * m, np.ones(plan.depth), cube / variance**1.5, fourth / variance**2


def _spread_out(plan: Plan, rows: Chain, smoothed: Array) -> bool:
    """Whether the inputs' lengths differ, and nothing sets them anew."""
    return _apart(plan, rows, smoothed) > 0 and plan.norm == "none" and not plan.unit and 0.0 < min(rows.v) <= max(rows.v) < math.inf


def _lengths(apart: float) -> tuple[Array, Array]:
    """Squared lengths of mean 1, and their weights: a Gamma law (a chi square's for Gaussian numbers), by its Gauss-Laguerre nodes."""
    spread = math.expm1(apart)
    shape, k = 1.0 / spread, np.arange(LENGTHS)
    squares, vectors = np.linalg.eigh(np.diag(2.0 * k + shape) + symmetric(k[1:] * (k[1:] + shape - 1.0)))
    return spread * squares, vectors[0] ** 2


def _given(plan: Plan, rows: Chain, apart: float) -> tuple[Array, Array]:
    """The inputs' lengths row by row, each followed by itself: how much their q differ, as ln q's variance, and by how much the mean of q
    over them is above that of the mean length (depth + 1,)."""
    squares, weights = _lengths(apart)
    bias, sigma_w2 = plan.each("bias").tolist(), rows.sigma_w2
    v = (rows.v[0] - bias[0]) * np.append(squares, 1.0) + bias[0]
    p, m = np.zeros_like(v), np.zeros_like(v)
    found = [v]
    for row in range(1, plan.depth + 1):
        square, mean = second_moments(plan.nl, v)
        p, m = (p + square / plan.keep + 2.0 * m * mean, m + mean) if plan.residual else (square / plan.keep, m)
        v = sigma_w2[row] * p + bias[row]
        found.append(v)
    ratios = np.array(found)
    ratios = ratios[:, :-1] / ratios[:, -1:]
    mean = ratios @ weights
    return np.log(ratios**2 @ weights / mean**2), np.log(mean)


def _over_lengths(plan: Plan, rows: Chain, at: Averages, apart: float) -> tuple[Averages, float, float]:
    """The averages with those of the first hidden row taken over lengths as far apart as the input's, and its elasticity and bend over
    them: secants in the place of slopes."""
    squares, weights = _lengths(apart)
    q, bias = rows.q[0] - plan.nl.centres[0] ** 2, plan.first.bias
    made = averages(plan.nl, (q - bias) * squares + bias)
    of_mean = made.square / at.square[0]
    logs = np.log(of_mean)
    first = {name: float(weights @ getattr(made, name)) for name in ("square", "odd", "even")}
    first["fourth"] = float(weights @ np.sqrt(made.fourth)) ** 2  # of one unit's mean over the lengths, at most
    averaged = replace(at, **{name: np.append(value, getattr(at, name)[1:]) for name, value in first.items()})
    return averaged, math.sqrt(float(weights @ (logs - weights @ logs) ** 2) / apart), math.log(float(weights @ of_mean)) / apart


def _crossed(plan: Plan, rows: Chain, at: Averages) -> Array:
    """The product 2 x a of a skip connection, x the input and a the branch: 4 p Var(a) over the sum's square (depth - 1,)."""
    mean = at.mean[1:] if plan.post == "none" else 0.0
    spread = np.maximum(branch(plan, rows, at)[1:] * plan.keep - mean**2, 0.0)
    p = np.array(rows.p[:-1])
    result: Array = 4.0 * p[:-1] * spread / p[1:] ** 2
    return result


def _sampling(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, itself: float) -> Array:
    """Mean over pairs of inputs of Cov(phi^2, phi^2) / E[phi^2]^2; `itself` of them are an input with itself."""
    square = at.square
    total = at.fourth / square**2 - 1.0
    odd, even = (at.odd / square) ** 2, (at.even / square) ** 2 / 2
    rest = np.maximum(total - odd - even, 0.0)
    loose = plan.each("loose")[:-1]
    even_drawn = (1.0 - loose) * 3.0 / (plan.width * (plan.width + 2.0))
    fourth = np.maximum(pairs.fourth - even_drawn, itself)
    lengths = loose * _uneven(plan, rows, pairs) + (1.0 - loose) * _beside_orthogonal(plan, rows, pairs.mean) / 2.0
    over_pairs = odd * pairs.mean + even * lengths + rest * fourth
    result: Array = np.maximum(over_pairs, (total - (1 - loose) * even) * itself)
    return result


