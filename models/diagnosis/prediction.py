"""What the findings at step 0 foretell of training, and whether it came so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.config import RunConfig
from models.diagnosis.finding import Finding, Severity
from models.diagnosis.look import Look
from models.diagnosis.signal import correlation_gap
from models.diagnosis.steps import JOLT, NORMALIZED
from models.frame import Frame

Outcome = Literal["trains", "slow", "fails"]

Sign = tuple[Outcome, str, str]
"""What one sign foretells, the rule it belongs to, and why in words."""

LEARNED = (0.5, 0.95)
"""Training loss at the end over a guess's, ln(classes): trains below the first, fails from the second on."""

SHORTEST = 20
"""A run of fewer steps says nothing of the network."""

ALIKE = (0.025, 0.005)
"""1 - correlation of two inputs in the last hidden layer: slow below the first, fails below the second. Plain gradient steps need
about 1 / (1 - c) times as many to tell two inputs apart. An optimizer that divides by the gradient's size is held up by rounding only,
below ALIKE_ADAPTIVE; normalized layers that add to a skip are not, since the differences of all layers add up."""
ALIKE_ADAPTIVE = 0.002

ADAPTIVE_JOLT = 0.7
"""Such an optimizer never takes smaller steps where it nears its aim: slow from here on (see steps.JOLT, where it fails)."""

ADAPTIVE_DECADES = {"vanishing": (11.5, math.inf), "exploding": (3.5, 5.0)}
"""Of signal or gradient it bears more, too: slow and fails."""

NUMBERS = ("vanishing_signal", "exploding_signal", "vanishing_gradient", "exploding_gradient", "correlation", "learning_rate",
           "update_ratio")
"""Rules whose numbers are judged here, by what the optimizer makes of them."""

PLAIN: dict[Severity, Outcome] = {"ok": "trains", "note": "trains", "warning": "slow", "critical": "fails"}

ORDER: tuple[Outcome, ...] = ("trains", "slow", "fails")


class Prediction(BaseModel):
    """Whether the network will train in the steps it is given; `rule`: the finding that says so, null if none speaks against it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    rule: str | None
    sentence: str


def predict(config: RunConfig, frame: Frame, findings: list[Finding]) -> Prediction:
    """From the frame at step 0 and its findings: the worst that any sign foretells."""
    look = Look(config, frame, None)
    signs = [sign for sign in (*_told(findings), _steps(look, findings), _alike(look), *_decades(look)) if sign]
    outcome, rule, words = max(signs, key=lambda sign: ORDER.index(sign[0]), default=("trains", None, ""))
    if outcome == "trains":
        return Prediction(outcome="trains", rule=None, sentence="It will train: nothing at initialization speaks against it.")
    will = "It will train slowly" if outcome == "slow" else "It will not train"
    return Prediction(outcome=outcome, rule=rule, sentence=f"{will}: {words}.")


def _told(findings: list[Finding]) -> list[Sign]:
    """What rules foretell that say the same for every optimizer."""
    return [(PLAIN[finding.severity], finding.rule, _within(finding.title)) for finding in findings if finding.rule not in NUMBERS]


def _steps(look: Look, findings: list[Finding]) -> Sign | None:
    """Steps too large or too small, as the learning rate's rule found them."""
    found = next((finding for finding in findings if finding.rule == "learning_rate"), None)
    bears = NORMALIZED if look.normalized else 1.0
    if found is not None and look.jolt < JOLT[0] * bears:
        return "fails" if found.severity == "warning" or look.adaptive else "slow", found.rule, _within(found.title)
    if found is not None and (foretold := PLAIN[found.severity]) != "trains":
        return foretold, found.rule, _within(found.title)
    if look.adaptive and look.jolt >= ADAPTIVE_JOLT * bears:
        return "slow", "learning_rate", f"one step moves the last hidden layer by {look.jolt:.2g} of itself"
    return None


def _alike(look: Look) -> Sign | None:
    gap = correlation_gap(look)
    if gap is None or (look.config.network.residual and look.normalized):
        return None
    slow, fails = (0.0, ALIKE_ADAPTIVE) if look.adaptive else ALIKE
    words = f"in the last hidden layer two inputs differ by {gap:.1e} of their size"
    return ("fails", "correlation", words) if gap < fails else ("slow", "correlation", words) if gap < slow else None


def _decades(look: Look) -> Iterator[Sign]:
    """A signal or gradient that vanishes or explodes; plain gradient steps feel it in their size, which `_steps` has judged."""
    if not look.adaptive:
        return
    for name, change in (("signal", look.signal), ("gradient", look.gradient)):
        if change is None or (name == "gradient" and change.decades > 0):
            continue
        kind = "exploding" if change.decades > 0 else "vanishing"
        slow, fails = ADAPTIVE_DECADES[kind]
        size = abs(change.decades)
        if size >= slow:
            words = f"from end to end the {name}'s mean square changes by {size:.0f} decades"
            yield "fails" if size >= fails else "slow", f"{kind}_{name}", words


def _within(title: str) -> str:
    """A finding's title within a sentence."""
    return title[:1].lower() + title[1:]


def announced(prediction: Prediction) -> Finding:
    """The prediction as a finding, until it is scored."""
    title = {"trains": "Prediction: it will train", "slow": "Prediction: it will train slowly", "fails": "Prediction: it will not train"}
    return Finding(rule="prediction", severity="ok" if prediction.outcome == "trains" else "note", title=title[prediction.outcome],
                   cause=prediction.sentence)


def outcome(config: RunConfig, last: Frame) -> Outcome | None:
    """What came: from the mean training loss over the last frame's steps (up to ten); null where the run cannot tell.

    Too few steps cannot, and neither can Gaussian noise, whose labels are drawn at random.
    """
    if last["loss"] is None:
        return "fails"
    if last["step"] < SHORTEST or config.data.name == "gaussian":
        return None
    losses = [loss for loss in last["losses"] if loss is not None][-10:] or [last["loss"]]
    share = sum(losses) / len(losses) / math.log(config.classes)
    return "trains" if share < LEARNED[0] else "slow" if share < LEARNED[1] else "fails"


def score(prediction: Prediction, config: RunConfig, last: Frame) -> Finding:
    """Whether the prediction made at step 0 held, as a finding for the end of the run."""
    came, loss = outcome(config, last), last["loss"]
    reached = "the loss is no longer finite" if loss is None else f"the loss is {loss:.3g}"
    facts = f"After {last['step']} steps {reached}; a guess has {math.log(config.classes):.3g}."
    words = {"trains": "trains", "slow": "trains slowly", "fails": "does not train"}
    if came is None:
        return Finding(rule="prediction", severity="note", title=f"Predicted: {words[prediction.outcome]}; this run cannot tell",
                       measured=loss, cause=f"{facts} Too few steps, or labels drawn at random.")
    held = came == prediction.outcome
    return Finding(
        rule="prediction", severity="ok" if held else "note", measured=loss, threshold=LEARNED[0] * math.log(config.classes),
        title=f"Predicted: {words[prediction.outcome]}. " + ("It held." if held else f"It did not hold: the network {words[came]}."),
        cause=f"{prediction.sentence} {facts}")
