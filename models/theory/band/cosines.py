"""The cosines between all pairs of a batch's examples and pixels, row by row: their mean, and the means of their second to fourth powers.

The mean cosine of two inputs, and of two pixels, is the one that chain.py follows. Single pairs lie around it, and how far matters to the
band: what a layer draws is averaged over the batch the less, the more the inputs point in the same directions.

In the first row the pairs' cosines are taken to have a Beta law on [-1, 1] with the mean that chain.py has and the mean square
1 / (participation ratio of what a unit sees) = tr(S^2) / tr(S)^2. For directions drawn evenly in d dimensions this law is exact (points in
the plane: the arcsine law; a single number: its signs). The law's Gauss-Jacobi nodes (Golub & Welsch 1969) then go through the rows one by
one (pair_map.py): one slope for all pairs would not do, since a chaotic map moves a pair at 0.98 by far less than its slope at 0 says. A
batch normalization changes the cosines further (by_batch.py).

All cosines are of what varies from unit to unit: a constant bias, which all units share, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.theory.band.by_batch import NARROW, by_batch
from models.theory.band.jacobi import nodes
from models.theory.band.pair_map import carried
from models.theory.chain import AROUND_MEAN, Chain, Fields
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


@dataclass(frozen=True, slots=True)
class Cosines:
    """Means over all pairs of inputs, each with itself included, of c, c^2, c^3 and c^4, one entry a row. The inputs are those of a batch,
    or those under the taps of one kernel."""

    mean: Array
    square: Array
    third: Array
    fourth: Array

    def counting(self, itself: Array) -> Cosines:
        """With a larger share `itself` of pairs of an input with itself: where lengths differ, long inputs count for more than one."""
        return Cosines(*(np.minimum(mean + itself, 1.0) for mean in (self.mean, self.square, self.third, self.fourth)))

    def reading(self, mean: float, square: float) -> Cosines:
        """With this mean of c and of c^2 in the output row."""
        return replace(self, mean=np.append(self.mean[:-1], mean), square=np.append(self.square[:-1], square))

    def hidden(self) -> Cosines:
        """Without the output row."""
        return Cosines(self.mean[:-1], self.square[:-1], self.third[:-1], self.fourth[:-1])


def cosines(plan: Plan, rows: Chain, at: Averages, smoothed: Array) -> tuple[Cosines, Cosines, Array]:
    """(cosines over the batch's examples and pixels, cosines over the taps of one convolution alone, by how much the mean cosine of
    different inputs lies above the one that chain.py has), each with an entry a row (depth + 1,)."""
    taps, kinds = 1.0 / plan.taps, [_known(plan, rows, pair) for pair in range(3)]
    itself, *shares = _shares(plan)
    wander = float(smoothed[0]) / plan.config.input_shape[0] if plan.taps > 1 else 0.0
    beyond = _counted(plan, rows, shares, kinds)
    first = sum(share * (_at_input(plan, rows, float(kind[0])) + beyond) ** 2 for share, kind in zip(shares, kinds, strict=True))
    lift, variance, skew, fourth = _spread(plan, rows, at, wander, float(first) + (1.0 - itself) * wander,
                                           sum(share * float(kind[0]) for share, kind in zip(shares, kinds, strict=True)), beyond)
    means = [np.clip(kind + lift, -1.0, 1.0) for kind in kinds]
    squares = [np.minimum(mean**2 + variance, 1.0) for mean in means]

    def over(itself: float, shares: Sequence[float], values: list[Array]) -> Array:
        return itself + sum((share * value for share, value in zip(shares, values, strict=True)), 0.0 * variance)

    def of(itself: float, shares: Sequence[float]) -> Cosines:
        thirds = [np.clip(mean**3 + 3.0 * mean * variance + skew, -1.0, 1.0) for mean in means]
        fourths = [np.minimum(square**2 + fourth, 1.0) for square in squares]
        return Cosines(np.maximum(over(itself, shares, means), 0.0), over(itself, shares, squares),
                       np.maximum(over(itself, shares, thirds), 0.0), over(itself, shares, fourths))

    return of(itself, shares), of(taps, (0.0, 1.0 - taps, 0.0)), lift


def _shares(plan: Plan) -> tuple[float, float, float, float]:
    """Of all pairs, how many are an input with itself, and how many are each of chain.PAIRS."""
    one, image = 1.0 / plan.batch, 1.0 / plan.pixels
    return one * image, (1.0 - one) * image, one * (1.0 - image), (1.0 - one) * (1.0 - image)


def _known(plan: Plan, rows: Chain, pair: int) -> Array:
    """The mean cosine of one of chain.PAIRS (its number), row by row. Pixels whose correlation is not known count as alike, and so do one
    image's pixels in the output row, which reads their mean."""
    gaps = np.array([gaps[pair] if pair < len(gaps) else 0.0 for gaps in rows.pairs[:-1]] + [rows.pairs[-1][0] if pair != 1 else 0.0])
    known = 1.0 - np.divide(gaps, 1.0 - constant(plan, rows), where=gaps > 0, out=np.zeros_like(gaps))
    return np.where(np.isfinite(known), np.maximum(known, -1.0), 1.0)


def constant(plan: Plan, rows: Chain) -> Array:
    """The share of each row's q that the square of a constant bias is (depth + 1,)."""
    q = np.array(rows.q)
    squares = np.append(np.full(plan.depth, plan.nl.centres[0] ** 2), plan.last.shift**2)
    result: Array = np.divide(squares, q, where=q > 0, out=np.zeros_like(q))
    return result


def by_length(plan: Plan, rows: Chain, pairs: Cosines) -> Array:
    """The mean cosine over the batch where each input counts by its length, as it does in a mean over the batch. In the first row it is
    what was measured. By how much that exceeds the plain mean is added in all further rows too: they inherit no more than that."""
    mean = pairs.mean.copy()
    if rows.fields.mean_share is not None and plan.pre not in AROUND_MEAN:
        biased = _biased(plan, rows)
        share = biased + (1.0 - biased) * rows.fields.mean_share
        mean[1:] = np.minimum(mean[1:] + max(share - float(mean[0]), 0.0), 1.0)
        mean[0] = share
    return mean


def shared_by_pairs(plan: Plan, rows: Chain) -> Array:
    """The mean over all pairs of chain.py's cosines, each input with itself included (depth + 1,)."""
    itself, *shares = _shares(plan)
    return sum((share * _known(plan, rows, pair) for pair, share in enumerate(shares)), np.full(plan.depth + 1, itself))


def smoothing(plan: Plan) -> Array:
    """Which share of a single pixel's fluctuation is left after l convolutions, each of which averages over its taps: |A(f)|^(2 l), A one
    average's transfer function, averaged over the image's frequencies f, for rows l = 1 to depth + 1; 1 without an image."""
    rows = np.arange(1, plan.depth + 2)
    if plan.taps == 1:
        return np.ones(plan.depth + 1)
    side_taps = math.isqrt(plan.taps)
    reach, angle = np.arange(side_taps) - side_taps // 2, 2.0 * np.pi * np.arange(plan.size) / plan.size
    side = np.cos(np.multiply.outer(angle, reach)).mean(axis=1) ** 2
    result: Array = np.power.outer(side, np.minimum(rows, 400)).mean(axis=0) ** 2
    return result


def _at_input(plan: Plan, rows: Chain, c: float) -> float:
    """The cosine of two inputs, from that of their pre-activations in the first row, c, to which a bias adds the same for all."""
    biased = _biased(plan, rows)
    return (c - biased) / (1.0 - biased) if biased < 1.0 else 1.0


def _biased(plan: Plan, rows: Chain) -> float:
    """The share of the first row's variance that its biases' is."""
    return 0.0 if plan.pre in AROUND_MEAN or not rows.v[0] > 0 else min(1.0, plan.first.bias / rows.v[0])


def _counted(plan: Plan, rows: Chain, shares: Sequence[float], kinds: list[Array]) -> float:
    """How far the input's mean cosine of different fields lies above the one that chain.py has, if each field is counted by its mean
    square, as measured. In images of strokes on an empty ground the long ones are more alike than the rest."""
    if rows.fields.correlation is None or plan.batch * plan.pixels == 1 or plan.pre in AROUND_MEAN:
        return 0.0
    itself = (1.0 + (rows.fields.spread or 0.0)) / (plan.batch * plan.pixels)
    mean = sum(share * _at_input(plan, rows, float(kind[0])) for share, kind in zip(shares, kinds, strict=True)) / sum(shares)
    return (rows.fields.correlation - itself) / (1.0 - itself) - mean


def _spread(plan: Plan, rows: Chain, at: Averages, wander: float, followed: float, total: float, beyond: float,
            ) -> tuple[Array, Array, Array, Array]:
    """How the cosines of different inputs spread around their mean: (by how much that lifts the mean of c, c's variance, c's third central
    moment, the variance of c^2), each (depth + 1,).

    wander:   variance of c that patches of noise have by chance          followed: what the squares of the mean cosines give of the
    total:    the sum of the mean cosines, by their shares of all pairs             first row's mean square
    beyond:   how far the input's mean cosine lies above chain.py's (_counted)
    """
    nothing = np.zeros(plan.depth + 1)
    inputs = plan.batch * plan.pixels
    if inputs == 1 or not 0.0 < rows.v[0] < math.inf:
        return nothing, nothing, nothing, nothing
    mean, biased = min(1.0, max(-1.0, total / (1.0 - 1.0 / inputs))), _biased(plan, rows)
    if rows.fields.participation is not None:
        itself = (1.0 + (rows.fields.spread or 0.0)) / inputs
        variance = (_uneven(plan, rows.fields) - itself - followed) / (1.0 - itself)
    else:
        variance = 0.0 if plan.taps > 1 else (1.0 - abs(_at_input(plan, rows, mean))) ** 2 / plan.seen
    counted = min(1.0, max(-1.0, _at_input(plan, rows, mean) + beyond))
    variance = min(variance, 1.0 - counted**2)
    # what all inputs share a batch normalization takes away: the law is that of the rest, whose mean over different inputs is -1 / (n - 1)
    shared = max((counted * (inputs - 1) + 1.0) / inputs, 0.0) if plan.norm == "batch" and counted < 1.0 else 0.0
    around_mean = (counted - shared) / (1.0 - shared)
    left = max(variance - _middle(rows.fields), 0.0) if plan.post == "batch" else variance
    law = around_mean, _even_in_plane(plan, around_mean, min(left / (1.0 - shared) ** 2, 1.0 - around_mean**2))
    c, weights = nodes(*law) if law[1] > 1e-9 else (np.array([law[0]]), np.ones(1))
    c = shared + (1.0 - shared) * c
    batch = by_batch(plan, rows, at, law, weights) if plan.norm == "batch" and (plan.pixels == 1 or law[1] > NARROW) else None
    found, around = carried(plan, rows, at, wander > 0.0, np.append(biased + (1.0 - biased) * c, mean), batch)
    lift, c, around = found[:, :-1] @ weights - found[:, -1], np.clip(found[:, :-1], -1.0, 1.0), around[:, :-1]
    apart, square = c - (c @ weights)[:, None], c**2
    fourth = (square**2 + 6.0 * square * around + 3.0 * around**2) @ weights - ((square + around) @ weights) ** 2
    spread = (apart**2 + around) @ weights
    spread[0] = max(variance * (1.0 - biased) ** 2, float(spread[0]) + (variance - left) * (1.0 - biased) ** 2)
    return lift, spread, (apart**3 + 3.0 * apart * around) @ weights, fourth


def _even_in_plane(plan: Plan, mean: float, variance: float) -> float:
    """The variance of c that goes on from the first row. Of points in the plane a batch normalization makes both directions equally long
    at once, and then it is at most (1 - mean^2) / 2."""
    return min(variance, (1.0 - mean**2) / 2.0) if plan.norm == "batch" and plan.seen == 2 else variance


def _uneven(plan: Plan, fields: Fields) -> float:
    """The mean of c^2 of what the first row's units see: tr(S^2) / tr(S)^2 = 1 / participation. Where a batch normalization takes the mean
    m away, the same of what is left: with S = Cov + m m^T, tr(S^2) = tr(Cov^2) + 2 m^T Cov m + |m|^4 (`_middle`)."""
    all_of_it, share = 1.0 / (fields.participation or math.inf), fields.mean_share
    if plan.pre != "batch" or share is None or not share < 1.0:
        return all_of_it
    return min(max(all_of_it - share**2 - _middle(fields), 0.0) / (1.0 - share) ** 2, 1.0)


def _middle(fields: Fields) -> float:
    """2 m^T Cov m / tr(S)^2: what a mean m and the deviations along it have in common of the mean of c^2. It goes with the mean."""
    return 2.0 * (fields.mean_share or 0.0) * beside_mean(fields)


def beside_mean(fields: Fields) -> float:
    """m^T Cov m / (|m|^2 tr(S)): of the first row's mean square what lies along the inputs' mean m, but for that mean's own; 0 where it
    was not measured."""
    return max((fields.along_mean or 0.0) - (fields.mean_share or 0.0), 0.0)
