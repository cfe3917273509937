"""Rules on the configuration itself, each with the number it comes to."""

from __future__ import annotations

from models.activations import gain_of
from models.diagnosis.candidates import BATCH_VALUES, averaged
from models.diagnosis.finding import Finding
from models.diagnosis.look import Look
from models.diagnosis.signal import remedy
from models.diagnosis.variants import changed
from models.words import say, together


def small_batch(look: Look) -> Finding | None:
    config = look.config
    if config.network.normalization.name != "batch":
        return None
    values = averaged(config)
    if values >= BATCH_VALUES[0]:
        return None
    larger = config.split[0] >= 64
    mend = changed(config, data__batch_size=64) if larger else changed(config, network__normalization={"name": "layer"})
    return Finding(
        rule="small_batch", severity="critical" if values < BATCH_VALUES[1] else "warning",
        title=say("Too small a batch: batch normalization averages over {values} {values|value|values}", values=values), layers=look.hidden,
        measured=float(values), threshold=float(BATCH_VALUES[0]),
        cause=say("A mean over {values} {values|value|values} is off by 1/√{values} of a standard "
                  "deviation, and every example depends on the others' draw.", values=values),
        remedy=say("Take batches of 64.") if larger else say("Use layer normalization, which needs no batch."),
        config=mend.model_dump(mode="json"))


def useless_bias(look: Look) -> Finding | None:
    """Layer, group and RMS normalization leave a unit's own bias alive: they average over units."""
    network = look.config.network
    norm = network.normalization
    if norm.name not in ("batch", "instance") or norm.params["placement"] != "pre_activation" or not network.has_bias:
        return None
    mend = changed(look.config, network__bias="auto", network__normalization__affine=True)
    return Finding(
        rule="useless_bias", severity="note", layers=look.hidden,
        title=say("Useless bias: {count:,} {count|bias|biases} that the normalization removes", count=network.depth * network.width),
        measured=float(network.depth * network.width), threshold=0.0,
        cause=say("Batch normalization subtracts each channel's mean, and with it the bias: its gradient is zero.") if norm.name == "batch"
        else say("Instance normalization subtracts each channel's mean, and with it the bias: its gradient is zero."),
        remedy=say("Leave the bias to the normalization's own shift β (bias auto, affine)."), config=mend.model_dump(mode="json"))


def kaiming_gain(look: Look) -> Finding | None:
    """Kaiming's rule is derived for activations that are linear above 0."""
    network, init = look.config.network, look.config.init
    if init.name not in ("kaiming_normal", "kaiming_uniform") or network.normalization.name != "none":
        return None
    if network.activation.name not in ("sigmoid", "tanh") or abs(init.params["gain"]) != 1.0:
        return None  # with a gain of its own the weights' variance is no longer Kaiming's
    gain = gain_of(network.activation)
    what = {
        "tanh": say("σ_w² = 25/9 = 2.78 is above tanh's critical 1: the network is chaotic, and the gradient grows on the way back."),
        "sigmoid": say("torch gives sigmoid gain 1, and its slope is at most 1/4: "
                       "the gradient's mean square falls by more than 16 a layer."),
    }[network.activation.name]
    sentence, config = remedy(look, "note", redrawn=True)
    return Finding(
        rule="kaiming_gain", severity="note", layers=look.hidden, measured=gain, threshold=None,
        title=say("Kaiming with {activation}: gain {gain:.3g}", activation=network.activation.name, gain=gain),
        cause=together(say("Kaiming initialization is made for ReLU and its relatives."), what),
        remedy=sentence, config=config)
