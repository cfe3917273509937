"""Rules on the optimizer's steps: how far they move the weights, and whether the loss survives it."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

from models.diagnosis.finding import Finding, Severity, grade
from models.diagnosis.look import Look
from models.diagnosis.remedy import Remedy, changed, mended
from models.words import Text, say

GOOD_RATIO = 1e-3
"""Norm of the update over norm of the weight: what is aimed at (DL4J's advice: log10 near -3, bad above -2 and below -4)."""

RATIO_HIGH = (1e-2, 10**-1.5, 10**-0.5)
"""Note, warning, critical."""

RATIO_LOW = (1e-4, 1e-5)
"""Note and warning, while the loss is still above half of a guess: a network that has learned needs no large steps."""

JOLT = (1.5, 4.5, 7.0)
"""By how much of itself the first step moves the last hidden layer (Look.jolt): note, warning, critical. Of the calibration's
networks most train below the second, few between it and the third, none above."""

NORMALIZED = 15.0
"""A normalization bears so many times more: what the weights are scaled by, it takes out again, and the growth of the weights
that too large steps bring makes the next ones smaller."""

TRAVEL = (0.65, 0.18)
"""The rows' relative changes, summed over rows and steps: by how much of itself the output can move in the whole run. Below the
first a run barely begins to learn, below the second it does not. Gradients grow as learning begins: no bound."""

REACH = (0.05, 0.02)
"""The same for the median row of an optimizer that divides each gradient by its own size, without the sum over rows: what eps holds
back, it holds back in most rows at once."""

LARGEST_RATE = 10.0
"""The largest learning rate that is offered: where it takes more, no gradient to speak of arrives."""

FEWEST = 100
"""Steps of GOOD_RATIO that a mended run takes at least."""

MOST = 10_000
"""The most steps that are offered as a remedy: where it takes more, the start has to change."""

NOTHING_HELPS = say("Try fewer layers or more units.")
"""Where no configuration that is tried mends what was found."""

SPREAD = 30.0
"""Where rows' relative changes differ more than so, no learning rate suits all of them."""


def divergence(look: Look) -> Finding | None:
    """Numbers that are not finite, or a loss far above a guess's and above where it started."""
    broken, loss = look.broken, look.frame["loss"]
    if loss is not None and not broken:
        return _rising(look, loss)
    where = say("from layer {layer} on", layer=broken[0]) if broken else say("in the loss")
    cause = say("Numbers overflow {where}: the weights make every layer's values larger.", where=where) if look.initial else \
        say("At step {step} numbers are not finite {where}: the steps are too large for these gradients.", step=look.frame["step"],
            where=where)
    return _diverged(look, "critical", say("Diverged: not finite {where}", where=where), cause, None, None, broken)


def _rising(look: Look, loss: float) -> Finding | None:
    start = next((frame["loss"] for frame in look.history), None)
    if look.initial or start is None or loss < 3.0 * max(start, look.guess):
        return None
    return _diverged(look, "warning", say("The loss rises: {start:.3g} → {loss:.3g}", start=start, loss=loss),
                     say("The steps overshoot: the loss is above three times its start."), loss, 3.0 * max(start, look.guess), [])


def _diverged(look: Look, severity: Severity, title: Text, cause: Text, measured: float | None, threshold: float | None,
              layers: list[int]) -> Finding:
    sized = _sized(Look(look.config, look.history[0], None)) if look.history else mended(look.config)
    found = sized or slower(look)
    return Finding(rule="divergence", severity=severity, title=title, cause=cause, layers=layers, measured=measured,
                   threshold=threshold, remedy=found[0], config=dump(found))


def learning_rate(look: Look) -> Finding | None:
    """At step 0: whether the steps to come are of a size that learns, from learning rate, gradients and weights alone."""
    if not look.initial or not look.steps or look.config.total_steps == 0 or look.broken:
        return None
    bears = NORMALIZED if look.normalized else 1.0
    if severity := grade(look.jolt / bears, *JOLT):
        return _jolt(look, severity, JOLT[0] * bears)
    reached, limits = (look.step, REACH) if look.adaptive else (sum(look.steps), TRAVEL)
    reached *= look.config.total_steps
    return _reach(look, "warning" if reached < limits[1] else "note", reached, limits[0]) if reached < limits[0] else None


def _jolt(look: Look, severity: Severity, threshold: float) -> Finding:
    found = _sized(look)
    return Finding(
        rule="learning_rate", severity=severity,
        title=say("First steps too large: one moves the last hidden layer by {jolt:.2g} of itself", jolt=look.jolt),
        layers=list(look.frame["layers"]), measured=look.jolt, threshold=threshold,
        cause=say("Relative to their norm the layers' weights move by {most:.2g} at most a step, {median:.2g} in the median; "
                  "through all layers that adds up.", most=max(look.steps), median=look.step),
        remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def _reach(look: Look, severity: Severity, reached: float, threshold: float) -> Finding:
    found = _sized(look)
    many = look.config.total_steps
    return Finding(
        rule="learning_rate", severity=severity,
        title=say("Steps too small: {steps} of them move the network by {reached:.1e} of its weights in the median layer",
                  steps=many, reached=reached) if look.adaptive
        else say("Steps too small: {steps} of them move the network by {reached:.1e} of itself", steps=many, reached=reached),
        layers=list(look.frame["layers"]), measured=reached, threshold=threshold,
        cause=say("The gradients that reach the weights are too small for this learning rate and this number of steps: one moves the "
                  "median layer's weights by {median:.1e} of their norm.", median=look.step),
        remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def update_ratio(look: Look) -> Finding | None:
    """The size of the last update over the size of the weights."""
    ratios = {row: ratio for row, ratio in zip(look.frame["layers"], look.quantity("update").get("ratio", ()), strict=False)
              if ratio is not None}
    if not ratios:
        return None
    middle, loss = median(ratios.values()), look.frame["loss"]
    learned = loss is not None and loss < look.guess / 2
    severity: Severity | None = grade(middle, *RATIO_HIGH)
    if severity is None and middle < RATIO_LOW[0] and not learned:
        severity = "warning" if middle < RATIO_LOW[1] else "note"
    if severity is None:
        return None
    high = middle >= RATIO_HIGH[0]
    limit = RATIO_HIGH[0] if high else RATIO_LOW[0]
    found = _scaled(look, GOOD_RATIO / max(middle, 1e-12)) if _even(list(ratios.values())) else mended(look.config) or slower(look)
    return Finding(
        rule="update_ratio", severity=severity,
        title=say("Updates too large: {ratio:.1e} of the weights a step", ratio=middle) if high
        else say("Updates too small: {ratio:.1e} of the weights a step", ratio=middle),
        layers=[row for row, ratio in ratios.items() if (ratio > limit) == high], measured=middle, threshold=limit,
        cause=say("In the median layer a step changes the weights by {ratio:.1e} of their norm; near 1e-3 is good, "
                  "above 1e-2 a step undoes what the ones before learned.", ratio=middle) if high
        else say("In the median layer a step changes the weights by {ratio:.1e} of their norm; near 1e-3 is good, "
                 "below 1e-4 hardly anything moves.", ratio=middle),
        remedy=found[0] if found else NOTHING_HELPS, config=dump(found))


def _sized(look: Look) -> Remedy | None:
    """The learning rate at which the median step is GOOD_RATIO; where rows differ too much for any, the mended start; None where no
    learning rate makes anything of the gradients."""
    lr = float(look.config.training.optimizer.params["lr"])
    if lr == 0:
        return _scaled(look, 1.0)
    if not (look.carried and _even(look.steps)) and (found := mended(look.config)):
        return found
    factor = min(GOOD_RATIO / max(look.step, 1e-12), 0.5 / max(look.jolt, 1e-12))
    if look.step == 0 or lr * factor > LARGEST_RATE or (needed := _steps_needed(look, factor)) > MOST:
        return mended(look.config)
    return _scaled(look, factor, needed)


def _steps_needed(look: Look, factor: float) -> int:
    """Steps after which a run has moved as far as the rule asks (TRAVEL, REACH), with a tenth to spare, rounded up to two digits."""
    limit, each = (REACH[0], look.step) if look.adaptive else (TRAVEL[0], sum(look.steps))
    needed: int = math.ceil(1.1 * limit / (each * factor))
    unit: int = 10 ** max(0, len(str(needed)) - 2)
    return max(FEWEST, math.ceil(needed / unit) * unit)


def _even(steps: list[float]) -> bool:
    """Whether one learning rate suits all rows but the odd one, and the gradients are there at all."""
    ordered = sorted(step for step in steps if step > 0)
    cut = len(ordered) // 10
    inner = ordered[cut : len(ordered) - cut]
    return bool(inner) and inner[-1] / inner[0] < SPREAD and inner[-1] > 1e-7


def slower(look: Look) -> Remedy:
    return _scaled(look, 0.1)


def _scaled(look: Look, factor: float, needed: int = FEWEST) -> Remedy:
    """The learning rate times a factor, to two digits; more steps where there are too few for it to get anywhere."""
    old = look.config.training.optimizer.params["lr"]
    lr = min(LARGEST_RATE, float(f"{old * factor:.1e}")) if old else 0.01
    steps = look.config.training.steps
    few = steps is not None and 0 < steps < needed
    paths: dict[str, Any] = {"training__steps": needed} if few else {}
    more = say(", and take {steps} steps", steps=needed) if few else ""
    sentence = say("Set the learning rate to {lr:g}{more}: the weights then change by about a thousandth a step.", lr=lr, more=more) \
        if factor != 0.1 else say("Lower the learning rate to {lr:g}{more}.", lr=lr, more=more)
    return sentence, changed(look.config, training__optimizer__lr=lr, **paths)


def dump(found: Remedy | None) -> dict[str, Any] | None:
    return None if found is None else found[1].model_dump(mode="json")
