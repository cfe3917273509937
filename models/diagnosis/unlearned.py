"""A run that ends without having learned, or having lost it, or surer than it is right: why, and a run of the same network that learns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import ValidationError

from models.config import RunConfig
from models.diagnosis.finding import Finding
from models.diagnosis.learned import LEARNED, accuracy_of, guess, training_loss, understatement
from models.diagnosis.look import Look
from models.diagnosis.prediction import Prediction, outcome
from models.diagnosis.rates import PATIENCE, settled, slower
from models.diagnosis.remedy import mended
from models.diagnosis.soundness import cost
from models.diagnosis.steps import dump
from models.diagnosis.variants import CENTRED, Remedy, changed, uncentred
from models.frame import Frame
from models.theory.applies import SMALLEST_WIDTH
from models.words import NOTHING, Text, say, together

HEAVY = (0.4, 1.0)
"""Rates of dropout, in one layer and summed over all layers, above which its noise may hide what 500 steps learn. Losses on digits: 4
layers of 44 hardtanh units 2.8 with a rate of 0.5; 21 of 40 ELU units 2.5 with 0.2; 14 of 21 GELU units behind RMS normalizations 2.3 with
0.1, and 0.8 without."""

RISEN, LOST = 1.2, 2.0
"""A loss of RISEN times where it started has risen. One of LOST times its lowest is that of a network that has lost what it had learned."""

FEWEST, ROOMY, MOST = 16, 32, 256
"""A layer with fewer units than FEWEST, or than there are layers, is given more: four times the number of layers, but at least ROOMY and at
most MOST. Of networks with 4 to 14 units half learn too little in 500 steps, at whatever rate suits them."""

NOTHING_PROMISED = say("Of the starts, learning rates and numbers of steps that are tried, none is foreseen to make it learn: "
                       "try fewer layers or more units.")


@dataclass(frozen=True, slots=True)
class Lowest:
    """Where the training loss was lowest."""

    step: int
    loss: float


def lost(first: Look, lowest: Lowest, last: Frame) -> Finding | None:
    """At the end of a run that had learned, and whose loss has risen since."""
    config, loss = first.config, training_loss(last)
    learned = LEARNED[0] * guess(config)
    if loss is None or lowest.loss >= learned or loss < max(learned, LOST * lowest.loss):
        return None
    found = _slower(first)
    return Finding(
        rule="lost", severity="warning", measured=loss, threshold=learned,
        title=say("It had learned and lost it: the loss was {lowest:.3g} at step {then:,} and is {loss:.3g} at step {now:,}",
                  lowest=lowest.loss, then=lowest.step, loss=loss, now=last["step"]),
        cause=say("Steps of this size carry the weights away from what they had come to."), remedy=found[0], config=dump(found))


def ended(prediction: Prediction, start: list[Finding], first: Look, last: Frame) -> Finding | None:
    """At the end of a run with which nothing else is wrong; start: the findings of its first frame."""
    if training_loss(last) is None:
        return None
    return not_learned(prediction, start, first, last) or overconfident(prediction, start, first, last)


def not_learned(prediction: Prediction, start: list[Finding], first: Look, last: Frame) -> Finding | None:
    """Its loss is a guess's still, and it is right no more often than one."""
    if outcome(first.config, last) != "fails":
        return None
    against = _against(prediction, start)
    found = _learning(against, first)
    return Finding(
        rule="not_learned", severity="warning", measured=training_loss(last), threshold=LEARNED[1] * guess(first.config),
        title=say("It has not learned: after {steps:,} {steps|step|steps} the loss is {loss:.3g} and "
                  "{accuracy:%} are right; a guess has {guess:.3g} and {chance:%}",
                  steps=last["step"], loss=training_loss(last), accuracy=accuracy_of(last), guess=guess(first.config),
                  chance=1.0 / first.config.classes),
        cause=together(_cause(prediction, against), _risen(first, last)), remedy=found[0] if found else NOTHING_PROMISED,
        config=dump(found))


def overconfident(prediction: Prediction, start: list[Finding], first: Look, last: Frame) -> Finding | None:
    """Its loss is above a guess's, and it is right more often than one."""
    config, loss = first.config, training_loss(last)
    if loss is None or loss < guess(config) or outcome(config, last) in (None, "fails"):
        return None
    against = _against(prediction, start)
    found = _longer((NOTHING, config)) if against is None and config.total_steps < PATIENCE else _learning(against, first)
    return Finding(
        rule="overconfident", severity="note" if outcome(config, last) == "trains" else "warning", measured=loss, threshold=guess(config),
        title=say("Overconfident: {accuracy:%} are right, but the loss is {loss:.3g}; a guess has {guess:.3g}",
                  accuracy=accuracy_of(last), loss=loss, guess=guess(config)),
        cause=together(understatement(config, last), _risen(first, last) or _fallen(first, loss)),
        remedy=found[0] if found else NOTHING_PROMISED, config=dump(found))


def _risen(first: Look, last: Frame) -> Text:
    """A word on a loss above where it started."""
    start, loss = first.frame["loss"], training_loss(last)
    if start is None or loss is None or loss < RISEN * max(start, guess(first.config)):
        return NOTHING
    return say("The loss has risen from {start:.3g}: the steps overshoot.", start=start)


def _fallen(first: Look, loss: float) -> Text:
    start = first.frame["loss"]
    if start is None or start < RISEN * loss:
        return NOTHING
    return say("The loss comes down from {start:.3g}, which most of the steps went into.", start=start)


def _slower(first: Look) -> Remedy:
    """The learning rate that suits the start, where that is lower; else a tenth."""
    rate = first.config.training.optimizer.params["lr"]
    found = settled((NOTHING, first.config), first)
    return found if found is not None and found[1].training.optimizer.params["lr"] < rate else slower(first)


def _against(prediction: Prediction, start: list[Finding]) -> Finding | None:
    """What the prediction rests on; else the worst that was found at the start, notes aside."""
    named = (finding for finding in start if finding.rule == prediction.rule)
    worst = (finding for finding in start if finding.severity in ("critical", "warning"))
    return next(named, None) or next(worst, None)


def _cause(prediction: Prediction, against: Finding | None) -> Text:
    if against is None and prediction.rule is None:
        return say("Nothing at initialization spoke against it.")
    return together(say("That was to be expected."), prediction.sentence) if against is None else \
        together(say("That was to be seen at initialization."), against.cause)


def _learning(against: Finding | None, first: Look) -> Remedy | None:
    """What mends the finding at the start. With few units, heavy dropout or an activation far from 0, or where there is no such finding:
    more units, no dropout, another activation, and a start that carries the signal, with the learning rate that suits it. Both with enough
    steps to see that it learns."""
    hindered = _heavy(first.config) or _narrow(first.config) or uncentred(first.config)
    if against is not None and against.config is not None and not hindered:
        return _longer((against.remedy, RunConfig.model_validate(against.config)))
    try:
        found = settled(_carrying(_centred(_wider(_undisturbed((NOTHING, _patient(first.config)))))), first)
    except ValidationError:  # groups that do not divide more units
        return None
    return None if found is None or found[1] == first.config else _told(found, first.config)


def _narrow(config: RunConfig) -> bool:
    network = config.network
    return network.width < (max(FEWEST, network.depth) if network.kind == "mlp" else SMALLEST_WIDTH)


def _wider(run: Remedy) -> Remedy:
    sentence, config = run
    if not _narrow(config):
        return run
    width = min(MOST, max(ROOMY, 2 ** math.ceil(math.log2(4 * config.network.depth))))
    words = say("Take {width} units a layer: {few} {few|learns|learn} too little in so few steps.", width=width, few=config.network.width)
    return together(sentence, words), changed(config, network__width=max(width, config.network.width))


def _heavy(config: RunConfig) -> bool:
    once, in_all = HEAVY
    dropout = config.network.dropout
    return dropout > once or dropout * config.network.depth > in_all


def _undisturbed(run: Remedy) -> Remedy:
    sentence, config = run
    if not _heavy(config):
        return run
    words = say("Leave out the dropout until it learns: {before:g} in {depth} {depth|layer|layers} is noise that hides what so few "
                "steps bring.",
                before=config.network.dropout, depth=config.network.depth)
    return together(sentence, words), changed(config, network__dropout=0.0)


def _patient(config: RunConfig) -> RunConfig:
    return config if config.total_steps >= PATIENCE else changed(config, training__epochs=None, training__steps=PATIENCE)


def _longer(run: Remedy) -> Remedy:
    sentence, config = run
    return _told((sentence, _patient(config)), config)


def _told(run: Remedy, before: RunConfig) -> Remedy:
    """The remedy with a sentence on its number of steps, if that has risen to PATIENCE. (A learning rate that needs more has said so
    itself.)"""
    sentence, config = run
    if not before.total_steps < config.total_steps == PATIENCE:
        return run
    return together(sentence, say("Give it {steps} steps in all, to see that it learns.", steps=PATIENCE)), config


def _centred(run: Remedy) -> Remedy:
    """Most of what an activation that is never below 0 hands on is one constant: 2 and 4 layers of 32 units, sigmoid or hardsigmoid, at the
    rate that suits them, end 500 steps on digits at 0.9 to 2.4, most above 1.9 (tanh at 0.5)."""
    sentence, config = run
    if not uncentred(config):
        return run
    name, why = CENTRED
    return together(sentence, why), changed(config, network__activation={"name": name})


def _carrying(run: Remedy) -> Remedy:
    """Another start, where theory does not call this one sound and another one is better."""
    sentence, config = run
    start = mended(config) if cost(config) > 1.0 else None
    return run if start is None else (together(sentence, start[0]), start[1])
