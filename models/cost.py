"""What a configuration will cost, before anything is built: its rows, parameters, bytes and FLOPs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from models.activations import ACTIVATIONS, gain_of
from models.config import RunConfig
from models.datasets import SOURCES
from models.frame import QUANTITIES, row_numbers
from models.initializers import INITIALIZERS, Fan
from models.optimizers import OPTIMIZERS

FLOAT = 4
"""Bytes of a float32."""


class LayerInfo(TypedDict):
    """One weighted layer.

    row:                its 1-based number in a frame; the output layer is the last
    parameters:         number of weights, biases and affine parameters
    output_shape:       shape of one example's output
    fan_in, fan_out:    numbers of inputs and outputs of one unit, as torch.nn.init counts them
    gain:               product of the activation's gain, if the initializer uses it (Kaiming), and `init.gain`
    gain_formula:       how the activation's gain is computed, as text; None if the initializer does not use it
    weight_std:         the weights' standard deviation by the initializer's formula; None for LSUV and trained weights
    weight_std_formula: that formula with this layer's numbers, as text
    fan_mode:           the fan in the formula: fan_in, fan_out or fan_avg; None if it has none

    Runs stored by earlier versions lack the formulas and fan_mode.
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
    """What a run takes.

    parameters:     of the whole network
    memory_bytes:   the most that a step holds at once, data included
    flops_per_step: forward and backward, a multiply-add counted as 2
    flops:          of the whole run
    frames:         stored by the whole run
    """

    parameters: int
    memory_bytes: int
    flops_per_step: int
    flops: int
    frames: int


def layers(config: RunConfig, rows: list[int] | None = None) -> list[LayerInfo]:
    """The layers of these rows (1-based), by default of the rows that a frame shows."""
    return [_layer(config, row) for row in (rows or row_numbers(config.network.depth + 1))]


def estimate(config: RunConfig) -> Cost:
    """The cost of a run.

    Memory: weights, their copy from before the update, gradients and optimizer state; the tensors that autograd keeps of each hidden
    layer (the activation's input and output, two more for a normalization, one for dropout); the data, twice; and what measuring a
    frame takes (`_capture_bytes`).
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
    return Cost(parameters, memory, per_step, per_step * (config.total_steps + 1), config.frame_count)


def parameter_count(config: RunConfig) -> int:
    """Weights, biases and affine parameters of the whole network."""
    network = config.network
    first = _weight_count(config, 1) + _extra(config)
    middle = (network.depth - 1) * (_weight_count(config, 2) + _extra(config)) if network.depth > 1 else 0
    return first + middle + _output_parameters(config)


def _layer(config: RunConfig, row: int) -> LayerInfo:
    network = config.network
    is_output = row == network.depth + 1
    fan = Fan(network.width, config.classes) if is_output else _hidden_fan(config, row)
    std, formula = _spread(config, fan)
    return LayerInfo(
        row=row, name="output" if is_output else f"layer {row}", kind="Linear" if is_output or network.kind == "mlp" else "Conv2d",
        parameters=_output_parameters(config) if is_output else _weight_count(config, row) + _extra(config),
        output_shape=[config.classes] if is_output else _output_shape(config, row), fan_in=fan.fan_in, fan_out=fan.fan_out,
        gain=_gain(config), gain_formula=_gain_formula(config), weight_std=std, weight_std_formula=formula, fan_mode=_fan_mode(config))


def _hidden_fan(config: RunConfig, row: int) -> Fan:
    network = config.network
    taps = 1 if network.kind == "mlp" else network.kernel_size**2
    return Fan((config.input_shape[0] if row == 1 else network.width) * taps, network.width * taps, taps)


def _fan_mode(config: RunConfig) -> str | None:
    """The initializer's parameter `mode` if it has one, else the fan that its formula always uses."""
    mode: str | None = config.init.params.get("mode", INITIALIZERS[config.init.name].fan)
    return mode


def _gain(config: RunConfig) -> float:
    """The initializer's own factor, times the activation's where the initializer takes one (Kaiming)."""
    own = float(config.init.params["gain"])
    return own * gain_of(config.network.activation) if INITIALIZERS[config.init.name].uses_gain else own


def _gain_formula(config: RunConfig) -> str | None:
    activation = config.network.activation
    if not INITIALIZERS[config.init.name].uses_gain:
        return None
    return f"{ACTIVATIONS[activation.name].gain_formula(activation.params)} = {gain_of(activation):.4g}"


def _spread(config: RunConfig, fan: Fan) -> tuple[float | None, str | None]:
    """The standard deviation that the initializer's formula gives, and the formula written out."""
    init, params, gain = INITIALIZERS[config.init.name], config.init.params, gain_of(config.network.activation)
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
