"""The learning rate as a remedy: for the start that was measured, or for a mended one, whose gradients theory foresees."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median
from typing import Any

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.diagnosis.look import Look
from models.diagnosis.movement import Movement, Row, is_adaptive, movement
from models.diagnosis.remedy import SILENCED, Remedy, alike, changed, crowding, drowned, mended, silenced
from models.theory import start_of, weight_gradients
from models.words import say, together

GOOD_RATIO = 1e-3
"""Norm of the update over norm of the weight: what is aimed at (DL4J's advice: log10 near -3, bad above -2 and below -4)."""

GOOD_JOLT = 0.5
"""By how much of itself a first step of the right size moves the last hidden layer, at most."""

JOLT = (1.5, 4.5, 7.0)
"""By how much of itself the first step moves the last hidden layer (Movement.jolt): note, warning, critical. Of the calibration's
networks most train below the second, few between it and the third, none above."""

STRIDE = (0.5, 0.6, 1.0)
BOUNDED_JOLT = (1.5, math.inf, math.inf)
"""Movement.stride of a plain step, and any step's jolt, where nothing but a bounded activation stands between the layers: note, warning,
critical. What such layers hand on cannot change by more than its size: in the chaotic phase the jolt, which adds up first orders, says too
much, and how far the weights move tells. Of 184 networks (tanh, hardtanh, softsign of 20 to 100 layers; sgd, momentum) none of 71 beyond
a stride of 1 trains, one of 9 from 0.6 on, and below that 80 of 104, among them 15 of 21 with a jolt of 4.5 to 50."""

NORMALIZED = 15.0
"""A normalization bears so many times more: what the weights are scaled by, it takes out again, and the growth of the weights
that too large steps bring makes the next ones smaller. Steps that are divided by the gradient's size do not become smaller so: too large,
they carry all examples to one point, behind a normalization of single examples as without any. Of these, networks bear so much more
whose skips carry the examples past it, or whose batch normalization takes out again what they are moved by in common."""

PRODUCT = 1.0 / 15.0
DEEP_PRODUCT = 8
"""Linear layers, so many and more, bear so little of a plain step, since no activation bounds their product: of 64 units 8 to 24 train up
to a jolt of 0.34 (orthogonal) and 0.18 (Xavier), and diverge from 0.5 and 0.29 on."""

TRAVEL = (0.65, 0.18)
"""The rows' relative changes, summed over rows and steps: by how much of itself the output can move in the whole run. Below the
first a run barely begins to learn, below the second it does not. Gradients grow as learning begins: no bound."""

REACH = (0.08, 0.02)
"""The same for the median row of an optimizer that divides each gradient by its own size, without the sum over rows: what eps holds
back, it holds back in most rows at once."""

LOGITS = 4.0
"""Root mean square of a network's logits that has learned. Plain steps are as large as the gradients, which grow with the logits: of 11
residual layers of 8 units that start with logits of 0.07, 50 to 80 times while the loss falls from 2.3 to 0.5."""

SWING, GOOD_SWING = 2.7, 1.3
"""The stride of a plain step once the logits are so large, without normalization and skips: too large from here on, and what is offered.
Of 31 networks between 1.2 and 2.5 (3 to 300 layers, ReLU's and tanh's relatives, rates up to 0.28) 20 train and 8 slowly, of 14 beyond
2.7 (to 1,000 layers) none trains and one slowly."""

GROWN_RATIO = 10**-1.8
"""The part of its weights by which a step then moves the median row, at most: half of what is warned of."""

SMALLEST_LOGITS = 0.04
"""Below it nothing is foreseen of how far the gradients grow."""

LARGEST_RATE = 10.0
"""The largest learning rate that is offered: where it takes more, no gradient to speak of arrives."""

FEWEST = 100
"""Steps of GOOD_RATIO that a mended run takes at least."""

PATIENCE = 500
"""Steps that a network is given which had learned nothing: at a thousandth of the weights a step, half of their norm."""

MOST = 10_000
"""The most steps that are offered as a remedy: where it takes more, the start has to change."""

SPREAD = 30.0
"""Where rows' relative changes differ more than so, no learning rate suits all of them."""

SEEN, FORESEEN = 1.1, 3.0
"""What a remedy spares of the limits: where the gradients were measured, and where theory foresees them (half of all networks
within a factor of 1.4, nine of ten within 3)."""


def bears(config: RunConfig) -> float:
    """How many times more than a plain network this one bears of a step."""
    network = config.network
    if is_adaptive(config.training):
        return NORMALIZED if network.residual or network.normalization.name == "batch" else 1.0
    if network.normalization.name != "none":
        return NORMALIZED
    return PRODUCT if network.activation.name == "linear" and network.depth >= DEEP_PRODUCT and not network.residual else 1.0


def bare(config: RunConfig) -> bool:
    """Whether nothing but an activation stands between the layers."""
    return config.network.normalization.name == "none" and not config.network.residual


def bounded(config: RunConfig) -> bool:
    """Whether that activation is bounded."""
    activation = config.network.activation
    return bare(config) and ACTIVATIONS[activation.name].limits(activation.params) is not None


def jolts(config: RunConfig) -> tuple[float, float, float]:
    """From which jolt on a step is too large: note, warning, critical."""
    borne = bears(config)
    return BOUNDED_JOLT if bounded(config) else (JOLT[0] * borne, JOLT[1] * borne, JOLT[2] * borne)


def strides(config: RunConfig) -> tuple[float, float, float]:
    """The same for the stride; of plain steps only bounded layers are judged by it."""
    return STRIDE if bounded(config) and not is_adaptive(config.training) else (math.inf, math.inf, math.inf)


def reach(config: RunConfig, each: Movement) -> tuple[float, tuple[float, float]]:
    """How far all steps move the network, and the limits of that (TRAVEL, REACH)."""
    return (each.typical, REACH) if is_adaptive(config.training) else (each.stride, TRAVEL)


def sized(look: Look) -> Remedy | None:
    """What suits the run by its first frame. Where that is what it has, a lower learning rate, if the steps are as large as that."""
    if look.initial:
        return _by_start(look)
    found = _by_start(first_of(look), came_to_grief=True) if look.history else None
    if found is not None and _differs(found[1], look.config):
        return found
    ratios = [ratio for ratio in look.quantity("update").get("ratio", ()) if ratio is not None]
    return slower(look) if ratios and median(ratios) > 3.0 * GOOD_RATIO else None


def _by_start(look: Look, came_to_grief: bool = False) -> Remedy | None:
    """The learning rate that suits the start measured; where none suits all rows, or any of them, or dropout leaves nothing to some
    examples or hides all of them, a mended start with its own. Weights that are all alike come first, whether a rate for others is
    foreseen or not."""
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
    """A mended start with the learning rate that suits it, as theory foresees. Where theory has no word, the old one, or while a run trains
    the one that suited the first frame, if that is lower."""
    if found := _foreseen_rate(start, look, came_to_grief=not look.initial):
        return found
    own = _suited(first_of(look)) if look.history else None
    if own is None or own[1].training.optimizer.params["lr"] >= look.config.training.optimizer.params["lr"]:
        return start
    return together(start[0], own[0]), changed(start[1], training=own[1].training.model_dump(mode="json"))


def _foreseen_rate(start: Remedy, look: Look, spare: float = 1.0, came_to_grief: bool = False) -> Remedy | None:
    """A mended start; with a learning rate of its own where theory foresees that the old one does not suit it: steps may be too large,
    or too small by a factor of `spare`. Of a run that has come to grief, above 1e-2 of the weights is too large. None where theory
    cannot know, or none suits."""
    sentence, config = start
    if config.total_steps == 0:
        return start
    each, expected = foreseen(config, look), weight_gradients(config, look.frame["input"])
    if each is None or expected is None:
        return None
    reached, limits = reach(config, each)
    seen_too_large = came_to_grief and each.typical > 10.0 * GOOD_RATIO
    calm = each.jolt * FORESEEN * _stray(config) < JOLT[0] * bears(config) and swing(config, each, expected.logits) < GOOD_SWING
    if not seen_too_large and calm and reached * config.total_steps >= spare * limits[0]:
        return start
    found = _by_theory(config, look)
    return found and (together(sentence, found[0]), found[1])


def _stray(config: RunConfig) -> float:
    """By how much more single draws of more layers than units stray: a standard deviation of ln q (see remedy.cost). Of 18 layers of
    16 units behind layer normalizations, foreseen at a jolt of 2.7, four draws have 0.4, 0.6, 1.0 and 129."""
    return math.exp(math.sqrt(5.0 * crowding(config))) if crowding(config) > 1.0 else 1.0


def foreseen(config: RunConfig, look: Look) -> Movement | None:
    """What theory expects of the configuration's first step on the batch that was measured; None where it does not apply."""
    found = weight_gradients(config, look.frame["input"])
    if found is None:
        return None
    rows = [Row(*row) for row in zip(found.weight, found.gradient, found.count, found.leverage, strict=True)]
    return movement(config.training, rows, found.leverage[-2])


def settled(start: Remedy, look: Look) -> Remedy | None:
    """A start with the learning rate that suits it: by the gradients measured where it is that of the frame, else as theory foresees
    them. None where nobody knows one."""
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
    return suited(config, each, expected.logits, GOOD_JOLT / 2, FORESEEN)


def _suited(look: Look) -> Remedy | None:
    config = _with_rate(look.config)
    return suited(config, replace(look, config=config).movement, look.logits, GOOD_JOLT, SEEN)


def growth(config: RunConfig, logits: float) -> float:
    """By how much an optimizer's steps grow as the network learns, at least; logits: their mean square at the start."""
    return 1.0 if is_adaptive(config.training) else max(1.0, LOGITS / max(SMALLEST_LOGITS, math.sqrt(logits)))


def swing(config: RunConfig, each: Movement, logits: float) -> float:
    """The stride once the gradients have grown; 0 where it tells nothing. Steps no longer agree then: with momentum m their sum is not
    1 / (1 - m) of one but 1 / sqrt(1 - m^2), what adds up of random directions."""
    if not bare(config) or is_adaptive(config.training):
        return 0.0
    momentum = config.training.optimizer.params.get("momentum", 0.0)
    return each.stride * growth(config, logits) * math.sqrt((1.0 - momentum) / (1.0 + momentum))


def _with_rate(config: RunConfig) -> RunConfig:
    """With some learning rate where there is none."""
    return config if config.training.optimizer.params["lr"] else changed(config, training__optimizer__lr=0.01)


def suited(config: RunConfig, each: Movement, logits: float, jolt: float, spare: float) -> Remedy | None:
    """The learning rate at which the median row moves by GOOD_RATIO a step (GROWN_RATIO at most once the steps have grown), the last hidden
    layer by `jolt` at most (less where it bears less) and all rows by GOOD_SWING once they have grown, with the steps that it takes; None
    where no learning rate makes anything of the gradients."""
    if not each.typical > 0:
        return None
    aim = min(GOOD_RATIO, GROWN_RATIO / growth(config, logits))
    factor = min(aim / each.typical, jolt * min(1.0, bears(config)) / max(each.jolt, 1e-300),
                 GOOD_SWING / max(swing(config, each, logits), 1e-300))
    reached, limits = reach(config, each)
    lr = float(f"{config.training.optimizer.params['lr'] * factor:.1e}")
    if not 0 < lr <= LARGEST_RATE or (needed := spare * limits[0] / (reached * factor)) > MOST:
        return None
    return with_rate(config, lr, factor * each.typical, max(FEWEST if aim == GOOD_RATIO else PATIENCE, _two_digits(needed)))


def _two_digits(steps: float) -> int:
    """Rounded up to two digits."""
    unit: int = 10 ** max(0, len(str(math.ceil(steps))) - 2)
    return math.ceil(steps / unit) * unit


def with_rate(config: RunConfig, lr: float, ratio: float = GOOD_RATIO, needed: int = FEWEST) -> Remedy:
    """This learning rate, at which a step moves the median row by `ratio`, and more steps where there are too few to get anywhere."""
    steps = config.training.steps
    few = steps is not None and 0 < steps < needed
    paths: dict[str, Any] = {"training__steps": needed} if few else {}
    more = say(", and take at least {steps:,} steps", steps=needed) if few else ""
    words = say("Set the learning rate to {lr:g}{more}: a step then changes the median layer's weights by {ratio:.1g} of their norm.",
                lr=lr, more=more, ratio=ratio)
    return words, changed(config, training__optimizer__lr=lr, **paths)


def first_of(look: Look) -> Look:
    """The run's first frame, looked at; this one where there is none earlier."""
    return Look(look.config, look.history[0], None) if look.history else look


def _differs(config: RunConfig, other: RunConfig) -> bool:
    """Whether it is another start, or one with another learning rate by a factor of two."""
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
