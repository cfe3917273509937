"""What a network has learned by a frame: by its training loss, or by how often it is right, whichever says more.

The loss also counts how sure the network is of what it gets wrong: one that is right on two thirds may have a loss above a guess's.
"""

from __future__ import annotations

import math
from statistics import fmean
from typing import Literal

from models.config import RunConfig
from models.frame import Frame
from models.words import NOTHING, Text, say

Outcome = Literal["trains", "slow", "fails"]

LEARNED = (0.5, 0.95)
"""Shares of a guess's loss, ln(classes): a network has learned if its loss is below the first, and has not from the second on."""

LATEST = 10
"""Steps over which the training loss is averaged, at most."""

CHANCE = 3.0
"""Standard deviations by which an accuracy must be above a guess's to count: a batch may have eight examples."""


def guess(config: RunConfig) -> float:
    """The loss of a network that knows nothing."""
    return math.log(config.classes)


def training_loss(frame: Frame) -> float | None:
    """The mean over the last steps; None where it is no longer finite."""
    return None if frame["loss"] is None else fmean(_latest(frame))


def _latest(frame: Frame) -> list[float]:
    """The training losses of the steps since the frame before, up to ten."""
    return [loss for loss in frame["losses"] if loss is not None][-LATEST:]


def unlearned(config: RunConfig, frame: Frame) -> float | None:
    """The share of a guess's loss that is left: by the training loss, or by the loss that the accuracy is worth, if that is less."""
    loss = training_loss(frame)
    return None if loss is None else min(loss, worth(config, frame)) / guess(config)


def level(left: float | None) -> Outcome:
    """The outcome of a run, by the share of a guess's loss that is left; without a finite loss it fails."""
    return "fails" if left is None or left >= LEARNED[1] else "slow" if left >= LEARNED[0] else "trains"


def understated(config: RunConfig, frame: Frame) -> bool:
    """Whether the loss alone says less of what is learned than the accuracy does."""
    loss = training_loss(frame)
    return loss is not None and level(loss / guess(config)) != level(unlearned(config, frame))


def worth(config: RunConfig, frame: Frame) -> float:
    """The loss of a network that is right as often and no surer than that, what remains spread over the other classes:
    -a ln a - (1 - a) ln((1 - a) / (K - 1)), by Fano's inequality the most that its answers leave open. A guess's where the accuracy may
    be chance."""
    accuracy, by_chance = accuracy_of(frame), 1.0 / config.classes
    examples = config.batch_size if frame["validation_accuracy"] is None else config.split[1]
    if accuracy - by_chance < CHANCE * math.sqrt(by_chance * (1.0 - by_chance) / examples):
        return guess(config)
    return _times_log(accuracy, accuracy) + _times_log(1.0 - accuracy, (1.0 - accuracy) / (config.classes - 1))


def _times_log(share: float, probability: float) -> float:
    return -share * math.log(probability) if share > 0 else 0.0


def accuracy_of(frame: Frame) -> float:
    """On the validation part where there is one, else on the frame's batch."""
    found = frame["accuracy"] if frame["validation_accuracy"] is None else frame["validation_accuracy"]
    return found or 0.0


def facts(config: RunConfig, frame: Frame) -> Text:
    """What came, beside what a guess has."""
    if frame["loss"] is None and frame["step"] == 0:
        return say("At initialization the loss is not finite; a guess has {guess:.3g}.", guess=guess(config))
    if frame["loss"] is None:
        return say("After {steps:,} {steps|step|steps} the loss is no longer finite; a guess has {guess:.3g}.",
                   steps=frame["step"], guess=guess(config))
    many = len(_latest(frame))
    over = say(" (mean of the last {many} steps)", many=many) if many > 1 else NOTHING
    values = {"steps": frame["step"], "loss": training_loss(frame), "over": over, "accuracy": accuracy_of(frame),
              "guess": guess(config), "chance": 1.0 / config.classes}
    if frame["validation_accuracy"] is not None:
        return say("After {steps:,} {steps|step|steps} the loss is {loss:.3g}{over} and the validation accuracy "
                   "{accuracy:%}; a guess has {guess:.3g} and {chance:%}.", **values)
    return say("After {steps:,} {steps|step|steps} the loss is {loss:.3g}{over} and the accuracy {accuracy:%}; "
               "a guess has {guess:.3g} and {chance:%}.", **values)


def understatement(config: RunConfig, frame: Frame) -> Text:
    """Why the loss says less than the network knows, where it does. Above a guess's loss it must be sure of what it gets wrong; below, it
    may as well be unsure of what it gets right, as networks are that begin to learn."""
    if not understated(config, frame):
        return NOTHING
    if (training_loss(frame) or 0.0) > guess(config):
        return say("What it gets wrong it is sure of: right as often and no surer than that, it would have a loss of {worth:.3g}.",
                   worth=worth(config, frame))
    return say("Its loss understates that: a network that is right as often, and just as sure as that, has one of {worth:.3g}.",
               worth=worth(config, frame))
