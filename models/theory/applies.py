"""Where the theory does not apply, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Callable

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS
from models.theory.layers import Plan, inner_width, weights_mean
from models.words import Text, say

SMALLEST_WIDTH = 8
SMALLEST_BATCH = 8
SMALLEST_PIXELS = 16
SMALLEST_SCALE = 1e-30
LARGEST_TOLERANCE = 0.1
NEGLIGIBLE = 1e-4
"""Share of a layer's mean square that the weights' own mean may bring."""


def _activation(config: RunConfig, facts: Plan) -> Text | None:
    chosen = config.network.activation
    scales = [facts.nl.scale, *(abs(kink) for kink in ACTIVATIONS[chosen.name].kinks(chosen.params) if kink)]
    odd = next((scale for scale in scales if not SMALLEST_SCALE <= scale <= 1 / SMALLEST_SCALE), None)
    if odd is None:
        return None
    return say("The activation changes over distances of {odd:g}, and the averages are taken for {least:g} to {most:g}.",
               odd=odd, least=SMALLEST_SCALE, most=1 / SMALLEST_SCALE)


def _initializer(config: RunConfig, facts: Plan) -> Text | None:
    name = config.init.name
    if INITIALIZERS[name].trained:
        return say("These weights were trained: they depend on each other and on the data, and mean-field theory averages over "
                   "random ones.")
    if INITIALIZERS[name].law == "fixed":
        return say("The weights of {init} are not drawn at random, and mean-field theory averages over random weights.", init=name)
    fan_in, widest = config.network.width * facts.taps, max(config.network.width, config.input_shape[0]) * facts.taps
    if widest * fan_in * weights_mean(config) ** 2 > NEGLIGIBLE * facts.hidden.forward:
        return say("The weights have mean {mean:g}: all units of a layer then share one random shift, "
                   "which an average over units does not predict.", mean=weights_mean(config))
    if facts.hidden.forward == 0.0:
        return say("All weights are zero: nothing of the input passes the first layer.")
    return None


def _width(config: RunConfig, facts: Plan) -> Text | None:
    width = config.network.width
    if width >= SMALLEST_WIDTH:
        return None
    return say("Mean-field theory holds for wide layers, and {width} {width|unit is|units are} too few; it is given from {least} on.",
               width=width, least=SMALLEST_WIDTH)


def _batch(config: RunConfig, facts: Plan) -> Text | None:
    values = config.batch_size * facts.pixels
    if facts.norm != "batch" or values >= SMALLEST_BATCH:
        return None
    return say("The theory of batch normalization is for large batches, and {values} {values|example is|examples are} too few; "
               "it is given from {least} on.", values=values, least=SMALLEST_BATCH)


def _groups(config: RunConfig, facts: Plan) -> Text | None:
    norm = config.network.normalization
    if facts.post == "instance":
        return say("Instance normalization behind the activation leaves every channel the mean 0 over its pixels, and that mean is what "
                   "the output layer reads: there is nothing to predict.")
    if facts.norm == "instance" and facts.pixels < SMALLEST_PIXELS:
        return say("The theory of instance normalization is for many pixels, and {pixels} {pixels|is|are} too few.", pixels=facts.pixels)
    if norm.name == "group" and inner_width(config) < SMALLEST_WIDTH:
        return say("A normalization group of {channels:g} {channels|channel|channels} is too small for an average over units.",
                   channels=inner_width(config))
    return None


def _pooling(config: RunConfig, facts: Plan) -> Text | None:
    network = config.network
    if network.kind == "mlp" or network.pool_every == 0 or network.pool_every > network.depth:
        return None
    return say("Max pooling takes the largest of four correlated values, for which no mean-field theory is implemented.")


def _lsuv(config: RunConfig, facts: Plan) -> Text | None:
    if not facts.unit:
        return None
    tolerance = float(config.init.params["tolerance"])
    if tolerance > LARGEST_TOLERANCE:
        return say("LSUV leaves a variance that is within {tolerance:g} of 1 as it is, and which layers that are is left to chance; "
                   "theory is given up to a tolerance of {most:g}.", tolerance=tolerance, most=LARGEST_TOLERANCE)
    if facts.keep < 1.0:
        return say("LSUV fits the weights without dropout, and training adds it: what that does to each layer is not implemented.")
    return None


def _bias(config: RunConfig, facts: Plan) -> Text | None:
    norm = config.network.normalization
    if norm.name == "rms" and norm.params["placement"] == "pre_activation" and facts.hidden.shift != 0.0:
        return say("A constant bias under RMS normalization shifts each layer by another amount, which is not implemented.")
    if facts.unit and max(facts.first.bias, facts.hidden.bias, facts.last.bias) >= 1.0:
        variance = BIAS_INITIALIZERS[config.bias_init.name].variance(config.bias_init.params, 1)
        return say("LSUV asks for unit variance, but the biases alone have variance {variance:g}.", variance=variance)
    return None


CHECKS: tuple[Callable[[RunConfig, Plan], Text | None], ...] = (_activation, _initializer, _width, _batch, _groups, _pooling, _lsuv, _bias)


def why_not(config: RunConfig, facts: Plan, pixels_known: bool = True) -> Text | None:
    """The first reason for which the theory does not apply to this configuration, or None where it does."""
    if facts.norm == "instance" and not pixels_known:
        return say("Instance normalization needs the correlations between the input's pixels, which are not given.")
    return next((reason for check in CHECKS if (reason := check(config, facts))), None)
