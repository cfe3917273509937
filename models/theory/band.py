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
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from models.theory.chain import AROUND_MEAN, Chain
from models.theory.cosines import Cosines, branch, constant, cosines, parts, smoothing, symmetric
from models.theory.gaussian import Averages, averages, second_moments
from models.theory.known import ODD, near_zero, of_real_images, output_unknown, unknown_from
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array
from models.theory.quantiles import DEVIATIONS, LEVEL, quantiles, student

FLOOR = 3e-4
"""Relative half width for what is left out: float32's rounding, and second orders of small shares where a normalization holds q fast."""

BEYOND = 0.2
"""Shift of ln q, but for the input's lengths, beyond which no band is given: q runs away from an unstable fixed point, and two orders no
longer follow it."""

UNSURE = 0.125
"""The share of the shift that widens the band as well; and of what is drawn in it, from which on the inputs' lengths alone no longer
tell the law of lengths."""

TURNED = 0.25
"""The most that lengths which differ may change an elasticity by: one order of many."""

LENGTHS = 4
"""Nodes of the law of lengths."""

ALIKE, CLOSE, LONGEST = 1e-9, 0.05, 5.0
"""Variance of ln q of one example up to which all are taken as alike; their squared relative spread up to which phi's averages at the mean
length stand for all; and the variance up to which they are followed."""

Law = list[tuple[float, float]]
"""Nodes and their weights."""

SETTLED = 1e-6
"""Relative difference of two rows' q up to which the next row's are the same as well."""

STEP = 0.02
"""What lengths are multiplied by, less one, to see how far their mean is carried."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the next row inherits of each hidden row's fluctuations, one entry a hidden row (depth,).

    carried:  d ln q_{l+1} / d ln q_l            bend:  the shift that a unit of variance gives
    curved:   d carried / d ln q_l: a mean over lengths that differ is ruled by the longer ones, which are carried on otherwise
    sphere:   the shift that orthogonal weights take away
    kept:     share of one pixel's fluctuation that the next convolution's average over its taps leaves
    """

    carried: Array
    bend: Array
    curved: Array
    sphere: Array
    kept: Array


@dataclass(frozen=True, slots=True)
class Noise:
    """What each hidden layer's units, and masks, add to the variance of ln q in the next row (depth,): to the batch's mean square, to one
    example's or pixel's, and to the batch's if all its examples were the same but for their masks."""

    batch: Array
    single: Array
    alone: Array


def band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, int | None]:
    """(low, high) of every row's mean square, which hold LEVEL of the seeds; not a number where that is not known (`unknown_from`,
    `output_unknown`, where q runs away, and where the law of lengths decides, from the row on that is returned, if there is one)."""
    low, high, decided = _band(plan, rows, at)
    first = unknown_from(plan, rows)
    if first is None:
        low[0] *= 1.0 - near_zero(plan, rows)
    if output_unknown(plan, rows):
        low[-1], high[-1] = math.nan, math.nan
    if first is not None:
        low[first - 1:], high[first - 1:] = math.nan, math.nan
    return low, high, decided


def _band(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, int | None]:
    inherited, own, shift, away = _spreads(plan, rows, at)
    beyond, decided = np.maximum.accumulate(np.abs(away) > BEYOND), None
    shift = 0.0 * shift if plan.unit else shift
    low, high = _left(plan, rows, at) if plan.unit else quantiles(inherited + (UNSURE * shift) ** 2, own)
    hangs = (np.abs(shift) > (high - low) / 2.0) & (np.abs(away) > UNSURE * np.abs(shift)) & ~beyond
    if hangs.any() and plan.config.data.name != "gaussian" and _free(plan, rows):  # two moments tell noise's law, with what is drawn or not
        decided = int(hangs.argmax()) + 1
        beyond[decided - 1:] = True
    q = np.where(beyond, math.nan, rows.q) * np.exp(shift)
    return q * np.exp(low - FLOOR), q * np.exp(high + FLOOR), decided


def _left(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array]:
    """ln of what LSUV leaves a row's mean square, lowest and highest, over q: its variance within the tolerance, and the mean over all
    units and the batch, which is the biases' b plus m of variance c / N, c the mean cosine over the batch: m^2 over what the fit makes 1,
    the rest, has the law of Student's t squared; a normalization takes it away. What the biases drawn add to their variance the fit takes
    from the weights', which alone the gain multiplies."""
    gain, shift = float(plan.config.init.params["gain"]), plan.hidden.shift
    units = np.append(np.full(plan.depth, plan.width), plan.config.classes)
    smoothed = smoothing(plan)
    pairs, taps, _ = cosines(plan, rows, at, smoothed)
    m = np.where(np.isfinite(pairs.mean), pairs.mean, 1.0) / units
    if plan.pre != "none":
        m[:-1] = 0.0
    crossed = 2.0 * abs(shift) * np.sqrt(m / np.array(rows.q))
    biases = plan.each("bias")
    drawn = abs(gain**2 - 1.0) * biases * np.sqrt(2.0 / units) / np.array(rows.q)
    loose = DEVIATIONS * (crossed + drawn)
    freedom = np.maximum(1.0 / np.maximum(m, 1e-12) - 1.0, 1.0)
    values = units * plan.batch * np.append(np.full(plan.depth, plan.pixels), 1)
    low, high = _within_tolerance(plan, rows, at, pairs, taps)
    return low + np.log1p(-np.minimum(loose + 1.0 / values, 1.0 - 1e-9)), high + np.log1p(loose + student(freedom) ** 2 / freedom)


def _within_tolerance(plan: Plan, rows: Chain, at: Averages, pairs: Cosines, taps: Cosines) -> tuple[Array, Array]:
    """ln of the variance that LSUV leaves, lowest and highest: 1 where it fits, and as it was drawn where that is within the tolerance.
    What it was has a law of its own around what the weights make of what arrives: orthogonal ones, which as such draw little.

    What a tolerance has left of the row before counts as nothing: it is far less than what units draw.
    """
    gain, tolerance = (float(plan.config.init.params[name]) for name in ("gain", "tolerance"))
    loose, units = plan.each("loose"), np.append(np.full(plan.depth, plan.width), plan.config.classes)
    free = replace(plan, unit=False)
    own = (2.0 * loose * _drawn(free, rows, pairs) + (1.0 - loose) * _beside_orthogonal(free, rows, pairs.mean)) / units
    variance = own + np.append(0.0, _noise(free, rows, at, pairs.hidden(), taps.hidden()).batch)
    biases = plan.each("bias")
    arrives = gain**2 * (1.0 - biases) / np.array(rows.sigma_w2)
    around = np.log(plan.each("forward") / gain**2 * arrives + biases)
    deviation = np.sqrt(np.maximum(variance, FLOOR**2))
    low, high = np.array([_ends(*law, tolerance) for law in zip(around.tolist(), deviation.tolist(), strict=True)]).T
    return low, high


def _ends(around: float, deviation: float, tolerance: float) -> tuple[float, float]:
    """Between which logarithms LEVEL of them lie: normal where they are within the tolerance of 0, else 0."""
    if not math.isfinite(around):
        return 0.0, 0.0
    law, narrow, wide = NormalDist(around, deviation), math.log1p(-tolerance) if tolerance < 1.0 else -math.inf, math.log1p(tolerance)
    below, outside = law.cdf(narrow), 1.0 - law.cdf(wide) + law.cdf(narrow)

    def quantile(share: float) -> float:
        """Of narrow to 0 the normal law, at 0 all that is outside, from there on the normal law again."""
        before = law.cdf(0.0) - below
        if before < share <= before + outside:
            return 0.0
        return law.inv_cdf(min(max(share + below - (outside if share > before else 0.0), 1e-12), 1.0 - 1e-12))

    return quantile((1.0 - LEVEL) / 2.0), quantile((1.0 + LEVEL) / 2.0)


def _spreads(plan: Plan, rows: Chain, at: Averages) -> tuple[Array, Array, Array, Array]:
    """Of each row's batch mean square the fluctuation that it inherits, that which its own weights draw, and its shift: all of it, and
    without what comes of the input's lengths."""
    smoothed = smoothing(plan)
    pairs, taps, lift = cosines(plan, rows, at, smoothed)
    steps, start = _steps(plan, rows, at, smoothed), _apart(plan, rows, smoothed)
    noise = _noise(plan, rows, at, pairs.hidden(), taps.hidden())
    units = np.full(plan.depth + 1, plan.width)
    units[-1] = plan.config.classes
    loose = plan.each("loose")
    beside = (1.0 - loose) * _beside_orthogonal(plan, rows, pairs.mean)
    batch, single, shift, away = _followed(plan, steps, noise, start)
    if _free(plan, rows):
        if (single - batch).max() > CLOSE and not plan.residual:
            noise = _noise(plan, rows, _of_longer(plan, rows, single), pairs.hidden(), taps.hidden())
        batch, single, shift, away = _by_lengths(plan, rows, steps, noise, start)
    itself = np.minimum(np.expm1(np.clip(single - batch, 0.0, LONGEST)) / (plan.batch * plan.pixels), 1.0)
    own = np.zeros(plan.depth + 1) if plan.unit else (2.0 * loose * (_drawn(plan, rows, pairs) + itself) + beside) / units
    if plan.residual and plan.pre == "none" and plan.post == "none" and not plan.unit:
        batch = _with_skips(plan, rows, at, pairs.hidden(), batch)
    single = single + (0.0 if plan.unit else (2.0 * loose + beside) / units)
    if plan.pre != "none":
        share = plan.eps / (np.array(rows.v[:-1]) + plan.eps)
        batch[:-1], own[:-1] = share**2 * (batch + own)[:-1], 0.0
        shift[:-1] = -share * (1.0 - share) * (single[:-1] + _few(plan))  # v / (v + eps) is bent downwards
    raised = _raised(plan, lift)
    if plan.pixels > 1 and not of_real_images(plan) and not plan.unit:
        pooled, square, taken = _of_pooled(plan, rows, at, raised)
        shift[-1] += taken
        batch[-1] = pooled + (0.0 if (at.mean**2 <= ODD * at.square).all() else batch[-1])  # what all pixels share goes with q
        own[-1] = (2.0 * loose[-1] * square + beside[-1]) / units[-1]
    shift[-1] += math.log1p(raised)
    return batch, own, shift, away


def _raised(plan: Plan, lift: Array) -> float:
    """By how much pixels' products raise the mean square of the pixels' mean, which reads them. A unit whose values differ more from each
    other has another mean, which a normalization around a unit's own mean takes away; before phi it makes them all alike."""
    return 0.0 if {plan.pre, plan.post} & set(AROUND_MEAN) else max((1.0 - 1.0 / plan.pixels) * float(lift[-1]), 0.0)


def _of_pooled(plan: Plan, rows: Chain, at: Averages, lift: float) -> tuple[float, float, float]:
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
    left = _of_walks(plan.size, plan.kernel, plan.depth + 1)[::-1]
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


@lru_cache(maxsize=64)
def _of_walks(size: int, kernel: int, steps: int) -> Array:
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


def _of_longer(plan: Plan, rows: Chain, single: Array) -> Averages:
    """The averages at each row's mean q weighted by q, for lengths that differ: what counts the squares of q counts the longer ones."""
    q = np.array(rows.q[:-1]) - plan.nl.centres[0] ** 2
    return averages(plan.nl, q * np.exp(np.minimum(single[:-1], LONGEST)))


def _free(plan: Plan, rows: Chain) -> bool:
    """Whether nothing sets lengths anew, and all are finite."""
    return plan.norm == "none" and not plan.unit and 0.0 < min(rows.v) <= max(rows.v) < math.inf


def _followed(plan: Plan, steps: Steps, noise: Noise, start: float) -> Array:
    """What every row inherits, row by row (4, depth + 1): the variance of ln q of the batch's mean; of one example, what the seeds draw and
    what the inputs' lengths give (`start`); the shift of the mean; and that which the seeds' draws bring, to first order.

    What a row's own units draw is not passed on: the sample that they are enters the next row by phi^2's spread.
    """
    found, passes, inputs = [(0.0, 0.0, start, 0.0, 0.0)], plan.pre == "none", plan.batch * plan.pixels
    columns = (steps.carried, steps.bend, steps.curved, noise.batch, noise.alone, noise.single, steps.sphere, steps.kept)
    for carried, bend, curved, drawn, alone, drawn_single, sphere, kept in zip(*(column.tolist() for column in columns), strict=True):
        batch, single, given, shift, away = found[-1] if passes else (0.0, 0.0, 0.0, 0.0, 0.0)
        apart = max(single - batch, 0.0)
        turned = min(max(curved * apart, -TURNED), TURNED)
        together = (carried * (1.0 + turned)) ** 2 * batch
        longer = alone * math.expm1(min(apart + given, LONGEST)) / inputs
        found.append((together + drawn + longer, together + carried**2 * (1.0 + 3.0 * turned) * apart * kept + drawn_single,
                      carried**2 * kept * given,
                      carried * shift + bend * (single + given) - sphere, carried * away + bend * single - sphere))
    batches, drawn, given, shift, away = np.array(found).T
    return np.stack([batches, drawn + given, shift, away])


def _by_lengths(plan: Plan, rows: Chain, steps: Steps, noise: Noise, start: float) -> Array:
    """The same where nothing sets lengths anew: a few q, whose law is at first the inputs', go through phi row by row."""
    before, m, made, inputs = 0.0, 0.0, [0.0], 1.0 - plan.first.bias / rows.v[0]
    settled: list[float] = []
    law = [(inputs * square + 1.0 - inputs, weight) for square, weight in (_lengths(start) if start > ALIKE else _spread_by(ALIKE))]
    found = [(0.0, math.log(sum(weight * square**2 for square, weight in law)), 0.0, 0.0)]
    columns = (steps.carried, steps.bend, noise.batch, noise.alone / (plan.batch * plan.pixels), noise.single, steps.sphere, steps.kept)
    for row, (carried, bend, drawn, alone, drawn_single, sphere, kept) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        batch, single, shift, away = found[-1]
        around = rows.v[row] * math.exp(shift)
        q = [around * square for square, _ in law]
        if not (settled and row < plan.depth - 1 and all(abs(one - old) <= SETTLED * old for one, old in zip(q, settled, strict=True))):
            made, m = _through(plan, rows, row, m, np.array([*q, *((1.0 + STEP) * one for one in q), rows.v[row]]))
            settled = [] if plan.residual or row == 0 else q
        each, more, middle = made[:LENGTHS], made[LENGTHS:-1], made[-1]
        mean = _mean(law, each)
        together = ((_mean(law, more) / mean - 1.0) / STEP) ** 2 * batch
        law = _wider([(one, weight) for one, (_, weight) in zip(each, law, strict=True)], together, kept, drawn_single)
        longer = alone * math.expm1(min(max(single - batch, 0.0), LONGEST))
        found.append((together + drawn + longer, math.log(sum(weight * square**2 for square, weight in law)),
                      math.log(mean / middle) - sphere, carried * away + bend * before - sphere))
        before = carried**2 * kept * before + drawn_single
    return np.array(found).T


def _mean(law: Law, values: list[float]) -> float:
    return sum(weight * value for (_, weight), value in zip(law, values, strict=True))


def _wider(law: Law, together: float, kept: float, drawn: float) -> Law:
    """A law of lengths, its mean made 1, when it has drawn so much more variance of ln q, and taps have averaged all but what is `together`
    the same for all: the same shape, but where what is drawn outweighs it."""
    logs = [(math.log(q), weight) for q, weight in law]
    middle = sum(weight * log for log, weight in logs)
    variance = sum(weight * (log - middle) ** 2 for log, weight in logs)
    left = together + max(variance - together, 0.0) * kept
    if left <= drawn or variance <= ALIKE:
        return _spread_by(left + drawn)
    return _around_one([((log - middle) * math.sqrt(min(left + drawn, LONGEST) / variance), weight) for log, weight in logs])


def _spread_by(variance: float) -> Law:
    """Lengths of mean 1 with a log-normal law."""
    return _around_one([(math.sqrt(min(variance, LONGEST)) * place, weight) for place, weight in _hermite()])


def _around_one(logs: Law) -> Law:
    """The lengths of these logarithms, multiplied so that their mean is 1."""
    squares = [(math.exp(log), weight) for log, weight in logs]
    mean = sum(square * weight for square, weight in squares)
    return [(square / mean, weight) for square, weight in squares]


@lru_cache(maxsize=1)
def _hermite() -> Law:
    """The Gauss-Hermite rule of a normal law."""
    places, weights = np.polynomial.hermite_e.hermegauss(LENGTHS)
    return list(zip(places.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _through(plan: Plan, rows: Chain, row: int, m: float, q: Array) -> tuple[list[float], float]:
    """The next row's q of examples with these, the last one theory's own; and the mean over units of what the layers up to this one add,
    `m` before it, which goes with an example's length."""
    square, mean = second_moments(plan.nl, q)
    made = square / plan.keep
    if plan.residual and row > 0:
        skip = np.maximum(q - plan.layer(row + 1).bias, 0.0) / rows.sigma_w2[row]
        made = made + skip + 2.0 * m * mean * np.sqrt(skip / rows.p[row - 1])
    return (rows.sigma_w2[row + 1] * made + plan.layer(row + 2).bias).tolist(), m + float(mean[-1])


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


def _shares(plan: Plan, rows: Chain) -> Array:
    """The share of the next row's q that comes of what each hidden row hands on, not of biases (depth,)."""
    result: Array = np.array(rows.sigma_w2[1:]) * np.append(rows.p[:-2], rows.pooled) / np.array(rows.q[1:])
    return result


def _steps(plan: Plan, rows: Chain, at: Averages, smoothed: Array) -> Steps:
    """How each row passes fluctuations on; not at all where the next row's scale is set anew, or is 0 or beyond float64's range."""
    part = parts(plan, rows, at)
    elasticity, bend = 1.0 - part, np.zeros(plan.depth)
    if plan.post == "none":  # what the branch adds behind a normalization has its size from it
        elasticity, bend = elasticity + part * at.even / (2 * at.square), part * at.quartic / (8 * at.square)
    anew = plan.unit or (plan.post != "none" and not plan.residual)
    loose = plan.each("loose")[:-1]
    sphere = 2.0 * np.where(loose < 1.0, (1.0 - loose) / plan.width, plan.each("even")[:-1] / (_fan_in(plan)[:-1] + 2.0)) * bend
    carried, bent, sphere = (_measurable(plan, rows, at, _shares(plan, rows) * column) for column in (
        (0.0 if anew else 1.0) * elasticity, bend, sphere))
    return Steps(carried, bent, 2.0 * bent - carried**2 + carried, sphere, smoothed[1:] / smoothed[:-1])


def _measurable(plan: Plan, rows: Chain, at: Averages, values: Array) -> Array:
    """The values where they are numbers and there is something to measure them by, else 0."""
    after = np.array(rows.q[1:])
    known = (at.square > 0) & (after > 0) & np.isfinite((after * at.square) ** 2) & (not plan.unit)
    return np.where(known & np.isfinite(values), values, 0.0)


def _noise(plan: Plan, rows: Chain, at: Averages, batch: Cosines, taps: Cosines) -> Noise:
    """What each layer's units draw: of phi^2, where no normalization behind it holds that fast, of its product with a skip; and masks."""
    part = parts(plan, rows, at) if plan.post == "none" and not plan.unit else np.zeros(plan.depth)
    crossed, masks, ones = np.zeros(plan.depth), _masks(plan, rows, at), np.ones(plan.depth)
    if plan.residual and not plan.unit:
        crossed[1:] = _crossed(plan, rows, at)

    def made(pairs: Cosines, itself: float) -> Array:
        found = part**2 * _sampling(plan, rows, at, pairs, itself) + crossed * pairs.square + masks * itself
        return _measurable(plan, rows, at, _shares(plan, rows) ** 2 * found / plan.width)

    return Noise(made(batch, 1.0 / (plan.batch * plan.pixels)), made(taps, 1.0 / plan.taps), made(Cosines(ones, ones, ones), 1.0))


def _masks(plan: Plan, rows: Chain, at: Averages) -> Array:
    """What dropout's masks m draw of (x + a m / keep)^2, for x the skip's input and a the branch: its variance over p^2 (depth,)."""
    mean, square, cube, fourth = _handed_on(plan, at)
    p, before, middle = square / plan.keep, np.zeros(plan.depth), np.zeros(plan.depth)
    if plan.residual:
        p = np.array(rows.p[:-1])
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


def _lengths(apart: float) -> Law:
    """Squared lengths of mean 1, and their weights: a Gamma law (a chi square's for Gaussian numbers), by its Gauss-Laguerre nodes."""
    spread = math.expm1(apart)
    shape, k = 1.0 / spread, np.arange(LENGTHS)
    squares, vectors = np.linalg.eigh(np.diag(2.0 * k + shape) + symmetric(k[1:] * (k[1:] + shape - 1.0)))
    return list(zip((spread * squares).tolist(), (vectors[0] ** 2).tolist(), strict=True))


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
    if plan.pre != "none":
        odd, even, total = (odd if plan.pre == "rms" else 0.0 * odd), 0.0 * even, total - even - (0.0 if plan.pre == "rms" else odd)
    loose = plan.each("loose")[:-1]
    even_drawn = (1.0 - loose) * 3.0 / (plan.width * (plan.width + 2.0))
    fourth = np.maximum(pairs.fourth - even_drawn, itself)
    lengths = loose * _uneven(plan, rows, pairs) + (1.0 - loose) * _beside_orthogonal(plan, rows, pairs.mean) / 2.0
    over_pairs = odd * pairs.mean + even * lengths + rest * fourth
    result: Array = np.maximum(over_pairs, (total - (1 - loose) * even) * itself)
    return result


