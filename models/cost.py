"""What a configuration will cost, before anything is built: its rows, parameters, bytes and FLOPs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NotRequired

from typing_extensions import TypedDict

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.datasets import SOURCES
from models.frame import QUANTITIES, row_numbers
from models.initializers import INITIALIZERS, Fan
from models.optimizers import OPTIMIZERS

FLOAT = 4
"""Bytes of a float32."""


class LayerInfo(TypedDict):
    """One weighted layer.

    parameters:   weights, biases and affine parameters       output_shape: one example's
    fan_in, fan_out: of one unit; `gain`: all that the initializer multiplies by: the activation's, where it takes one, and its own
    gain_formula: where the activation's comes from, written out; None where the initializer takes none
    weight_std:   what the initializer's formula gives with these numbers; None where the data (LSUV) or a training decides
    weight_std_formula: how, written out
    fan_mode:     fan_in, fan_out or fan_avg: which of them that goes by; None where it goes by neither
    (Formulas and the mode may be missing: runs that were stored before they were written have none.)
    """

    row: int
    name: str
    kind: str
    parameters: int
    output_shape: list[int]
    fan_in: int
    fan_out: int
    gain: float
    gain_formula: NotRequired[str | None]
    weight_std: float | None
    weight_std_formula: NotRequired[str | None]
    fan_mode: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """parameters: of the whole network; memory_bytes: the most that a step holds at once, data included;
    flops_per_step: multiply-adds count 2, forward and backward; flops: of the whole run; frame_bytes: a stored frame, about."""

    parameters: int
    memory_bytes: int
    flops_per_step: int
    flops: int
    frames: int
    frame_bytes: int


def nonlinearity_gain(config: RunConfig) -> float:
    """What Kaiming initialization multiplies by for the configuration's activation."""
    activation = config.network.activation
    return _known_gain(activation.name, tuple(sorted(activation.params.items())))


@lru_cache(256)
def _known_gain(name: str, params: tuple[tuple[str, Any], ...]) -> float:
    return ACTIVATIONS[name].gain(dict(params))


def layers(config: RunConfig, rows: list[int] | None = None) -> list[LayerInfo]:
    """The rows that frames show (or those asked for), as a list to print."""
    return [_layer(config, row) for row in (rows or row_numbers(config.network.depth + 1))]


def estimate(config: RunConfig) -> Cost:
    """The cost of a run.

    memory: weights, gradients and optimizer state; for each hidden layer what autograd keeps (input of the activation,
    its output, and two more where a normalization or dropout stands) and one gradient in flight; the data; and the copies
    that a frame takes (weights before the update, histogram samples in float64).
    FLOPs: 2 a multiply-add, the backward pass twice the forward; normalizations and activations are not counted.
    """
    network = config.network
    parameters = parameter_count(config)
    activations = config.batch_size * sum(_hidden_elements(config))
    kept = 2 + 2 * (network.normalization.name != "none") + (network.dropout > 0)
    weights = parameters * (3 + OPTIMIZERS[config.training.optimizer.name].state)
    data = SOURCES[config.data.name].value_bytes * sum(config.split) * math.prod(config.input_shape)
    per_step = 6 * config.batch_size * _multiply_adds(config)
    memory = FLOAT * (weights + activations * kept) + 2 * data + _capture_bytes(config)
    rows = len(row_numbers(network.depth + 1))
    return Cost(parameters, memory, per_step, per_step * (config.total_steps + 1), config.frame_count,
                rows * len(QUANTITIES) * 2 * config.capture.bins)


def parameter_count(config: RunConfig) -> int:
    """Weights, biases and affine parameters of the whole network."""
    network = config.network
    first = _weight_count(config, 1) + _extra(config)
    middle = (network.depth - 1) * (_weight_count(config, 2) + _extra(config)) if network.depth > 1 else 0
    return first + middle + _output_parameters(config)


def _layer(config: RunConfig, row: int) -> LayerInfo:
    network = config.network
    if row == network.depth + 1:
        fan = Fan(network.width, config.classes)
        std, formula = _spread(config, fan)
        return LayerInfo(row=row, name="output", kind="Linear", parameters=_output_parameters(config), output_shape=[config.classes],
                         fan_in=fan.fan_in, fan_out=fan.fan_out, gain=_gain(config), gain_formula=_gain_formula(config),
                         weight_std=std, weight_std_formula=formula, fan_mode=_fan_mode(config))
    kind, taps = ("Linear", 1) if network.kind == "mlp" else ("Conv2d", network.kernel_size**2)
    fan = Fan((config.input_shape[0] if row == 1 else network.width) * taps, network.width * taps, taps)
    std, formula = _spread(config, fan)
    return LayerInfo(row=row, name=f"layer {row}", kind=kind, parameters=_weight_count(config, row) + _extra(config),
                     output_shape=_output_shape(config, row), fan_in=fan.fan_in, fan_out=fan.fan_out, gain=_gain(config),
                     gain_formula=_gain_formula(config), weight_std=std, weight_std_formula=formula, fan_mode=_fan_mode(config))


def _fan_mode(config: RunConfig) -> str | None:
    """Chosen where it is a parameter, else the initializer's own."""
    mode: str | None = config.init.params.get("mode", INITIALIZERS[config.init.name].fan)
    return mode


def _gain(config: RunConfig) -> float:
    """The initializer's own factor, times the activation's where the initializer takes one (Kaiming)."""
    own = float(config.init.params["gain"])
    return own * nonlinearity_gain(config) if INITIALIZERS[config.init.name].uses_gain else own


def _gain_formula(config: RunConfig) -> str | None:
    activation = config.network.activation
    if not INITIALIZERS[config.init.name].uses_gain:
        return None
    return f"{ACTIVATIONS[activation.name].gain_formula(activation.params)} = {nonlinearity_gain(config):.4g}"


def _spread(config: RunConfig, fan: Fan) -> tuple[float | None, str | None]:
    """The standard deviation that the initializer's formula gives, and the formula written out."""
    init, params, gain = INITIALIZERS[config.init.name], config.init.params, nonlinearity_gain(config)
    if init.data_driven or init.trained:
        return None, None
    own = abs(float(params["gain"]))
    return own * math.sqrt(init.variance(fan, params, gain)), f"{own:.4g} · " * (own != 1) + init.std(fan, params, gain)


def _output_shape(config: RunConfig, row: int) -> list[int]:
    if config.network.kind == "mlp":
        return [config.network.width]
    size = config.network.pooled(row, config.network.pixels(config.input_shape)[row - 1])
    return [config.network.width, size, size]


def _weight_count(config: RunConfig, row: int) -> int:
    network = config.network
    inputs = config.input_shape[0] if row == 1 else network.width
    return inputs * network.width * (network.kernel_size**2 if network.kind == "cnn" else 1)


def _extra(config: RunConfig) -> int:
    """Bias, affine and PReLU parameters of a hidden layer."""
    network, norm = config.network, config.network.normalization
    affine = norm.name != "none" and norm.params["affine"]
    scales = (1 if norm.name == "rms" else 2) if affine else 0
    return network.width * (network.has_bias + scales) + (network.activation.name == "prelu")


def _output_parameters(config: RunConfig) -> int:
    return config.classes * (config.network.width + (config.network.bias is not False))


def _hidden_elements(config: RunConfig) -> list[int]:
    """Values of each hidden layer's pre-activation, for one example."""
    network = config.network
    if network.kind == "mlp":
        return [network.width] * network.depth
    return [network.width * size * size for size in network.pixels(config.input_shape)]


def _multiply_adds(config: RunConfig) -> int:
    """Of one example's forward pass."""
    network = config.network
    sizes = network.pixels(config.input_shape)
    first = _weight_count(config, 1) * sizes[0] ** 2
    rest = _weight_count(config, 2) * sum(size**2 for size in sizes[1:])
    return first + rest + config.classes * network.width


def _capture_bytes(config: RunConfig) -> int:
    """Histogram samples of all quantities, and one row's float64 copy while its moments are taken."""
    rows = len(row_numbers(config.network.depth + 1))
    largest = config.batch_size * max(_hidden_elements(config))
    wanted = largest if config.capture.samples == "all" else min(2 * config.capture.samples, largest)
    init_copies = 2 if INITIALIZERS[config.init.name].law == "orthogonal" else 0
    return 8 * (rows * len(QUANTITIES) * wanted + 4 * largest + init_copies * _weight_count(config, 2))
