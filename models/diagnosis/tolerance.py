"""How large an optimizer's steps a network bears, and how small they may be, from the first step (movement.py)."""

from __future__ import annotations

import math

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.diagnosis.movement import Movement, is_adaptive

JOLT = (1.5, 4.5, 7.0)
"""Limits of Movement.jolt, by how much of itself the first step moves the last hidden layer: note, warning, critical. Of the calibration's
networks most train below the second limit, few between it and the third, none above."""

STRIDE = (0.5, 0.6, 1.0)
BOUNDED_JOLT = (1.5, math.inf, math.inf)
"""Limits where nothing but a bounded activation stands between the layers: of Movement.stride for a plain step, and of any step's jolt.
What such layers hand on cannot change by more than its size. In the chaotic phase the jolt, a sum of first orders, is then far too large,
and how far the weights move decides. Of 184 networks (tanh, hardtanh, softsign of 20 to 100 layers; sgd, momentum) none of 71 beyond a
stride of 1 trains, one of 9 between 0.6 and 1, and 80 of 104 below, among them 15 of 21 with a jolt of 4.5 to 50. The jolt is no limit
either where such layers add to skips under plain steps: of 13 networks with jolts of 5 to 62 and swings (SKIPPED_SWING) that are borne ten
train, of 13 with larger swings three."""

NORMALIZED = 15.0
"""So many times larger a step is borne behind a batch normalization, which takes out what moves all examples, and by normalized layers with
skips, which carry the examples past it. An optimizer that divides by the gradient's size is borne as well between skips without a
normalization. Behind other normalizations steps that are too large carry all examples to one point."""

NORMALIZED_JOLT = (JOLT[0] * NORMALIZED, JOLT[1] * NORMALIZED, math.inf)
"""Limits of what is left of a plain step's jolt at the end (`left`) where so much is borne. What a normalization hands on cannot change
by more than its size, so that no jolt foretells that training fails."""

PRODUCT = 1.0 / 15.0
DEEP_PRODUCT = 8
"""DEEP_PRODUCT or more linear layers bear only PRODUCT of a plain step, as no activation bounds their product: 8 to 24 layers of 64 units
train up to a jolt of 0.34 (orthogonal) and 0.18 (Xavier), and diverge from 0.5 and 0.29 on."""

TRAVEL = (0.65, 0.18)
"""The least that all steps together must move the network: the rows' relative changes, summed over rows and steps. Below the first a run
barely begins to learn, below the second it does not. (It may move farther: gradients grow as learning begins.)"""

REACH = (0.65, 0.16)
"""The same where the optimizer divides each gradient by its own size, for the median row instead of the sum over rows: where eps holds
steps back, it does so in most rows at once. Such steps move all weights of a unit by lr, whatever the sign: what they do to a sum over
fan_in inputs grows with fan_in, what random weights do with its root (Yang & Hu 2021, 2011.14522). So the row's relative change counts
sqrt(fan_in) times. Of 374 networks (3 to 50 layers of 32 to 256 units, rates from 2e-5 on) 62 of 72 below 0.65 do not train, of those
above 263 of 302 do; by the relative change alone, with a limit of 0.08, 53 of 67 and 259 of 307."""

LOGITS = 4.0
"""Root mean square of the logits once a network has learned. Plain steps grow with the gradients, and these with the logits: in 11 residual
layers of 8 units that start with logits of 0.07 by 50 to 80 times, while the loss falls from 2.3 to 0.5."""

GROWN_TRAVEL = 0.45
"""The travel that it takes between skips without a normalization to make the logits e times larger: each layer is a small share of the sum,
so that plain gradients first have to grow with the logits, by the same factor in as many steps. Of 22 networks (6 to 200 layers; weights
shared over the depth, its square, and not at all; logits of 0.0001 to 0.3) the twelve with up to 0.42 for each e end at 0.68 of a guess's
loss and more, and of the ten with 0.52 and more all but two (0.56, 0.88) below half."""

SMALLEST_LOGITS = 0.04
"""Smaller logits at the start count as this: how far the gradients grow from there is not foreseen."""

ALIKE = (0.025, 0.005)
"""1 - correlation of two inputs in the last hidden layer below which plain gradient steps are slow, and fail: they need about 1 / (1 - c)
times as many to tell two inputs apart. Normalized layers that add to a skip are not held up, since the differences of all layers add up:
He's ReLU of 50 x 128 ends after 200 steps of sgd at 0.003, 0.01 and 0.03 at 0.7 to 1.0 of a guess's loss, and with layer normalizations
and skips, where inputs are more alike still, at 0.6, 0.3 and 0.06."""

ALIKE_SKIPPED = (4e-3, 1e-4)
"""The least 1 - correlation of two inputs behind normalized layers beside skips: for plain steps, and for an optimizer that divides by the
gradient's size. Plain steps with a jolt below 4.5 leave ReLU of 50 layers of 64 (0.0034) and of 100 (0.0009) and GELU of 100 (0.003) at
0.7 to 19 times a guess's loss after 200 steps; GELU of 60 and 50 (0.005, 0.011) end at 0.2 to 0.65. Steps that overshoot, by jolts of 30
and more, take the second and third to 0.03 to 0.25 in the end. Adam takes all of them below 0.2, and ReLU of 200 (0.0002) in 150 steps to
0.36."""

SWING, SKIPPED_SWING, GOOD_SWING = 2.7, 8.1, 1.3
"""The stride of a plain step once the logits have grown to LOGITS, without normalization: from SWING on it is too large, between skips
from SKIPPED_SWING on, and GOOD_SWING is what a remedy aims at. Of 31 networks between 1.2 and 2.5 (3 to 300 layers, ReLU's and tanh's
relatives, rates up to 0.28) 20 train and 8 slowly; of 14 beyond 2.7 (up to 1,000 layers) none trains and one slowly. Between skips tanh
and GELU of 100 layers of 64 (weights of the critical variance over the depth) train at 2.2 and 2.4, end at 0.9 and diverge at 8.6 and
9.6; drawn networks of 9 and 13 layers train at 3 and 3.9."""


def bears(config: RunConfig) -> float:
    """How many times larger a step this network bears than one of plain nonlinear layers."""
    network, normalization = config.network, config.network.normalization.name
    if normalization == "batch" or (network.residual and (normalization != "none" or is_adaptive(config.training))):
        return NORMALIZED
    if normalization != "none" or is_adaptive(config.training):
        return 1.0
    return PRODUCT if network.activation.name == "linear" and network.depth >= DEEP_PRODUCT and not network.residual else 1.0


def room(config: RunConfig) -> float:
    """How many times larger a step is offered than to plain nonlinear layers: as many as are borne behind batch normalizations, and the
    root of it behind others, where the loss rises before it falls from there on.

    100 layers beside skips after 200 steps of sgd, at jolts of 0.5, 2, 8 and 32: ReLU of 64 units behind batch normalizations 0.8, 0.3,
    0.07, 0.1 of a guess's loss, of 16 units (from 2 on) 2.1, 0.8, 0.4; tanh behind layer normalizations 0.05, 0.004, 1.8, 6.5."""
    borne = bears(config)
    return borne if config.network.normalization.name == "batch" else min(borne, math.sqrt(borne))


def bare(config: RunConfig) -> bool:
    """Whether nothing but an activation stands between the layers."""
    return config.network.normalization.name == "none" and not config.network.residual


def bounded(config: RunConfig) -> bool:
    """Whether nothing but a bounded activation stands between the layers."""
    activation = config.network.activation
    return bare(config) and ACTIVATIONS[activation.name].limits(activation.params) is not None


def added(config: RunConfig) -> bool:
    """Whether bounded activations are added to skips, without a normalization: no layer can add more to the sum than its bound, however
    large the step."""
    activation, network = config.network.activation, config.network
    limits = ACTIVATIONS[activation.name].limits(activation.params)
    return limits is not None and network.residual and network.normalization.name == "none"


def confined(config: RunConfig) -> bool:
    """Whether nothing but a normalization of single examples stands between the layers. It bounds what they hand on as a bounded activation
    does, and how far the weights move decides: of 14 networks of 16 to 43 layers with strides from 1 on and jolts of 3.2 and more none
    trains; 50 layers of tanh train with strides of 0.18 and 0.27 (jolts of 6 and 13), and with 0.61 and 0.9 they do not."""
    network = config.network
    return network.normalization.name not in ("none", "batch") and not network.residual


def patient(config: RunConfig) -> bool:
    """Whether steps tell inputs apart that are almost alike: as they are as large however small the difference is, or as the differences of
    all layers add up."""
    network = config.network
    return is_adaptive(config.training) or (network.residual and network.normalization.name != "none")


def jolts(config: RunConfig) -> tuple[float, float, float]:
    """The jolts from which on a step is too large: note, warning, critical."""
    borne = bears(config)
    if shrinking(config):
        return NORMALIZED_JOLT
    if bounded(config) or ((added(config) or confined(config)) and not is_adaptive(config.training)):
        return BOUNDED_JOLT
    return (JOLT[0] * borne, JOLT[1] * borne, JOLT[2] * borne)


def shrinking(config: RunConfig) -> bool:
    """Whether a network bears large plain steps because they become smaller by themselves (`left`)."""
    return not is_adaptive(config.training) and bears(config) == NORMALIZED


def left(config: RunConfig, each: Movement) -> float:
    """The jolt that is left in the end. The loss does not change with the length of weights in front of a normalization: their gradient is
    orthogonal to them, and inverse to their length, so that every plain step makes them longer and the next one smaller: one by r of the
    weights is followed by one by r / (1 + r^2). From m on that comes to 1 / sqrt(1 / m^2 + m^2 + 2t) in t steps, at most 1 / sqrt(2t)
    whatever the learning rate (Arora, Li & Lyu 2019, 1812.03981). With momentum they lengthen by the whole m, too. The output row, behind
    which there is no normalization, keeps its step."""
    *hidden, output = each.rows
    steps = config.total_steps
    moved = [row / math.sqrt(1.0 + row**4 + 2.0 * row**2 * steps) for row in hidden]
    return sum(row * passed for row, passed in zip((*moved, output), each.passed, strict=True))


def strides(config: RunConfig) -> tuple[float, float, float]:
    """The same for strides: finite only for plain steps between bounded activations or normalizations of single examples."""
    return STRIDE if (bounded(config) or confined(config)) and not is_adaptive(config.training) else (math.inf, math.inf, math.inf)


def reach(config: RunConfig, each: Movement, logits: float) -> tuple[float, tuple[float, float]]:
    """(how far one step moves the network, the least that all steps together must; logits: their mean square at the start)."""
    if is_adaptive(config.training):
        return each.typical * math.sqrt(fan_in(config)), REACH
    shared = config.network.residual and config.network.normalization.name == "none" and logits > 0.0
    longer = max(1.0, GROWN_TRAVEL * math.log(LOGITS / math.sqrt(logits)) / TRAVEL[0]) if shared else 1.0
    return each.stride, (longer * TRAVEL[0], longer * TRAVEL[1])


def fan_in(config: RunConfig) -> int:
    """Inputs of a unit of the hidden rows."""
    network = config.network
    window: int = network.kernel_size**2 if network.kind == "cnn" else 1
    return network.width * window


def largest_swing(config: RunConfig) -> float:
    """The swing from which on steps become too large."""
    return SKIPPED_SWING if config.network.residual else SWING


def growth(config: RunConfig, logits: float) -> float:
    """By how much at least an optimizer's steps grow as the network learns; logits: their mean square at the start."""
    return 1.0 if is_adaptive(config.training) else max(1.0, LOGITS / max(SMALLEST_LOGITS, math.sqrt(logits)))


def swing(config: RunConfig, each: Movement, logits: float) -> float:
    """The stride once the gradients have grown; 0 where it tells nothing. By then successive steps point in random directions: with
    momentum m they add up to 1 / sqrt(1 - m^2) of one step, and no longer to 1 / (1 - m)."""
    if config.network.normalization.name != "none" or is_adaptive(config.training):
        return 0.0
    momentum = config.training.optimizer.params.get("momentum", 0.0)
    return each.stride * growth(config, logits) * math.sqrt((1.0 - momentum) / (1.0 + momentum))
