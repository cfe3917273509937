"""Rules on the optimizer's steps: how far they move the weights, and whether the loss survives it."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

from models.config import RunConfig
from models.diagnosis.finding import Finding, Severity, grade, worst_first
from models.diagnosis.learned import guess
from models.diagnosis.look import Look
from models.diagnosis.rates import GOOD_RATIO, LARGEST_RATE, even, paced, sized, slower, with_rate
from models.diagnosis.remedy import mended
from models.diagnosis.tolerance import JOLT, jolts, largest_swing, left, reach, shrinking, strides, swing
from models.diagnosis.variants import Remedy
from models.words import Text, say

RATIO_HIGH = (1e-2, 10**-1.5, 10**-0.5)
"""Note, warning, critical."""

RATIO_LOW = (1e-4, 1e-5)
"""Note and warning, while the loss is still above half of a guess: a network that has learned needs no large steps."""

NOTHING_HELPS = say("No start, normalization or learning rate that is tried is foreseen to mend it: try fewer layers or more units.")
"""Why there is no configuration beside a finding."""


def divergence(look: Look) -> Finding | None:
    """Numbers that are not finite, or a loss far above a guess's and above where it started."""
    broken, loss = look.broken, look.frame["loss"]
    if loss is not None and not broken:
        return _rising(look, loss)
    where = say("from layer {layer} on", layer=broken[0]) if broken else say("in the loss")
    cause = say("Numbers overflow {where}: the weights make every layer's values larger.", where=where) if look.initial else \
        say("At step {step:,} numbers are not finite {where}: the steps are too large for these gradients.", step=look.frame["step"],
            where=where)
    return _diverged(look, "critical", say("Diverged: not finite {where}", where=where), cause, None, None, broken)


def _rising(look: Look, loss: float) -> Finding | None:
    start = next((frame["loss"] for frame in look.history), None)
    if start is None or look.initial or loss < (limit := 3.0 * max(start, guess(look.config))):
        return None
    return _diverged(look, "warning", say("The loss rises: {start:.3g} → {loss:.3g}", start=start, loss=loss),
                     say("The steps overshoot: the loss is above three times its start."), loss, limit, [])


def _diverged(look: Look, severity: Severity, title: Text, cause: Text, measured: float | None, threshold: float | None,
              layers: list[int]) -> Finding:
    found = _calmer(look)
    return Finding(rule="divergence", severity=severity, title=title, cause=cause, layers=layers, measured=measured,
                   threshold=threshold, remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def _calmer(look: Look) -> Remedy | None:
    """At step 0 the start is what overflows; later, if the start was sound, the steps."""
    if look.initial:
        start = mended(look.config)
        return start and paced(start, look)
    return sized(look) or slower(look)


def learning_rate(look: Look) -> Finding | None:
    """At step 0: whether the steps to come are of a size that learns, from learning rate, gradients and weights alone."""
    config, each = look.config, look.movement
    if not look.initial or not each.rows or config.total_steps == 0 or look.broken:
        return None
    if large := worst_first([found for found in (_jolt(look), _stride(look), _swing(look)) if found]):
        return large[0]
    reached, limits = reach(config, each, look.logits)
    reached *= config.total_steps
    return _reach(look, "warning" if reached < limits[1] else "note", reached, limits[0]) if reached < limits[0] else None


def _jolt(look: Look) -> Finding | None:
    """A first step that is larger than those to come is got over, or not: critical is what these do."""
    each, limits = look.movement, jolts(look.config)
    jolt = left(look.config, each) if shrinking(look.config) else each.jolt
    severity = grade(jolt, *limits[:2], math.inf if each.lasting < limits[2] else limits[2])
    return severity and _too_large(look, severity, jolt, limits[0], _jolted(look.config, jolt), _moved(look))


def _jolted(config: RunConfig, jolt: float) -> Text:
    if shrinking(config):
        return say("Steps too large: after {steps:,} of them one still moves the last hidden layer by {jolt:.2g} times its own size",
                   steps=config.total_steps, jolt=jolt)
    return say("First steps too large: one moves the last hidden layer by {jolt:.2g} times its own size", jolt=jolt)


def _stride(look: Look) -> Finding | None:
    """Below JOLT a step does no more than its first order says, however far it moves the weights."""
    limits, stride = strides(look.config), look.movement.stride
    severity = grade(stride, *limits) if look.movement.jolt >= JOLT[0] else None
    return severity and _too_large(look, severity, stride, limits[0], say(
        "First steps too large: one moves the layers' weights by {stride:.2g} of their norms in all", stride=stride), _moved(look))


def _swing(look: Look) -> Finding | None:
    found, limit = swing(look.config, look.movement, look.logits), largest_swing(look.config)
    if found < limit:
        return None
    title = say("Steps become too large: as it learns, one comes to move the layers' weights by {swing:.2g} of their norms in all",
                swing=found)
    cause = say("The gradients grow with the logits, whose root mean square is {logits:.2g} at the start.", logits=math.sqrt(look.logits))
    return _too_large(look, "warning", found, limit, title, cause)


def _too_large(look: Look, severity: Severity, measured: float, threshold: float, title: Text, cause: Text) -> Finding:
    found = sized(look)
    return Finding(
        rule="learning_rate", severity=severity, title=title, layers=list(look.frame["layers"]), measured=measured, threshold=threshold,
        cause=cause, remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def _moved(look: Look) -> Text:
    first = look.movement.first
    return say("Relative to their norm the layers' weights move by {most:.2g} at most a step, {median:.2g} in the median; "
               "through all layers that adds up.", most=max(first), median=median(first))


def _reach(look: Look, severity: Severity, reached: float, threshold: float) -> Finding:
    found = sized(look)
    many = look.config.total_steps
    return Finding(
        rule="learning_rate", severity=severity,
        title=say("Steps too small: {steps:,} {steps|step changes|steps change} what the median layer computes by at most {reached:.2g} of "
                  "itself", steps=many, reached=reached) if look.adaptive
        else say("Steps too small: {steps:,} {steps|step moves|steps move} the network by {reached:.2g} of itself",
                 steps=many, reached=reached),
        layers=list(look.frame["layers"]), measured=reached, threshold=threshold,
        cause=say("The gradients that reach the weights are too small for this learning rate and this number of steps: one moves the "
                  "median layer's weights by {median:.2g} of their norm.", median=look.movement.typical),
        remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def update_ratio(look: Look) -> Finding | None:
    """The size of the last update over the size of the weights."""
    ratios = {row: ratio for row, ratio in zip(look.frame["layers"], look.quantity("update").get("ratio", ()), strict=False)
              if ratio is not None}
    if not ratios:
        return None
    middle = median(ratios.values())
    severity: Severity | None = grade(middle, *RATIO_HIGH)
    if severity is None and middle < RATIO_LOW[0] and not look.learned:
        severity = "warning" if middle < RATIO_LOW[1] else "note"
    if severity is None:
        return None
    high = middle >= RATIO_HIGH[0]
    limit = RATIO_HIGH[0] if high else RATIO_LOW[0]
    found = _evened(look, middle, list(ratios.values()))
    return Finding(
        rule="update_ratio", severity=severity,
        title=say("Updates too large: {ratio:.2g} times the weights a step", ratio=middle) if high
        else say("Updates too small: {ratio:.2g} times the weights a step", ratio=middle),
        layers=[row for row, ratio in ratios.items() if (ratio > limit) == high], measured=middle, threshold=limit,
        cause=say("In the median layer a step changes the weights by {ratio:.2g} times their norm; near 10⁻³ is good, "
                  "above 10⁻² a step undoes what the ones before learned.", ratio=middle) if high
        else say("In the median layer a step changes the weights by {ratio:.2g} times their norm; near 10⁻³ is good, "
                 "below 10⁻⁴ hardly anything moves.", ratio=middle),
        remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def _evened(look: Look, middle: float, ratios: list[float]) -> Remedy | None:
    """What suits the run's start; where its learning rate does, the one that makes the median row's update GOOD_RATIO of its weights now,
    or a mended start where rows differ too much."""
    if look.history and (found := sized(look)):
        return found
    lr = look.config.training.optimizer.params["lr"]
    better = float(f"{lr * GOOD_RATIO / middle:.1e}") if middle > 0 else math.inf
    if even(ratios) and better <= LARGEST_RATE:
        return with_rate(look.config, better or 0.01)
    start = mended(look.config)
    return start and paced(start, look)


def dump(found: Remedy | None) -> dict[str, Any] | None:
    return None if found is None else found[1].model_dump(mode="json")
