"""A run whose loss ends where a guess's is: what stood against it at initialization, and a run of the same network that learns."""

from __future__ import annotations

import math

from pydantic import ValidationError

from models.config import RunConfig
from models.diagnosis.finding import Finding
from models.diagnosis.look import Look
from models.diagnosis.prediction import LEARNED, Prediction, outcome
from models.diagnosis.rates import settled
from models.diagnosis.remedy import CENTRED, Remedy, changed, cost, mended, uncentred
from models.diagnosis.steps import dump
from models.frame import Frame
from models.theory.applies import SMALLEST_WIDTH
from models.words import NOTHING, Text, say, together

HEAVY = (0.4, 1.0)
"""Dropout once, and summed over all layers, from which on its noise may hide what 500 steps learn (digits: 4 layers of 44 units, hardtanh,
reach 2.8 with 0.5; 21 of 40, ELU, 2.5 with 0.2; 14 of 21, GELU behind RMS normalization, 2.3 with 0.1 and 0.8 without)."""

PATIENCE = 500
"""Steps that a network is given which had learned nothing: at a thousandth of the weights a step, half of their norm."""

FEWEST, ROOMY, MOST = 16, 32, 256
"""Units below which a layer is given more, as it is where there are more layers than units, and how many, at four times the layers at most:
of 4 to 14 units half learn too little in 500 steps, at whatever rate suits them."""

NOTHING_PROMISED = say("Of the starts, learning rates and numbers of steps that are tried, none is foreseen to make it learn: "
                       "try fewer layers or more units.")


def not_learned(prediction: Prediction, start: list[Finding], first: Look, last: Frame) -> Finding | None:
    """At the end of a run whose loss is a guess's still; start: the findings of its first frame."""
    if last["loss"] is None or outcome(first.config, last) != "fails":
        return None
    against = _against(prediction, start)
    found = _learning(against, first)
    guess = math.log(first.config.classes)
    return Finding(
        rule="not_learned", severity="warning", measured=last["loss"], threshold=LEARNED[1] * guess,
        title=say("It has not learned: after {steps} steps the loss is {loss:.3g}; a guess has {guess:.3g}", steps=last["step"],
                  loss=last["loss"], guess=guess),
        cause=_cause(prediction, against), remedy=found[0] if found else NOTHING_PROMISED, config=dump(found))


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
    """What mends the finding at the start; else, with units that few, under heavy dropout or with an activation far from 0, a start that
    carries the signal with the learning rate that suits it. Both with steps enough to see it."""
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
    words = say("Take {width} units a layer: {few} learn too little in so few steps.", width=width, few=config.network.width)
    return together(sentence, words), changed(config, network__width=max(width, config.network.width))


def _heavy(config: RunConfig) -> bool:
    once, in_all = HEAVY
    dropout = config.network.dropout
    return dropout > once or dropout * config.network.depth > in_all


def _undisturbed(run: Remedy) -> Remedy:
    sentence, config = run
    if not _heavy(config):
        return run
    words = say("Leave out the dropout until it learns: {before:g} in {depth} layers is noise that hides what so few steps bring.",
                before=config.network.dropout, depth=config.network.depth)
    return together(sentence, words), changed(config, network__dropout=0.0)


def _patient(config: RunConfig) -> RunConfig:
    return config if config.total_steps >= PATIENCE else changed(config, training__epochs=None, training__steps=PATIENCE)


def _longer(run: Remedy) -> Remedy:
    sentence, config = run
    return _told((sentence, _patient(config)), config)


def _told(run: Remedy, before: RunConfig) -> Remedy:
    """With a word on the steps, where they are more than before and nothing has been said of them yet: a rate that takes more than PATIENCE
    comes with them."""
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
