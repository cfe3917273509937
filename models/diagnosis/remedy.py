"""Remedies: the configuration next to this one that theory says carries signal and gradient through."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from pydantic import ValidationError

from models.config import RunConfig
from models.initializers import INITIALIZERS
from models.theory import critical_sigma_w2, outlook
from models.theory.applies import SMALLEST_WIDTH
from models.theory.layers import plan, weights_mean
from models.words import NOTHING, Text, say, together

Remedy = tuple[Text, RunConfig]
"""A sentence, and the whole configuration."""

LARGEST_SIGMA_W2 = 10.0
"""Above it the critical point (sigmoid's is at 103) is a network of saturated units."""

BIAS_VARIANCE = 0.05
"""sigma_b^2 of the second critical point that is tried: tanh's (1.76, 0.05) keeps q where (1, 0) lets it decay as 1/(2l)."""

SILENCED = 0.02
"""Expected number of examples of which dropout leaves nothing somewhere on the way, from which on it is mended first."""

LIGHTER = (0.5, 0.2, 0.1, 0.0)
"""Dropout that is tried instead."""

TOLD = 0.03
"""By how much two inputs must differ more than two passes of one input under dropout (Outlook.told) for a start to be sound. Of 210
runs of 3 to 30 layers (ReLU and tanh, with skips and layer normalizations and without, dropout 0.05 to 0.7, Adam and sgd, 150 steps)
all above it train but one, none below 0.01 does."""

CROWDED, CROWDED_FEW = 2.0, 1.0
"""Layers for each unit that dropout keeps, from which on the draw of the weights decides and not their variance: the logarithm of q varies
by 5 depth / width (Hanin & Rolnick 2018, 1803.01719), and what a normalization makes of so few units theory does not foresee. The
second where dropout keeps fewer units than theory judges."""

WIDEST = 256
"""Units a layer that a crowded network is given, at most."""

BATCH_VALUES = (16, 4)
"""Values a channel that batch normalization averages over: below the first its mean is off by a quarter of a standard
deviation and more; with two or three, the sign is nearly all that is left of a value."""

BATCH_DRIFT = 0.04
"""Decades a layer by which the gradient's mean square grows faster than theory says behind a batch normalization, at most (40 layers of
softplus 0.04 to 0.07, of tanh, GELU and sigmoid 0.02, of ReLU 0 to 0.02)."""

NOTED = 0.75
"""What a start without a normalization may cost that is offered for a note: notes begin at three quarters of what is tolerated, and single
draws stray from theory."""

UNJUDGED = 4.0
"""What a configuration costs to which theory does not apply: more than any that carries the signal, less than none."""


CLOSEST_RELU = ("relu", say("Use relu, which is critical at He's 2 whatever the variance; "
                            "this activation is critical nowhere without biases."))
CENTRED = ("tanh", say("Use tanh, which is centred at 0."))
RELATIVES: dict[str, tuple[str, Text]] = {
    **dict.fromkeys(("gelu", "silu", "mish", "hardswish"), CLOSEST_RELU), **dict.fromkeys(("sigmoid", "hardsigmoid", "softplus"), CENTRED),
}
"""The activation to go to, and why, where this one has no useful critical point."""


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
"""A normalization, and what is said of it alone, together with skips, and where there are skips already."""

SKIPS = say("Let each layer add its input to its output: the gradient then passes through the sum.")
"""Said where the normalization is there already."""


def changed(config: RunConfig, **paths: Any) -> RunConfig:
    """The configuration with other values: `network__residual=True` sets network.residual. Validated as any other."""
    data = config.model_dump(mode="json")
    for path, value in paths.items():
        *parents, name = path.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        place[name] = value
    return RunConfig.model_validate(data)


@lru_cache(maxsize=64)
def mended(config: RunConfig, apart: bool = False, redrawn: bool = False, only_sound: bool = False,
           gap: float | None = None) -> Remedy | None:
    """The first candidate that theory says is sound, else the best of them if it is better than this configuration.

    apart: two inputs must stay clearly apart;  redrawn: with another initializer, even where this one is as good
    only_sound: nothing that is merely better, nor left to the draw: what a mere note asks for
    gap: 1 - correlation as this configuration was measured, of which theory may know nothing
    """
    present, best = cost(config, apart), None
    if gap is not None:
        present = max(present, _alike(config, gap, apart))
    for sentence, candidate in candidates(config):
        if candidate == config or (redrawn and candidate.init == config.init):
            continue
        if gap is not None and outlook(candidate) is None:
            continue  # nothing promises that it is better than what was measured
        found = (cost(candidate, apart, certain=only_sound), sentence, candidate)
        if found[0] <= (NOTED if only_sound and candidate.network.normalization.name == "none" else 1.0):
            return found[1:] if redrawn or found[0] < present else None
        best = found if best is None or found[0] < best[0] else best
    return None if only_sound or best is None or not (redrawn or best[0] < present) else best[1:]


def cost(config: RunConfig, apart: bool = False, certain: bool = False) -> float:
    """Decades that mean squares change over the hidden rows by theory, in units of what is tolerated; at most 1 is sound.

    Signal: 2 decades (3 with normalized skips, see signal.py), less two standard deviations of what a finite width adds
    without a normalization, ln q's variance growing by about 5 / width a layer (Hanin & Rolnick 2018, 1803.01719), of the width that
    dropout keeps. Gradient: the same 2 decades, less as much, and 1.25 of theory's own, where a note begins at 1.5; behind a batch
    normalization what examples that depend on each other add to theory's growth. certain: of single draws as well (_alike).
    """
    if silenced(config) > SILENCED or alike(config):
        return math.inf
    said = outlook(config)
    if said is None or crowded(config):
        return UNJUDGED
    network = config.network
    noise = 0.0 if network.normalization.name != "none" else 2.0 * math.sqrt(5.0 * crowding(config)) / math.log(10)
    tolerated = 3.0 if network.residual and network.normalization.name != "none" else 2.0
    drift = BATCH_DRIFT * network.depth if network.normalization.name == "batch" and not network.residual else 0.0
    gradient = max(abs(said.gradient), abs(said.gradient + drift))
    return max((abs(said.signal) + noise) / tolerated, (gradient + noise) / 2.0, gradient / 1.25,
               _alike(config, said.gap, apart, certain), TOLD / max(1e-12, said.told))


def _alike(config: RunConfig, gap: float, apart: bool, certain: bool = False) -> float:
    """What two inputs' 1 - correlation costs: 0.003, or, if they must stay clearly apart, 0.018 and what a finite width takes from it, is
    tolerated. certain: and what it takes of single draws without skips, the logarithm's mean -r and deviation 1.2 sqrt(r), r layers for
    each unit (12 draws each of ReLU, PReLU and GELU, with layer normalizations and without, r = 0.16 to 1)."""
    r = crowding(config)
    least = 0.018 * math.exp(2.0 * math.sqrt(r)) if apart else 0.003
    if certain and not config.network.residual:
        least *= math.exp(r + 2.4 * math.sqrt(r))
    return least / max(1e-12, gap)


def alike(config: RunConfig) -> bool:
    """Whether all weights of a layer start as one number: a layer of any width is then one unit, whatever the learning rate."""
    return plan(config).hidden.forward == 0.0 and not INITIALIZERS[config.init.name].trained


def silenced(config: RunConfig) -> float:
    """Expected number of layers and examples where dropout, and ReLU on half of what it keeps, set all units to 0. What a layer hands on is
    then nothing; a normalization of single examples divides by the root of eps, and the gradient of the whole batch explodes. Behind a
    skip it takes all layers at once."""
    network = config.network
    if network.kind == "cnn" or network.dropout == 0.0:
        return 0.0
    single = network.normalization.name not in ("none", "batch")
    layers, examples = 1 if network.residual else network.depth, config.batch_size if single else 1
    kept = (1.0 - network.dropout) * (0.5 if network.activation.name in ("relu", "relu6") else 1.0)
    return float(layers * examples * (1.0 - kept) ** network.width)


def drowned(config: RunConfig) -> bool:
    """Whether theory says that dropout's noise hides what tells two inputs apart: with weights drawn at random if these are not, with tanh
    for what is far from 0, and where it says nothing of this network, or skips would be normalized first, behind layer
    normalizations and with units enough."""
    network = config.network
    if network.dropout == 0.0:
        return False
    judged = drawn(config)[1]
    if uncentred(config):
        judged = changed(judged, network__activation={"name": CENTRED[0]})
    said = None if network.normalization.name == "batch" or network.residual else outlook(judged)
    if said is None:
        said = outlook(changed(judged, network__normalization={"name": "layer"}, network__width=max(SMALLEST_WIDTH, network.width)))
    return said is not None and said.told < TOLD


def crowded(config: RunConfig) -> bool:
    """Whether the draw of the weights decides, and not their variance."""
    kept = config.network.width * (1.0 - config.network.dropout)
    return crowding(config) > CROWDED if kept >= SMALLEST_WIDTH else crowding(config) >= CROWDED_FEW


def crowding(config: RunConfig) -> float:
    """Layers for each unit of a layer that dropout keeps."""
    network = config.network
    return network.depth / (network.width * (1.0 - network.dropout))


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
    """What no start mends comes first: dropout that leaves some examples nothing, or whose noise hides what tells them apart, then layers
    of too few units."""
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
    """More units; where that were too many, or groups do not divide them, dropout that leaves more of them."""
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
    """Other weights, then other structures, then another activation; that comes first where this one is far from 0, since what it hands on
    is then one constant for the most part, which no weights take away and a normalization of single examples leaves."""
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


def uncentred(config: RunConfig) -> bool:
    """Whether the activation is one that tanh, which is centred at 0, does better than."""
    return RELATIVES.get(config.network.activation.name) == CENTRED


def _structured(config: RunConfig) -> Iterator[Remedy]:
    """Other structures, with weights drawn at random where they are not; and these alone."""
    first, random = drawn(config)
    if first:
        yield first, random
    for sentence, paths in _structures(config):
        try:
            yield together(first, sentence), changed(random, **paths)
        except ValidationError:
            continue  # a normalization that does not fit this network (one example a batch, ...)


def _critical(config: RunConfig) -> Iterator[Remedy]:
    """The weights' variance at which this activation is critical, without and with biases."""
    network = config.network
    if network.normalization.name != "none":
        return
    for variance in (0.0, BIAS_VARIANCE) if network.has_bias else (0.0,):
        scale = critical_sigma_w2(network.activation.name, network.activation.params, variance)
        if scale is None or scale > LARGEST_SIGMA_W2:
            continue
        scale *= 1.0 - network.dropout  # what is kept is multiplied by 1 / (1 - p), in signal and gradient alike
        bias = {"name": "normal", "std": round(math.sqrt(variance), 6)} if variance else {"name": "zeros"}
        chosen = float(f"{scale / network.depth if network.residual else scale:.6g}")
        yield (_sentence(config, chosen, variance),
               changed(config, init=_gaussian(chosen), **{"bias_init": bias} if network.has_bias else {}))


def _sentence(config: RunConfig, scale: float, variance: float) -> Text:
    other_biases = config.network.has_bias and (variance > 0.0 or config.bias_init.name != "zeros")
    where = f"σ_w² = {scale:.4g}" + (f", σ_b² = {variance:g}" if other_biases else "")
    if config.network.residual:
        return say("Draw weights with {where} (fan_in), the critical value over the depth: together the layers then add about one signal.",
                   where=where)
    return say("Draw weights with {where} (fan_in): there {activation} is critical, and a layer hands on the variance it receives.",
               where=where, activation=config.network.activation.name)


def _gaussian(scale: float) -> Mapping[str, Any]:
    return {"name": "variance_scaling", "scale": scale, "mode": "fan_in", "distribution": "normal"}


def _structures(config: RunConfig) -> Iterator[tuple[Text, dict[str, Any]]]:
    """Normalizations before the activation, without and with skips."""
    before = config.network.normalization
    there = say("It takes the place of the {name} normalization.", name=before.name) if before.name != "none" else NOTHING
    for name, alone, with_skips, beside_skips in STRUCTURES:
        if name == "batch" and averaged(config) < BATCH_VALUES[0]:
            continue
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


def drawn(config: RunConfig) -> Remedy:
    """With independent weights of mean 0 where the configuration has none that theory judges, and a sentence that says so."""
    entry, other = INITIALIZERS[config.init.name], changed(config, init={"name": "kaiming_normal"})
    if entry.law == "fixed" or weights_mean(config) != 0.0 or alike(config):
        return say("Draw the weights at random around 0, as {init} does.", init=other.init.name), other
    if entry.data_driven and config.network.dropout > 0.0:
        return say("Draw the weights as {init} does: LSUV fits them without dropout.", init=other.init.name), other
    return NOTHING, config
