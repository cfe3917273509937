"""The learning rate as a remedy: for the start that was measured, or for a mended one, whose gradients theory predicts."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median
from typing import Any

from models.config import RunConfig
from models.diagnosis.look import Look
from models.diagnosis.movement import Movement, Row, movement
from models.diagnosis.remedy import mended
from models.diagnosis.soundness import SILENCED, crowding, drowned, silenced
from models.diagnosis.tolerance import GOOD_SWING, JOLT, bears, growth, reach, room, swing
from models.diagnosis.variants import Remedy, alike, changed
from models.theory import start_of, weight_gradients
from models.words import say, together

GOOD_RATIO = 1e-3
"""Norm of the update over norm of the weights that a remedy aims at (DL4J's advice: log10 near -3, bad above -2 and below -4)."""

GOOD_JOLT = 0.5
"""The largest jolt that a remedy aims at in plain layers: by how much of itself the first step moves the last hidden layer."""

GROWN_RATIO = 10**-1.8
"""The largest part of its weights by which a step may move the median row once the gradients have grown: half of what is warned of."""


LARGEST_RATE = 10.0
"""The largest learning rate that is offered: where a larger one would be needed, hardly any gradient arrives."""

FEWEST = 100
"""The least number of steps of GOOD_RATIO that a mended run is given."""

PATIENCE = 500
"""Steps that a network is given that had learned nothing: at a thousandth of the weights a step they add up to half of their norm."""

MOST = 10_000
"""The most steps that are offered as a remedy: where more are needed, the start has to change."""

SPREAD = 30.0
"""Where rows' relative changes differ by more than this factor, no learning rate suits all of them."""

SEEN, FORESEEN = 1.1, 3.0
"""The factor by which a remedy stays clear of the limits: where the gradients were measured, and where theory predicts them (for half of
all networks within a factor of 1.4, for nine of ten within 3)."""


def sized(look: Look) -> Remedy | None:
    """What suits the run by its first frame. Where that is what the run has already, a lower learning rate, if the steps have become
    large."""
    if look.initial:
        return _by_start(look)
    found = _by_start(first_of(look), came_to_grief=True) if look.history else None
    if found is not None and _differs(found[1], look.config):
        return found
    ratios = [ratio for ratio in look.quantity("update").get("ratio", ()) if ratio is not None]
    return slower(look) if ratios and median(ratios) > 3.0 * GOOD_RATIO else None


def _by_start(look: Look, came_to_grief: bool = False) -> Remedy | None:
    """The learning rate that suits the start that was measured. A mended start with its own rate where none suits all rows, or the signal
    does not come through, or dropout leaves nothing of some examples or hides what tells them apart; first of all where all weights are
    alike, even if no rate for others can be predicted."""
    if alike(look.config):
        start = mended(look.config)
        return start and (_foreseen_rate(start, look, FORESEEN, came_to_grief) or start)
    own = _suited(look)
    sound = look.carried and even(look.movement.rows) and silenced(look.config) <= SILENCED and not drowned(look.config)
    if own is not None and sound:
        return own
    start = mended(look.config)
    return (start and _foreseen_rate(start, look, FORESEEN, came_to_grief)) or own


def paced(start: Remedy, look: Look) -> Remedy:
    """A mended start with the learning rate that theory says suits it. Where theory says nothing, with the old one; while a run trains,
    with the one that suited the first frame, if that is lower."""
    if found := _foreseen_rate(start, look, came_to_grief=not look.initial):
        return found
    own = _suited(first_of(look)) if look.history else None
    if own is None or own[1].training.optimizer.params["lr"] >= look.config.training.optimizer.params["lr"]:
        return start
    return together(start[0], own[0]), changed(start[1], training=own[1].training.model_dump(mode="json"))


def _foreseen_rate(start: Remedy, look: Look, spare: float = 1.0, came_to_grief: bool = False) -> Remedy | None:
    """A mended start, with a learning rate of its own where theory says that the old one does not suit it: its steps may be too large, or
    too small by a factor of `spare`. Where the run has come to grief, steps above 1e-2 of the weights are too large. None where theory says
    nothing, or no rate suits."""
    sentence, config = start
    if config.total_steps == 0:
        return start
    each, expected = foreseen(config, look), weight_gradients(config, look.frame["input"])
    if each is None or expected is None:
        return None
    reached, limits = reach(config, each, expected.logits)
    seen_too_large = came_to_grief and each.typical > 10.0 * GOOD_RATIO
    calm = each.jolt * FORESEEN * _stray(config) < JOLT[0] * bears(config) and swing(config, each, expected.logits) < GOOD_SWING
    if not seen_too_large and calm and reached * config.total_steps >= spare * limits[0]:
        return start
    found = _by_theory(config, look)
    return found and (together(sentence, found[0]), found[1])


def _stray(config: RunConfig) -> float:
    """The factor by which single draws stray from theory where there are more layers than units: a standard deviation of ln q (see
    soundness.cost). Of 18 layers of 16 units with layer normalizations, predicted at a jolt of 2.7, four draws have 0.4, 0.6, 1.0 and
    129."""
    return math.exp(math.sqrt(5.0 * crowding(config))) if crowding(config) > 1.0 else 1.0


def foreseen(config: RunConfig, look: Look) -> Movement | None:
    """How far theory says that the configuration's first step moves each row, on the batch that was measured; None where it does not
    apply."""
    found = weight_gradients(config, look.frame["input"])
    if found is None:
        return None
    rows = [Row(*row) for row in zip(found.weight, found.gradient, found.count, found.leverage, strict=True)]
    return movement(config.training, rows, found.leverage[-2])


def settled(start: Remedy, look: Look) -> Remedy | None:
    """A start with the learning rate that suits it: by the gradients that were measured, if it is the frame's own start, else by those that
    theory predicts. None where no rate is known."""
    sentence, config = start
    found = _suited(replace(look, config=config)) if start_of(config) == start_of(look.config) else _by_theory(config, look)
    if found is None:
        return None
    return (together(sentence, found[0]), found[1]) if _differs(found[1], config) else start


def _by_theory(config: RunConfig, look: Look) -> Remedy | None:
    config = _with_rate(config)
    each = foreseen(config, look)
    expected = weight_gradients(config, look.frame["input"])
    if each is None or expected is None:
        return None
    return suited(config, each, expected.logits, 0.5, _foreseen_spare(config))


def _foreseen_spare(config: RunConfig) -> float:
    """By how much the steps that theory asks for are overestimated. Between skips without a normalization, whose layers together add about
    one signal, its gradients are as good as measured: with SEEN, 50 to 100 ReLU layers, 100 and 200 of GELU and 200 of tanh are given
    500 to 800 steps, and end at 0.01 to 0.25 of a guess's loss."""
    return SEEN if config.network.residual and config.network.normalization.name == "none" else FORESEEN


def _suited(look: Look) -> Remedy | None:
    config = _with_rate(look.config)
    return suited(config, replace(look, config=config).movement, look.logits, 1.0, SEEN)


def _with_rate(config: RunConfig) -> RunConfig:
    """The configuration with some learning rate, where its own is 0."""
    return config if config.training.optimizer.params["lr"] else changed(config, training__optimizer__lr=0.01)


def suited(config: RunConfig, each: Movement, logits: float, share: float, spare: float) -> Remedy | None:
    """The largest learning rate that keeps within all of these, with the number of steps that it needs:

    the median row moves by GOOD_RATIO a step, and once the steps have grown by at most GROWN_RATIO
    the first step's jolt is at most a share of GOOD_JOLT, times the network's room
    the stride is at most this share of GOOD_SWING once the steps have grown

    None where that would be too large a rate, or too many steps. spare: the factor by which the steps needed are overestimated.
    """
    if not each.typical > 0:
        return None
    aim = min(GOOD_RATIO, GROWN_RATIO / growth(config, logits))
    factor = min(aim / each.typical, share * GOOD_JOLT * room(config) / max(each.jolt, 1e-300),
                 share * GOOD_SWING / max(swing(config, each, logits), 1e-300))
    reached, limits = reach(config, each, logits)
    lr = float(f"{config.training.optimizer.params['lr'] * factor:.1e}")
    if not 0 < lr <= LARGEST_RATE or (needed := spare * limits[0] / (reached * factor)) > MOST:
        return None
    return with_rate(config, lr, factor * each.typical, max(FEWEST if aim == GOOD_RATIO else PATIENCE, _two_digits(needed)))


def _two_digits(steps: float) -> int:
    """The number rounded up to two digits."""
    unit: int = 10 ** max(0, len(str(math.ceil(steps))) - 2)
    return math.ceil(steps / unit) * unit


def with_rate(config: RunConfig, lr: float, ratio: float = GOOD_RATIO, needed: int = FEWEST) -> Remedy:
    """The remedy of this learning rate, at which a step moves the median row by `ratio` of its weights, with `needed` steps if the run has
    fewer."""
    steps = config.training.steps
    few = steps is not None and 0 < steps < needed
    paths: dict[str, Any] = {"training__steps": needed} if few else {}
    more = say(", and take at least {steps:,} steps", steps=needed) if few else ""
    words = say("Set the learning rate to {lr:g}{more}: a step then changes the median layer's weights by {ratio:.1g} of their norm.",
                lr=lr, more=more, ratio=ratio)
    return words, changed(config, training__optimizer__lr=lr, **paths)


def first_of(look: Look) -> Look:
    """The look at the run's first frame; this one where there is none earlier."""
    return Look(look.config, look.history[0], None) if look.history else look


def _differs(config: RunConfig, other: RunConfig) -> bool:
    """Whether the two have different starts, or learning rates that differ by a factor of two or more."""
    lr, before = (each.training.optimizer.params["lr"] for each in (config, other))
    return start_of(config) != start_of(other) or not 0.5 < lr / (before or math.inf) < 2.0


def slower(look: Look) -> Remedy:
    """A tenth of the learning rate."""
    lr = float(f"{look.config.training.optimizer.params['lr'] / 10:.1e}")
    return say("Lower the learning rate to {lr:g}.", lr=lr), changed(look.config, training__optimizer__lr=lr)


def even(steps: tuple[float, ...] | list[float]) -> bool:
    """Whether one learning rate suits all rows but the odd one, and the gradients are there at all."""
    ordered = sorted(step for step in steps if step > 0)
    cut = len(ordered) // 10
    inner = ordered[cut : len(ordered) - cut]
    return bool(inner) and inner[-1] / inner[0] < SPREAD
