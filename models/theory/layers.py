"""A configuration as mean-field theory reads it: for the first, the hidden and the output layer, sigma_w^2 and sigma_b^2.

sigma_w^2 = fan_in * Var(w) * gain^2 counts in the forward direction, fan_out * Var(w) * gain^2 in the backward one
(Glorot & Bengio 2010); the two differ where a layer is not square. A constant bias is no variance but a shift of phi.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.activations import gain_of
from models.choices import Params
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS, Fan
from models.theory.nonlinearity import Nonlinearity, nonlinearity


@dataclass(frozen=True, slots=True)
class Layer:
    """One weighted layer.

    forward:  fan_in times the weights' variance: sigma_w^2
    backward: fan_out times the weights' variance
    bias:     sigma_b^2, the biases' variance
    shift:    the biases' mean
    loose:    how much the length of what it hands on varies from seed to seed, as a share of what it does with independent weights: 1, or
              max(0, 1 - rows / columns) for an orthogonal matrix, which keeps lengths
    even:     by how much less a weight's square varies than a Gaussian's, as a share of that: (3 - kurtosis) / 2; 1 for orthogonal weights,
              whose sum of squares is fixed
    even_bias: the same for a bias
    """

    forward: float
    backward: float
    bias: float
    shift: float
    loose: float
    even: float
    even_bias: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole network: its three kinds of layers, and what happens between them.

    nl:      the activation                 batch:    examples in a batch
    norm, placement: "none", or a normalization and where it stands;  eps: added to its variance
    keep:    1 - dropout                    residual: rows 2 to depth add their input
    unit:    LSUV: the weights are scaled on the batch so that q = 1
    kernel:  taps along one side where zero padding makes q depend on the position, else 1;  size: pixels along one side
    """

    config: RunConfig
    nl: Nonlinearity
    first: Layer
    hidden: Layer
    last: Layer
    depth: int
    width: int
    batch: int
    norm: str
    placement: str
    eps: float
    keep: float
    residual: bool
    unit: bool
    kernel: int
    size: int

    def layer(self, row: int) -> Layer:
        return self.first if row == 1 else self.last if row > self.depth else self.hidden

    def each(self, name: str) -> NDArray[np.float64]:
        """One number of every row's layer (depth + 1,)."""
        first, hidden, last = (float(getattr(layer, name)) for layer in (self.first, self.hidden, self.last))
        return np.array([first, *[hidden] * (self.depth - 1), last])

    @property
    def pixels(self) -> int:
        """Positions of an image; 1 without one."""
        return self.size**2

    @property
    def taps(self) -> int:
        """Positions that a convolution averages over."""
        return self.config.network.kernel_size**2 if self.pixels > 1 and self.config.init.name != "delta_orthogonal" else 1

    @property
    def seen(self) -> int:
        """Numbers of the input that a unit of the first layer sees."""
        return self.config.input_shape[0] * self.taps

    @property
    def flat(self) -> bool:
        """Whether batch normalization divides by a standard deviation s that only one, two or three numbers of the input make, and that is
        therefore often small: E[1/s^2], the gradient's factor, is infinite for two Gaussian numbers and 3 for three (inverse chi
        square)."""
        return self.norm == "batch" and self.seen < 4

    @property
    def pre(self) -> str:
        """The normalization in front of the activation, or "none"."""
        return self.norm if self.placement == "pre_activation" else "none"

    @property
    def post(self) -> str:
        """The normalization behind the activation, or "none"."""
        return self.norm if self.placement == "post_activation" else "none"


def plan(config: RunConfig) -> Plan:
    """What theory needs of the configuration."""
    network, norm = config.network, config.network.normalization
    found = fans(config)
    first, hidden, last = (_layer(config, fan, output=place == 2) for place, fan in enumerate(found))
    chosen: Params = norm.params if norm.name != "none" else {"placement": "", "eps": 0.0}
    shift = hidden.shift if norm.name == "none" or chosen["placement"] != "pre_activation" else 0.0
    size = config.input_shape[-1] if network.kind == "cnn" else 1
    padded = network.kind == "cnn" and network.padding == "zeros" and config.init.name != "delta_orthogonal"
    return Plan(
        config=config, nl=nonlinearity(network.activation.name, network.activation.params, shift), first=first, hidden=hidden, last=last,
        depth=network.depth, width=network.width, batch=config.batch_size, norm=_norm(config), placement=chosen["placement"],
        eps=float(chosen["eps"]), keep=1.0 - network.dropout, residual=network.residual,
        unit=INITIALIZERS[config.init.name].data_driven, kernel=network.kernel_size if padded else 1, size=size,
    )


def _norm(config: RunConfig) -> str:
    """The normalization's name; batch normalization over a single image is instance normalization."""
    name = config.network.normalization.name
    return "instance" if name == "batch" and config.network.kind == "cnn" and config.batch_size == 1 else name


def fans(config: RunConfig) -> tuple[Fan, Fan, Fan]:
    """Fans of the first, a hidden and the output layer."""
    network = config.network
    taps = network.kernel_size**2 if network.kind == "cnn" else 1
    inputs = config.input_shape[0]
    return (Fan(inputs * taps, network.width * taps, taps), Fan(network.width * taps, network.width * taps, taps),
            Fan(network.width, config.classes))


def _layer(config: RunConfig, fan: Fan, output: bool) -> Layer:
    entry, params = INITIALIZERS[config.init.name], config.init.params
    activation = config.network.activation
    gain = gain_of(activation) if entry.uses_gain else 1.0
    variance = entry.variance(fan, params, gain) * params["gain"] ** 2
    has_bias = config.network.bias is not False if output else config.network.has_bias
    bias, bias_params = BIAS_INITIALIZERS[config.bias_init.name], config.bias_init.params
    rows, columns = fan.fan_out // fan.taps, fan.fan_in // (fan.taps if config.init.name == "delta_orthogonal" else 1)
    loose = max(0.0, 1.0 - rows / columns) if entry.law == "orthogonal" else 1.0
    return Layer(
        forward=fan.fan_in * variance, backward=fan.fan_out * variance,
        bias=bias.variance(bias_params, fan.fan_in) if has_bias else 0.0, shift=bias.mean(bias_params) if has_bias else 0.0,
        loose=loose, even=1.0 if loose < 1.0 else (3.0 - entry.kurtosis(params)) / 2.0, even_bias=(3.0 - bias.kurtosis) / 2.0,
    )


def weights_mean(config: RunConfig) -> float:
    """The mean of a weight that the initializer gives."""
    return INITIALIZERS[config.init.name].mean(config.init.params) * float(config.init.params["gain"])


def inner_width(config: RunConfig) -> float:
    """Units that a normalization of one example averages over (a group's, or all)."""
    norm = config.network.normalization
    return config.network.width / norm.params["groups"] if norm.name == "group" else float(config.network.width)


