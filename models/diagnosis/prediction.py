"""What the findings at step 0 foretell of training, and whether it came so."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.config import RunConfig
from models.diagnosis.finding import Finding, Severity
from models.frame import Frame

Outcome = Literal["trains", "slow", "fails"]

LEARNED = (0.5, 0.95)
"""Training loss at the end over a guess's, ln(classes): trains below the first, fails from the second on."""

SHORTEST = 20
"""A run of fewer steps says nothing of the network."""

FORETELLS: dict[str, dict[Severity, Outcome]] = {
    "learning_rate": {"note": "slow", "warning": "fails"},
    "correlation": {"note": "slow"},
}
"""Where a severity foretells something else than PLAIN says."""

ADAPTIVE: dict[Severity, Outcome] = {"critical": "slow", "warning": "trains"}
"""Of a signal or gradient that vanishes or explodes, where the optimizer divides each gradient by its own size."""

PLAIN: dict[Severity, Outcome] = {"ok": "trains", "note": "trains", "warning": "slow", "critical": "fails"}

ORDER: tuple[Outcome, ...] = ("trains", "slow", "fails")


class Prediction(BaseModel):
    """Whether the network will train in the steps it is given; `rule`: the finding that says so, null if none speaks against it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    rule: str | None
    sentence: str


def predict(findings: list[Finding], config: RunConfig | None = None) -> Prediction:
    """From the findings at step 0: the worst that any of them foretells, with this configuration's optimizer."""
    adaptive = config is not None and "eps" in config.training.optimizer.params
    said = [(_foretold(finding, adaptive), finding) for finding in findings]
    outcome, finding = max(said, key=lambda pair: ORDER.index(pair[0]), default=("trains", None))
    if outcome == "trains" or finding is None:
        return Prediction(outcome="trains", rule=None, sentence="It will train: nothing at initialization speaks against it.")
    will = "It will train slowly" if outcome == "slow" else "It will not train"
    return Prediction(outcome=outcome, rule=finding.rule, sentence=f"{will}: {finding.title[:1].lower()}{finding.title[1:]}.")


def _foretold(finding: Finding, adaptive: bool) -> Outcome:
    table = FORETELLS.get(finding.rule, {})
    if adaptive and finding.rule.endswith(("_signal", "_gradient")):
        table = ADAPTIVE
    return table.get(finding.severity, PLAIN[finding.severity])


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
