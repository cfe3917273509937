"""The verdict: named rules over a frame and theory, worst first, each with a configuration that mends what it found.

what the rules see     finding.py (a finding), look.py (a frame as rules see it), movement.py (what an optimizer's step does), learned.py
the rules              signal.py, units.py, dropout.py, steps.py, settings.py, precision.py
what they offer        variants.py (a configuration with other values) -> soundness.py (what theory says it costs) -> candidates.py
                       (those that are tried) -> remedy.py (the one that is offered);  tolerance.py (how large steps a network bears) ->
                       rates.py (the learning rate that is offered)
of a whole run         prediction.py (what the findings at step 0 foretell), unlearned.py (runs that end without having learned),
                       pretrained.py (which layers took trained weights)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.config import RunConfig
from models.diagnosis.dropout import dropout_noise
from models.diagnosis.finding import Finding, Severity, worst_first, written
from models.diagnosis.learned import Outcome, training_loss
from models.diagnosis.look import Look
from models.diagnosis.precision import half_precision
from models.diagnosis.prediction import Prediction, announced, held, outcome, predict, score
from models.diagnosis.settings import kaiming_gain, small_batch, useless_bias
from models.diagnosis.signal import correlation, gradient, signal
from models.diagnosis.steps import divergence, learning_rate, update_ratio
from models.diagnosis.units import dead, saturation, symmetry
from models.diagnosis.unlearned import Lowest, ended, lost
from models.frame import Frame
from models.theory import Theory
from models.words import Text, say

__all__ = [
    "RULES", "Finding", "Outcome", "Prediction", "Severity", "Verdict", "announced", "diagnose", "held", "outcome", "predict", "score",
    "written",
]

RULES: tuple[Callable[[Look], Finding | None], ...] = (
    divergence, symmetry, dead, signal, gradient, correlation, dropout_noise, saturation, small_batch, learning_rate, update_ratio,
    kaiming_gain, useless_bias, half_precision,
)
"""Every rule: a frame looked at -> a finding or None. Of findings equally bad, the one whose rule stands first is shown first."""

CONSEQUENCES = ("vanishing_signal", "exploding_signal", "vanishing_gradient", "exploding_gradient", "correlation", "dead_units",
                "saturation", "learning_rate", "update_ratio")
"""What units that are all alike bring with them: not said once more."""


def diagnose(config: RunConfig, frame: Frame, theory: Theory | None = None, history: Sequence[Frame] = ()) -> list[Finding]:
    """The findings, worst first; with nothing above a note, one that says so.

    theory:  of this configuration, for step 0 (it says nothing of trained weights)
    history: earlier frames of the run; the first is enough
    """
    look = Look(config, frame, theory if frame["step"] == 0 and theory is not None and theory.applies else None, history)
    found = [finding for rule in RULES if (finding := rule(look))]
    if any(finding.rule == "symmetry" and finding.severity == "critical" for finding in found):
        found = [finding for finding in found if finding.rule not in CONSEQUENCES]
    if all(finding.severity == "note" for finding in found):
        found.append(healthy(look))
    return worst_first(found)


def healthy(look: Look) -> Finding:
    """Said where nothing is above a note."""
    return Finding(
        rule="healthy", severity="ok", title=_rates(look), layers=look.hidden,
        measured=look.signal.rate if look.signal else None, theory=look.signal_theory,
        cause=_kept(look) if look.initial else say("Signal, gradient and updates are of a size that learns."))


def _kept(look: Look) -> Text:
    """What depth does in all, where it is more than half a decade."""
    forward, back = (found.decades if found else 0.0 for found in (look.signal, look.gradient))
    if max(abs(forward), abs(back)) < 0.5:
        return say("Signal and gradient keep their size from the first layer to the last.")
    return say("Over all hidden layers the signal changes by a factor of {forward:.3g} and the gradient, on its way back, by {back:.3g}: "
               "a network bears that.", forward=10.0**forward, back=10.0**back)


def _rates(look: Look) -> Text:
    forward, back = look.signal, look.gradient
    if forward and back:
        return say("Healthy: signal ×{signal:.2f} a layer, gradient ×{gradient:.2f} a layer", signal=forward.rate, gradient=back.rate)
    if forward:
        return say("Healthy: signal ×{signal:.2f} a layer", signal=forward.rate)
    return say("Healthy: gradient ×{gradient:.2f} a layer", gradient=back.rate) if back else say("Healthy")


class Verdict:
    """The findings of a run, frame by frame; remembers the first frame with its findings, and what was predicted from them."""

    def __init__(self, config: RunConfig, theory: Callable[[Frame], Theory]) -> None:
        self.config = config
        self.theory = theory
        self.first: list[Frame] = []
        self.start: list[Finding] = []
        self.prediction: Prediction | None = None
        self.lowest: Lowest | None = None

    def of(self, frame: Frame, trains: bool = True) -> list[Finding]:
        """The frame's findings, and what was predicted at step 0; scored once the last step of a run that `trains` is done."""
        initial = frame["step"] == 0
        findings = diagnose(self.config, frame, self.theory(frame) if initial else None, self.first)
        self.note(frame)
        if initial:
            self.first, self.start = [frame], findings
            self.prediction = predict(self.config, frame, findings) if self.config.total_steps else None
        if self.prediction is None:
            return findings
        over = frame["step"] == self.config.total_steps or frame["loss"] is None
        if not (over and trains):
            return worst_first([*findings, announced(self.prediction)])
        first = Look(self.config, self.first[0], None)
        if self.lowest and (found := lost(first, self.lowest, frame)):
            findings = [*(finding for finding in findings if finding.rule != "healthy"), found]
        elif findings[-1].rule == "healthy" and (found := ended(self.prediction, self.start, first, frame)):
            findings = [*(findings if found.severity == "note" else findings[:-1]), found]
        return worst_first([*findings, score(self.prediction, self.config, frame)])

    def note(self, frame: Frame) -> None:
        """Remembers where the loss was lowest: all that it takes of a frame whose findings nobody asks for."""
        loss = training_loss(frame)
        if loss is not None and (self.lowest is None or loss < self.lowest.loss):
            self.lowest = Lowest(frame["step"], loss)
