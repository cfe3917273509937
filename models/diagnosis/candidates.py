"""The configurations that a remedy is chosen from, the smallest change first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from pydantic import ValidationError

from models.config import RunConfig
from models.diagnosis.movement import is_adaptive
from models.diagnosis.soundness import SILENCED, crowded, drowned, silenced
from models.diagnosis.variants import RELATIVES, Remedy, alike, changed, drawn, uncentred
from models.theory import critical_sigma_w2, outlook
from models.theory.applies import SMALLEST_WIDTH
from models.words import NOTHING, Text, say, together

LARGEST_SIGMA_W2 = 10.0
"""Above this sigma_w^2 a critical point is not offered (sigmoid's is at 103): the units would be saturated."""

HE = 2.0
"""What stands for the critical sigma_w^2 of ReLU's relatives that have none."""

BIAS_VARIANCE = 0.05
"""sigma_b^2 of the second critical point that is tried: tanh's (1.76, 0.05) keeps q where (1, 0) lets it decay as 1/(2l)."""

LIGHTER = (0.5, 0.2, 0.1, 0.0)
"""Rates of dropout that are tried instead of a larger one."""

WIDEST = 256
"""The most units a layer that a crowded network is given."""

BATCH_VALUES = (16, 4)
"""Values a channel that batch normalization averages over: with fewer than the first its mean is off by a quarter of a standard deviation
and more, and with two or three hardly more than the sign is left of a value: critical below the second."""

STRUCTURES: tuple[tuple[str, Text, Text, Text], ...] = (
    ("layer", say("Put a layer normalization before the activation: each layer starts from variance 1."),
     say("Put a layer normalization before the activation and let each layer add its input to its output: "
         "the gradient then passes through the sum."),
     say("Put a layer normalization before the activation: what each layer adds to the skips' sum then has the same size, "
         "and the sum carries signal and gradient.")),
    ("batch", say("Put a batch normalization before the activation: each layer starts from variance 1."),
     say("Put a batch normalization before the activation and let each layer add its input to its output: "
         "the gradient then passes through the sum."),
     say("Put a batch normalization before the activation: what each layer adds to the skips' sum then has the same size, "
         "and the sum carries signal and gradient.")),
)
"""Normalizations that are offered, and what is said: of one alone, of one together with skips, of one where there are skips already."""

SKIPS = say("Let each layer add its input to its output: the gradient then passes through the sum.")
"""Said where the normalization is there already, or is not asked for."""


def candidates(config: RunConfig) -> Iterator[Remedy]:
    """Configurations to try, the smallest change first."""
    room = list(_room(config))
    if not room:
        yield from _starts(config)
        return
    first, roomy = together(*(sentence for sentence, _ in room)), room[-1][1]
    if outlook(roomy) is not None:
        yield first, roomy
    for sentence, found in _starts(roomy):
        yield (together(sentence, first) if alike(config) else together(first, sentence)), found  # what is worst comes first


def _room(config: RunConfig) -> Iterator[Remedy]:
    """What no other weights could mend: less dropout where it leaves some examples nothing, or its noise hides what tells them apart; then
    more units where they are too few."""
    before, nothing = config.network.dropout, silenced(config) > SILENCED
    if nothing or drowned(config):
        config = next(found for rate in LIGHTER if rate < before and silenced(found := changed(config, network__dropout=rate)) <= SILENCED
                      and not drowned(found))
        values = {"rate": config.network.dropout, "before": before, "width": config.network.width, "depth": config.network.depth}
        words = say("Lower the dropout to {rate:g}: {before:g} leaves some examples none of the {width} {width|unit|units}.",
                    **values) if nothing else \
            say("Lower the dropout to {rate:g}: the noise of {before:g} adds up over {depth} {depth|layer|layers}.", **values)
        yield words, config
    if crowded(config) or config.network.width < SMALLEST_WIDTH:
        yield from islice(_roomier(config), 1)


def _roomier(config: RunConfig) -> Iterator[Remedy]:
    """More units; where they would be too many, or groups do not divide them, dropout that leaves more of them."""
    network = config.network
    width = max(2 * SMALLEST_WIDTH, 2 ** math.ceil(math.log2(2.0 * network.depth / (1.0 - network.dropout))))
    values = {"width": width, "few": network.width, "depth": network.depth}
    words = say("Take {width} channels a layer: with {few} it is chance, not the weights' variance, that decides what comes through "
                "{depth} {depth|layer|layers}.", **values) if network.kind == "cnn" else \
        say("Take {width} units a layer: with {few} it is chance, not the weights' variance, that decides what comes through "
            "{depth} {depth|layer|layers}.", **values)
    if width <= WIDEST:
        with suppress(ValidationError):  # groups that do not divide it
            yield words, changed(config, network__width=width)
    for rate in LIGHTER:
        if rate < network.dropout and not crowded(lighter := changed(config, network__dropout=rate)):
            yield (say("Lower the dropout to {rate:g}: with as few units as a dropout of {before:g} keeps it is chance, not the weights' "
                       "variance, that decides what comes through {depth} {depth|layer|layers}.", rate=rate, before=network.dropout,
                       depth=network.depth), lighter)


def _starts(config: RunConfig) -> Iterator[Remedy]:
    """Other weights, then other structures, then another activation. That comes first where this one is far from 0: what it hands on is
    then mostly one constant, which no weights take away and a normalization of single examples leaves."""
    name, why = RELATIVES.get(config.network.activation.name, (None, NOTHING))
    if name is None:
        yield from chain(_critical(config), _structured(config))
        return
    other = changed(config, network__activation={"name": name}, network__normalization={"name": "none"})
    if uncentred(config):
        yield from ((together(why, sentence), found) for sentence, found in chain(_critical(other), _structured(other)))
        yield from chain(_critical(config), _structured(config))
    else:
        yield from chain(_critical(config), _structured(config))
        yield from ((together(why, sentence), found) for sentence, found in _critical(other))


def _structured(config: RunConfig) -> Iterator[Remedy]:
    """Weights drawn at random, where they are not; then other structures, with such weights."""
    first, random = drawn(config)
    if first:
        yield first, random
    layer, batch = STRUCTURES
    yield from _normalized(config, *layer)
    yield from _shared(config)
    yield from _normalized(config, *batch)


def _normalized(config: RunConfig, name: str, *sentences: Text) -> Iterator[Remedy]:
    """One of STRUCTURES, with weights drawn at random."""
    first, random = drawn(config)
    for sentence, paths in _structures(config, name, *sentences):
        with suppress(ValidationError):  # a normalization that does not fit this network (one example a batch, ...)
            yield together(first, sentence), changed(random, **paths)


def _critical(config: RunConfig) -> Iterator[Remedy]:
    """The weights' variance at which this activation is critical, without and with biases; between skips, that is shared by the layers."""
    network = config.network
    if network.normalization.name != "none":
        return
    if network.residual and critical_sigma_w2(network.activation.name, network.activation.params, 0.0) is not None:
        yield from islice(_shared(config), 1)
    if not network.residual:
        for variance in (0.0, BIAS_VARIANCE) if network.has_bias else (0.0,):
            scale = critical_sigma_w2(network.activation.name, network.activation.params, variance)
            if scale is not None and scale <= LARGEST_SIGMA_W2:
                yield _drawn_at(config, scale, variance)


def _drawn_at(config: RunConfig, scale: float, variance: float) -> Remedy:
    chosen = _kept(config, scale)
    bias = {"bias_init": {"name": "normal", "std": round(math.sqrt(variance), 6)}} if variance else _without_biases(config)
    return (say("Draw weights with {where} (fan_in): there {activation} is critical, and a layer hands on the variance it receives.",
                where=_where(config, chosen, variance), activation=config.network.activation.name),
            changed(config, init=_gaussian(chosen), **bias))


def _shared(config: RunConfig) -> Iterator[Remedy]:
    """Skips, and no normalization, the weights' variance shared by the layers: over the depth; and over its square, for an activation
    with a kink, whose mean is in proportion to the root of what it receives, and adds up. That is for plain steps alone: by a thousandth of
    themselves a step weights so small hardly come to matter beside the skips (100 ReLU layers of 64 units learn nothing in 200 of Adam)."""
    network, before = config.network, config.network.normalization.name
    scale = critical_sigma_w2(network.activation.name, network.activation.params, 0.0) or HE
    if scale > LARGEST_SIGMA_W2:
        return
    bare = changed(config, network__normalization={"name": "none"})
    first = together(NOTHING if before == "none" else say("Leave out the {name} normalization.", name=before),
                     NOTHING if network.residual else SKIPS)
    for power in (1,) if is_adaptive(config.training) else (1, 2):
        chosen = _kept(config, scale / network.depth**power)
        words = say("Draw weights with {where} (fan_in): together the layers then add about one signal.", where=_where(bare, chosen, 0.0))
        yield together(first, words), changed(bare, init=_gaussian(chosen), network__residual=True, **_without_biases(bare))


def _kept(config: RunConfig, scale: float) -> float:
    """The variance beside dropout: what is kept is multiplied by 1 / (1 - p), in signal and gradient alike."""
    return float(f"{scale * (1.0 - config.network.dropout):.6g}")


def _where(config: RunConfig, scale: float, variance: float) -> str:
    other_biases = config.network.has_bias and (variance > 0.0 or config.bias_init.name != "zeros")
    return f"σ_w² = {scale:.4g}" + (f", σ_b² = {variance:g}" if other_biases else "")


def _without_biases(config: RunConfig) -> dict[str, Any]:
    """Biases that start at 0, where there are any."""
    return {"bias_init": {"name": "zeros"}} if config.network.has_bias else {}


def _gaussian(scale: float) -> Mapping[str, Any]:
    return {"name": "variance_scaling", "scale": scale, "mode": "fan_in", "distribution": "normal"}


def _structures(config: RunConfig, name: str, alone: Text, with_skips: Text, beside_skips: Text) -> Iterator[tuple[Text, dict[str, Any]]]:
    """A normalization before the activation, without and with skips."""
    before = config.network.normalization
    there = say("It takes the place of the {name} normalization.", name=before.name) if before.name != "none" else NOTHING
    if name == "batch" and averaged(config) < BATCH_VALUES[0]:
        return
    norm = {"network__normalization": {"name": name}, "network__bias": config.network.bias and "auto"}
    if not config.network.residual and before.name != name:
        yield together(alone, there), norm
    kept = before.name == name and before.params["placement"] == "pre_activation"
    skipped = beside_skips if config.network.residual else SKIPS if kept else with_skips
    yield skipped if kept else together(skipped, there), {**norm, "network__residual": True}


def averaged(config: RunConfig) -> int:
    """Values a channel that batch normalization averages over, where a layer has fewest."""
    fewest: int = min(config.network.pixels(config.input_shape))
    return config.batch_size * fewest**2
