"""What stands beside the numbers: approximations made, and what the fixed point cannot say, one sentence each."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from models.theory.band.known import by_epsilon, output_unknown, unknown_from
from models.theory.chain import Chain
from models.theory.fixed_point import FixedPoint
from models.theory.gaussian import second_moment
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array
from models.words import Text, say, together

FEW = 32
"""Where a unit of the first layer sees fewer numbers, or a group has fewer units, theory is off: two inputs' correlation was measured up to
0.17 away (0.08 for points in the plane, 0.06 for 25 pixels); with 64 features it is within 0.02."""

DEEP = 20
"""From so many layers on it shows that a batch normalization makes examples depend on each other (by 0.4 decades of the gradient's square
in 20 layers of softplus)."""

SHARED = 0.05
"""From this share of a layer's growth, or of phi's mean square, on a note speaks of the gradient that units share."""

FLOAT32_MAX = 3.4028235e38


def notes(plan: Plan, rows: Chain, rest: FixedPoint, phase: str | None, low: Array, decided: int | None, beyond: Array) -> list[Text]:
    """Sentences for the page, the most important first.

    low:    the band's lower end        decided: the row from which on there is no band because the law of lengths decides
    (band/interval.py) beyond: the gradient's growth over chi, row by row
    """
    found = [*_overflow(rows), *_fixed_point(plan, rest, phase), *_convolution(plan, rows), *_of_the_input(plan), *_of_normalizations(plan),
             *_without_band(plan, rows), *_of_lsuv(plan, rows), *_of_small_effects(plan, rows), *_running_away(plan, rows, low, decided),
             *_shared(plan, rows, beyond)]
    return [sentence for sentence in found if sentence]


def _overflow(rows: Chain) -> list[Text]:
    first = next((row for row, q in enumerate(rows.q[:-1], 1) if not q < FLOAT32_MAX), None)
    if first is None:
        return []
    return [say("From layer {row} on the mean square is beyond float32's largest number, 3.4·10³⁸: a measured run shows infinities, "
                "at the latest where single values, of the size of its root, overflow as well.", row=first)]


def _fixed_point(plan: Plan, rest: FixedPoint, phase: str | None) -> list[Text]:
    if plan.residual and rest.q is None:
        return [say("With residual connections q grows from layer to layer and has no fixed point; "
                    "χ is that of the last layers of a deep one.")]
    if rest.q is None and plan.nl.slope is not None:
        return [say("q grows without end: there is no fixed point, since σ_w² is at or above this activation's critical value.")]
    if rest.q is None:
        return [say("q grows without end: there is no fixed point.")]
    if plan.nl.slope is not None and plan.norm == "none" and phase == "critical" and plan.hidden.bias == 0:
        kept = say("On the critical line without bias every q is a fixed point: q* is the value the first layer gives.")
        return [kept if plan.nl.slope == 1.0 else
                together(kept, say("Two inputs' correlation still goes to 1, slower than exponentially."))]
    if phase == "critical" and math.isfinite(rest.depth_scale_c):
        return [say("χ is within 0.001 of 1: the depth scale is long but finite.")]
    return []


def _running_away(plan: Plan, rows: Chain, low: Array, decided: int | None) -> list[Text]:
    if decided is not None:
        return [say("Inputs of different lengths reach φ's bend in different layers, and of their lengths' law only three moments are "
                    "known: the mean square hangs on it by more than a band is wide. From layer {row} on no band is given.", row=decided)]
    if plan.pre == "batch" and math.isnan(low[-1]) and unknown_from(plan, rows) is None and not output_unknown(plan, rows):
        return [say("Batch normalization holds the batch's mean square, but not each example's: this activation makes long ones longer, "
                    "layer by layer, until a few rule. That is not followed: the output has no band.")]
    ends = low[:-1] if output_unknown(plan, rows) else low
    first = next((row for row, (end, q) in enumerate(zip(ends, rows.q, strict=False), 1) if math.isnan(end) and q < math.inf), None)
    if first is None or unknown_from(plan, rows) is not None:
        return []
    return [say("q runs away from an unstable fixed point, or so few units draw so much: soon networks of this width differ by factors, "
                "and their mean square is no longer near theory's. From layer {row} on no band is given.", row=first)]


def _shared(plan: Plan, rows: Chain, beyond: Array) -> list[Text]:
    """What is said of the gradient that units share (shared.py)."""
    if not plan.residual or plan.norm != "none" or plan.depth == 1:
        return []
    if plan.pixels > 1:
        square, mean = second_moment(plan.nl, max(rows.q[-2] - plan.nl.centres[0] ** 2, 0.0))
        return [] if not mean**2 > SHARED * square else [
            say("Skips add up the activation's mean, so that units share a part of the gradient, which grows faster than χ says. In images "
                "that is not followed: expect up to 1.5 times theory's growth a layer.")]
    most = float(np.nanmax(beyond[:-1], initial=1.0))
    return [] if not most > 1.0 + SHARED else [
        say("Skips add up the activation's mean, so that units share a part of the gradient that grows faster than χ says, by up to "
            "{times:.2f} a layer at this width. The predicted gradient counts it.", times=most)]


def _convolution(plan: Plan, rows: Chain) -> list[Text]:
    if plan.config.network.kind == "mlp":
        return []
    found = []
    if math.isnan(rows.pooled):
        found.append(say("The output needs the correlations between the input's pixels, which are not given: null."))
    elif plan.config.data.name != "gaussian":
        found.append(say("Pixels' correlations are followed from their mean over all distances: an approximation, seen in the output, "
                         "which has no band."))
    if plan.config.data.name != "gaussian" and rows.fields.participation is None:
        found.append(say("No band is given: it needs the input's participation ratio, which is not given."))
    elif output_unknown(plan, rows):
        found.append(say("What the output reads, the mean over an image's pixels, is made here of what single pixels or units have in "
                         "common by chance, of which theory follows the mean only: the output has no band."))
    if plan.kernel > 1:
        found.append(say("Zero padding: the variance is followed pixel by pixel and averaged, correlation and gradient use that average "
                         "as if padding were circular: an approximation."))
    if plan.pre in ("layer", "group", "rms", "batch"):
        found.append(say("The normalization's average over pixels is taken as the average over independent units: an approximation."))
    return found


def _elasticity(plan: Plan, rows: Chain) -> float:
    """d ln E[phi^2] / d ln q of the last hidden row: what becomes of the ratio of two inputs' lengths."""
    q, h = rows.q[-2] - plan.nl.centres[0] ** 2, 1e-3
    if not 0.0 < q < math.inf:
        return 0.0
    return math.log(second_moment(plan.nl, q * (1 + h))[0] / second_moment(plan.nl, q * (1 - h))[0]) / (2 * h)


def _of_the_input(plan: Plan) -> Iterator[Text]:
    if plan.config.data.name != "gaussian" and plan.pre not in ("layer", "group", "rms"):
        yield say("Every example counts as having the batch's mean square, while those of {data} differ in length: "
                  "where φ bends, expect deviations in the first layers, before q forgets the input.", data=plan.config.data.name)
    if plan.seen < FEW and plan.nl.slope != 1.0:
        yield say("A unit of the first layer sees only {seen} of the input's numbers, so pairs of inputs have very different "
                  "cosines, of which theory follows the mean: expect two inputs' correlation to be off by up to 0.1, of images "
                  "by 0.2.", seen=plan.seen)


def _of_normalizations(plan: Plan) -> Iterator[Text]:
    if plan.post == "group" and inner_width(plan.config) < FEW:
        yield say("Behind the activation a group of {units:g} {units|unit|units} has a spread that differs much from example to "
                  "example: expect gradient factors above theory's, twofold with 8 units, by a fifth with 16.",
                  units=inner_width(plan.config))
    if plan.flat:
        yield say("A unit's standard deviation over the batch, by which batch normalization divides, comes from only {seen} "
                  "{seen|number|numbers} of the input and is often small: expect the gradient to grow by up to 8 a layer where "
                  "the activation is nearly linear, and by 2 to 4 in the first layers of others.", seen=plan.seen)
    if plan.norm == "batch":
        yield say("Batch normalization is treated for large batches; "
                  "with {batch} {batch|example|examples} expect errors of a few times 1/{batch}.", batch=plan.batch)
    if plan.norm == "batch" and not plan.residual and plan.depth >= DEEP:
        yield say("Through many layers the examples of a batch come to depend on each other, which is not followed: expect the "
                  "gradient to grow faster than theory says, by up to a sixth a layer where the activation is nearly linear.")


def _without_band(plan: Plan, rows: Chain) -> Iterator[Text]:
    """Rows without a band, and why (band/known.py)."""
    if by_epsilon(plan, rows):
        yield say("ε counts beside the variances that the normalization divides by, and these differ by factors: from unit to unit "
                  "or from example to example. What it leaves of them is not followed. No band is given.")
    row = unknown_from(plan, rows)
    if row == 2:
        yield say("An image's pixels differ in length, which these layers keep or turn into means. That is not followed, and more "
                  "seeds would lie outside than a band says. From layer {row} on no band is given.", row=row)
    if row is not None and row > 2:
        yield say("Skips beside a batch normalization behind the activation let the examples' lengths drift apart, which is not "
                  "followed: expect deviations that grow with depth. From layer {row} on no band is given.", row=row)


def _of_lsuv(plan: Plan, rows: Chain) -> Iterator[Text]:
    if not plan.unit:
        return
    yield say("LSUV fits every layer's weights to the batch: its output's variance is 1 before the gain, "
              "and σ_w² is what that takes.")
    drift = _elasticity(plan, rows)
    if drift > 1.0 + 1.0 / plan.depth:
        yield say("LSUV holds the batch's mean square, but not each example's: a layer multiplies the logarithm of two lengths' "
                  "ratio by {drift:.2f}, and one fades beside the other. Expect two inputs' correlation to leave theory's on "
                  "the way.", drift=drift)


def _of_small_effects(plan: Plan, rows: Chain) -> Iterator[Text]:
    if plan.config.bias_init.name in ("uniform", "pytorch_default") and plan.hidden.bias > 0.1 * rows.v[0]:
        yield say("Uniform biases count as Gaussian ones of the same variance: an approximation where they dominate.")
    if plan.width < 64:
        yield say("A width of {width} is small: expect deviations of the order of 1/{width} a layer, as the band shows.",
                  width=plan.width)
