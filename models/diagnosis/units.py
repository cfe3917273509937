"""Rules on units: saturated, dead, or all alike."""

from __future__ import annotations

import math
from typing import Any

from models.activations import ACTIVATIONS
from models.diagnosis.finding import Finding, Severity, grade
from models.diagnosis.look import SMALLEST, Column, Look
from models.diagnosis.rates import first_of, paced
from models.diagnosis.remedy import mended
from models.diagnosis.signal import BORNE, VANISHING_DECADES, remedy
from models.diagnosis.soundness import SILENCED, crowded, silenced
from models.diagnosis.steps import dump
from models.diagnosis.variants import alike, changed, drawn
from models.words import Text, say, together

SATURATED = (0.4, 0.8, 0.95)
"""Share of values at a bounded activation's limits. tanh at Kaiming's gain of 5/3 has 0.2, hardtanh with Xavier 0.35;
both train, and so does a shallow hardtanh with 0.75. The share of so many units is off by 1 / sqrt(units), two standard deviations,
before it is said."""

DEAD = (0.4, 0.75, 0.99)
"""Share of units that are zero on the whole batch. He + ReLU has up to 0.55 in 50 layers, since all inputs become alike; a layer
that is dead to the last unit hands on nothing."""


def saturation(look: Look) -> Finding | None:
    """Not asked of relu6, whose lower limit is where half of all values belong."""
    limits = ACTIVATIONS[look.config.network.activation.name].limits(look.config.network.activation.params)
    if limits is None or look.config.network.activation.name == "relu6":
        return None
    shares = _shares(look, look.quantity("activation").get("saturated", ()))
    worst = max(shares.values(), default=0.0)
    severity = grade(worst, *SATURATED)
    if severity is None or worst < SATURATED[0] + 1.0 / math.sqrt(look.config.network.width):
        return None
    if look.config.network.residual:
        severity = "warning" if severity == "critical" else "note"  # the gradient passes by a layer that is flat
    if look.learned:
        severity = "note"
    sentence, config = remedy(look, severity, measured=_saturated_start(look))
    return Finding(
        rule="saturation", severity=severity,
        title=say("Saturated: {share:%} of a layer's values are at the activation's limits", share=worst),
        layers=[row for row, share in shares.items() if share >= SATURATED[0]], measured=worst, threshold=SATURATED[0],
        cause=_why_flat(look), remedy=sentence, config=config)


def _saturated_start(look: Look) -> float | None:
    """What the first frame's saturation costs, in units of what is tolerated; None where the first frame had none."""
    first = first_of(look)
    worst = max(_shares(first, first.quantity("activation").get("saturated", ())).values(), default=0.0)
    return worst / SATURATED[1] if worst >= SATURATED[0] else None


def _why_flat(look: Look) -> Text:
    """What the units that are left make of the gradient: weights so large may multiply it by more than the flat ones lose."""
    if look.gradient is not None and look.gradient.decades > -VANISHING_DECADES[0]:
        return say("The pre-activations are so large that the activation is flat there. What gradient there is passes through the other "
                   "values: each example teaches few units.")
    return say("The pre-activations are so large that the activation is flat there, and its derivative lets no gradient pass.")


def dead(look: Look) -> Finding | None:
    shares = _reached(look, _shares(look, look.quantity("activation").get("dead", ())))
    worst = max(shares.values(), default=0.0)
    severity: Severity | None = grade(worst, *DEAD)
    if severity is None:
        return None
    if severity == "critical" and look.config.network.residual:
        severity = "warning"  # the sum passes by a layer that hands on nothing
    sentence, config = _alive(look, severity)
    rows = [row for row, share in shares.items() if share >= DEAD[0]]
    return Finding(
        rule="dead_units", severity=severity,
        title=say("Dead: {share:%} of a layer's units are zero for every example", share=worst),
        layers=rows, measured=worst, threshold=DEAD[0], cause=_why_dead(look, rows[0]),
        remedy=sentence, config=config)


def _reached(look: Look, shares: dict[int, float]) -> dict[int, float]:
    """Without the rows before which the signal has vanished: their units are 0 because nothing is left to hand on. Rows behind a layer that
    hands on nothing of what reached it, dead or by dropout, stay."""
    sizes = _shares(look, look.quantity("preactivation").get("mean_square", ()))
    left = _shares(look, look.quantity("activation").get("mean_square", ()))
    blocked = min((row for row in shares if left.get(row) == 0.0 and not _faint(sizes.get(row))), default=math.inf)
    return {row: share for row, share in shares.items() if row >= blocked or not _faint(sizes.get(row))}


def _faint(mean_square: float | None) -> bool:
    return mean_square is not None and mean_square < SMALLEST**2


def _why_dead(look: Look, first: int) -> Text:
    """By the first row that has such units: where nothing reaches them the pre-activation is 0, on the flat side it is not."""
    z, place = look.quantity("preactivation"), look.frame["layers"].index(first)
    if z and z["zeros"][place] >= DEAD[0] * z["n"][place]:
        return say("Their pre-activations are 0 for the whole batch: the weights bring them nothing of the input.")
    return say("Their pre-activations are on the flat side for the whole batch, so no gradient reaches their weights.")


def _alive(look: Look, severity: Severity) -> tuple[Text, dict[str, Any] | None]:
    """A slope on both sides of ReLU; a start that carries the signal, where this one does not."""
    if look.config.network.activation.name not in ("relu", "relu6"):
        return remedy(look, severity)
    first, random = drawn(look.config)
    leaky = changed(random, network__activation={"name": "leaky_relu"})
    sentence = together(first, say("Use leaky ReLU, which has a slope on both sides."))
    found = None
    if not (look.carried and silenced(leaky) <= SILENCED and not crowded(leaky)):
        found = mended(leaky, only_sound=severity == "note")
        if found is None and severity == "note":
            return BORNE, None
    whole = (sentence, leaky) if found is None else (together(sentence, found[0]), found[1])
    whole = paced(whole, look)
    return whole[0], dump(whole)


def _shares(look: Look, column: Column) -> dict[int, float]:
    return {row: share for row, share in zip(look.hidden, column, strict=False) if share is not None}


def symmetry(look: Look) -> Finding | None:
    """All weights of a layer are one number, so all its units compute the same and get the same gradient."""
    weight = look.quantity("weight")
    if not weight or look.config.network.width == 1:
        return None
    rows = [row for index, row in enumerate(look.hidden) if weight["n"][index] > 1 and weight["min"][index] == weight["max"][index]]
    if not rows and not look.initial and _drawn_alike(look):
        rows = look.hidden
    if not rows:
        return None
    found = mended(look.config) or mended(look.config, redrawn=True)
    found = found and paced(found, look)
    spread = max((value for index, row in enumerate(look.hidden) if row in rows and (value := weight["std"][index])), default=0.0)
    broken = look.config.bias_init.name in ("normal", "uniform", "pytorch_default") and look.config.network.has_bias
    return Finding(
        rule="symmetry", severity="warning" if broken and any(weight["max"][: len(look.hidden)]) else "critical",
        title=say("All units alike: one weight throughout each of layers {first} to {last}", first=rows[0], last=rows[-1]) if len(rows) > 1
        else say("All units alike: one weight throughout layer {layer}", layer=rows[0]),
        layers=rows, measured=spread, threshold=0.0,
        cause=say("Units with the same weights compute the same and get the same gradient: a layer of any width is one unit."),
        remedy=found[0] if found else say("Draw the weights at random."), config=dump(found))


def _drawn_alike(look: Look) -> bool:
    """Whether nothing in the configuration has told the units apart since the start."""
    return alike(look.config) and look.config.network.dropout == 0 and look.config.bias_init.name in ("zeros", "constant")
