"""A configuration and those next to it: with other values, with weights that are drawn, with a centred activation."""

from __future__ import annotations

from typing import Any

from models.config import RunConfig
from models.initializers import INITIALIZERS
from models.theory.layers import plan, weights_mean
from models.words import NOTHING, Text, say

Remedy = tuple[Text, RunConfig]
"""A sentence, and the whole configuration."""

CLOSEST_RELU = ("relu", say("Use relu, which is critical at He's 2 whatever the variance; "
                            "this activation is critical nowhere without biases."))

CENTRED = ("tanh", say("Use tanh, which is centred at 0."))

RELATIVES: dict[str, tuple[str, Text]] = {
    **dict.fromkeys(("gelu", "silu", "mish", "hardswish"), CLOSEST_RELU), **dict.fromkeys(("sigmoid", "hardsigmoid", "softplus"), CENTRED),
}
"""The activation to go to, and why, where this one has no useful critical point."""


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


def uncentred(config: RunConfig) -> bool:
    """Whether the activation is one that tanh, which is centred at 0, does better than."""
    return RELATIVES.get(config.network.activation.name) == CENTRED


def alike(config: RunConfig) -> bool:
    """Whether all weights of a layer start as one number: a layer of any width is then one unit, whatever the learning rate."""
    return plan(config).hidden.forward == 0.0 and not INITIALIZERS[config.init.name].trained


def drawn(config: RunConfig) -> Remedy:
    """The configuration with independent weights of mean 0, where its own are none that theory judges, and a sentence that says so."""
    entry, other = INITIALIZERS[config.init.name], changed(config, init={"name": "kaiming_normal"})
    if entry.law == "fixed" or weights_mean(config) != 0.0 or alike(config):
        return say("Draw the weights at random around 0, as {init} does.", init=other.init.name), other
    if entry.data_driven and config.network.dropout > 0.0:
        return say("Draw the weights as {init} does: LSUV fits them without dropout.", init=other.init.name), other
    return NOTHING, config
