"""Where the theory does not apply, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Callable

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS
from models.theory.layers import Plan, inner_width, weights_mean

SMALLEST_WIDTH = 8
SMALLEST_BATCH = 8
SMALLEST_PIXELS = 16
SMALLEST_SCALE = 1e-30


def _activation(config: RunConfig, facts: Plan) -> str | None:
    chosen = config.network.activation
    scales = [facts.nl.scale, *(abs(kink) for kink in ACTIVATIONS[chosen.name].kinks(chosen.params) if kink)]
    odd = next((scale for scale in scales if not SMALLEST_SCALE <= scale <= 1 / SMALLEST_SCALE), None)
    if odd is None:
        return None
    return f"The activation changes over distances of {odd:g}, and the averages are taken for {SMALLEST_SCALE:g} to {1 / SMALLEST_SCALE:g}."


def _initializer(config: RunConfig, facts: Plan) -> str | None:
    name = config.init.name
    if INITIALIZERS[name].trained:
        return "These weights were trained: they depend on each other and on the data, and mean-field theory averages over random ones."
    if INITIALIZERS[name].law == "fixed":
        return f"The weights of {name} are not drawn at random, and mean-field theory averages over random weights."
    if weights_mean(config) != 0.0:
        return (f"The weights have mean {weights_mean(config):g}: all units of a layer then share one random shift, "
                "which an average over units does not predict.")
    if facts.hidden.forward == 0.0:
        return "All weights are zero: nothing of the input passes the first layer."
    return None


def _width(config: RunConfig, facts: Plan) -> str | None:
    width = config.network.width
    if width >= SMALLEST_WIDTH:
        return None
    return f"Mean-field theory holds for wide layers, and {width} units are too few; it is given from {SMALLEST_WIDTH} on."


def _batch(config: RunConfig, facts: Plan) -> str | None:
    values = config.batch_size * facts.pixels
    if facts.norm != "batch" or values >= SMALLEST_BATCH:
        return None
    return (f"The theory of batch normalization is for large batches, and {values} examples are too few; "
            f"it is given from {SMALLEST_BATCH} on.")


def _groups(config: RunConfig, facts: Plan) -> str | None:
    norm = config.network.normalization
    if facts.post == "instance":
        return ("Instance normalization behind the activation leaves every channel the mean 0 over its pixels, and that mean is what the "
                "output layer reads: there is nothing to predict.")
    if norm.name == "instance" and facts.pixels < SMALLEST_PIXELS:
        return f"The theory of instance normalization is for many pixels, and {facts.pixels} are too few."
    if norm.name == "group" and inner_width(config) < SMALLEST_WIDTH:
        return f"A normalization group of {inner_width(config):g} channels is too small for an average over units."
    return None


def _pooling(config: RunConfig, facts: Plan) -> str | None:
    network = config.network
    if network.kind == "mlp" or network.pool_every == 0 or network.pool_every > network.depth:
        return None
    return "Max pooling takes the largest of four correlated values, for which no mean-field theory is implemented."


def _bias(config: RunConfig, facts: Plan) -> str | None:
    norm = config.network.normalization
    if norm.name == "rms" and norm.params["placement"] == "pre_activation" and facts.hidden.shift != 0.0:
        return "A constant bias under RMS normalization shifts each layer by another amount, which is not implemented."
    if facts.unit and max(facts.first.bias, facts.hidden.bias, facts.last.bias) >= 1.0:
        variance = BIAS_INITIALIZERS[config.bias_init.name].variance(config.bias_init.params, 1)
        return f"LSUV asks for unit variance, but the biases alone have variance {variance:g}."
    return None


CHECKS: tuple[Callable[[RunConfig, Plan], str | None], ...] = (_activation, _initializer, _width, _batch, _groups, _pooling, _bias)


def why_not(config: RunConfig, facts: Plan, pixels_known: bool = True) -> str | None:
    """The first reason for which the theory does not apply to this configuration, or None where it does."""
    if facts.norm == "instance" and not pixels_known:
        return "Instance normalization needs the correlations between the input's pixels, which are not given."
    return next((reason for check in CHECKS if (reason := check(config, facts))), None)
