"""Builds the network of a RunConfig, an nn.Module with its weights drawn. Nothing else assembles networks."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from models import seeds
from models.activations import ACTIVATIONS, gain_of
from models.choices import Params
from models.config import NetworkConfig, RunConfig
from models.drawn import Drawn
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS, Fan
from models.normalizations import NORMALIZATIONS

ONEDNN_FROM = 2**22
"""Multiplications from which oneDNN computes a linear layer no slower than MKL, which torch takes: on AMD's processors twice as fast."""


class Linear(nn.Linear):
    """torch.nn.Linear without its default initialization, which `initialize` would overwrite. (torch's `skip_init` takes 3 ms a layer.)

    A pass without gradients, such as the validation part's, is oneDNN's where that is faster: the same numbers up to rounding. One with
    gradients is torch's to the last bit.
    """

    def reset_parameters(self) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_grad_enabled() or not self._for_onednn(input):
            return super().forward(input)
        result: Tensor = torch.ops.mkldnn._linear_pointwise(input, self.weight, self.bias, "none", [], "")
        return result

    def _for_onednn(self, input: Tensor) -> bool:
        return (input.numel() * self.out_features >= ONEDNN_FROM and input.device.type == "cpu" and input.dtype == torch.float32
                and torch.backends.mkldnn.is_available())


class Conv2d(nn.Conv2d):
    """torch.nn.Conv2d without its default initialization."""

    def reset_parameters(self) -> None:
        pass


class Dropout(nn.Module):
    """Inverted dropout, x * mask / (1 - p) while training. Unlike torch's it draws from a given generator, so that a seed fixes it."""

    def __init__(self, p: float, generator: Generator) -> None:
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * kept / (1.0 - self.p)


class Layer(nn.Module):
    """A weighted layer with what belongs to it; input and output are (B, units) or (B, channels, H, W).

    In the order of the forward pass (each part but `weighted` and `nonlinearity` may be None):
    entry:        before the weights (the output layer's pooling)
    weighted:     weights and bias
    before:       normalization before the nonlinearity
    nonlinearity
    after:        normalization after the nonlinearity
    dropout
    skip:         whether the layer's input is added
    pool
    """

    def __init__(self, weighted: nn.Linear | nn.Conv2d, nonlinearity: nn.Module, *, before: nn.Module | None = None,
                 after: nn.Module | None = None, dropout: nn.Module | None = None, skip: bool = False,
                 pool: nn.Module | None = None, entry: nn.Module | None = None) -> None:
        super().__init__()
        self.entry = entry
        self.weighted = weighted
        self.before = before
        self.nonlinearity = nonlinearity
        self.after = after
        self.dropout = dropout
        self.skip = skip
        self.pool = pool

    @property
    def goes_on(self) -> bool:
        """Whether something follows the nonlinearity, so that the layer's output is not the nonlinearity's."""
        return self.skip or any(part is not None for part in (self.after, self.dropout, self.pool))

    def forward(self, x: Tensor) -> Tensor:
        h = self.weighted(x if self.entry is None else self.entry(x))
        for part in (self.before, self.nonlinearity, self.after, self.dropout):
            if part is not None:
                h = part(h)
        if self.skip:
            h = h + x
        result: Tensor = h if self.pool is None else self.pool(h)
        return result


class GlobalAveragePool(nn.Module):
    """(B, C, H, W) -> (B, C): what the linear output layer of a CNN reads."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


class Network(nn.Module):
    """The layers in order; the last one is the output layer, whose nonlinearity is the identity."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def rows(self) -> list[Layer]:
        """The layers in order; a frame's row r is the layer at r - 1."""
        return [layer for layer in self.layers if isinstance(layer, Layer)]


def build(config: RunConfig, device: torch.device, first_batch: Tensor | None = None, drawn: Drawn | None = None) -> Network:
    """The network of a configuration, initialized, on the device.

    Weights are drawn on the CPU, so that every device starts from the same ones.
    first_batch: on the device; the batch on which a data-driven initializer (LSUV) measures; without it LSUV leaves the weights orthogonal
    drawn:       the weights that were drawn last, which may be those of this network
    """
    network = Network([*_hidden_layers(config, device), _output_layer(config)])
    initialize(network, config, drawn or Drawn(0))
    if device.type != "cpu":  # on the CPU the weights are there already, and `to` would still take a tenth of the time that drawing takes
        network.to(device)
    if INITIALIZERS[config.init.name].data_driven and first_batch is not None:
        unit_variance(network, first_batch, config.init.params)
    return network


def _hidden_layers(config: RunConfig, device: torch.device) -> list[Layer]:
    network, shape = config.network, config.input_shape
    activation = ACTIVATIONS[network.activation.name]
    dropout = Dropout(network.dropout, seeds.generator(config.seed, "dropout", device)) if network.dropout else None
    layers = []
    for row, pixels in enumerate(network.pixels(shape), start=1):
        before, after = _normalizations(network)
        layers.append(Layer(
            _weighted(network, shape[0] if row == 1 else network.width),
            activation.module(network.activation.params), before=before, after=after, dropout=dropout,
            skip=network.residual and row > 1, pool=nn.MaxPool2d(2) if network.pooled(row, pixels) < pixels else None,
        ))
    return layers


def _normalizations(network: NetworkConfig) -> tuple[nn.Module | None, nn.Module | None]:
    """The normalization before the activation, or the one after it."""
    params = network.normalization.params
    if network.normalization.name == "none":
        return None, None
    module = NORMALIZATIONS[network.normalization.name].build(network.kind, network.width, params)
    return (module, None) if params["placement"] == "pre_activation" else (None, module)


def _weighted(network: NetworkConfig, inputs: int) -> nn.Linear | nn.Conv2d:
    if network.kind == "mlp":
        return Linear(inputs, network.width, bias=network.has_bias)
    return Conv2d(inputs, network.width, network.kernel_size, padding=network.kernel_size // 2,
                  padding_mode=network.padding, bias=network.has_bias)


def _output_layer(config: RunConfig) -> Layer:
    """Logits: linear, with a bias unless the configuration forbids it; a CNN's pixels are averaged first."""
    network = config.network
    linear = Linear(network.width, config.classes, bias=network.bias is not False)
    return Layer(linear, nn.Identity(), entry=GlobalAveragePool() if network.kind == "cnn" else None)


@torch.no_grad()
def initialize(network: Network, config: RunConfig, drawn: Drawn) -> None:
    """Draws every weight and bias, layer by layer, from the run's own stream of random numbers."""
    init, bias_init = INITIALIZERS[config.init.name], BIAS_INITIALIZERS[config.bias_init.name]
    nonlinearity_gain = gain_of(config.network.activation) if init.uses_gain else 1.0
    gain = 1.0 if init.data_driven else config.init.params["gain"]
    layers = [layer.weighted for layer in network.rows()]

    def draw() -> None:
        generator = seeds.generator(config.seed, "weights")
        for layer in layers:
            init.fill(layer.weight, config.init.params, nonlinearity_gain, generator)
            if gain != 1.0:
                layer.weight.mul_(gain)
            if layer.bias is not None:
                bias_init.fill(layer.bias, config.bias_init.params, Fan.of(layer.weight).fan_in, generator)

    drawn.fill([parameter for layer in layers for parameter in layer.parameters(recurse=False)],
               (config.seed, nonlinearity_gain, config.init.model_dump_json(), config.bias_init.model_dump_json()), draw)


@torch.no_grad()
def unit_variance(network: Network, batch: Tensor, params: Params) -> None:
    """LSUV (Mishkin & Matas 2015, algorithm 1): from the first layer to the last, scale the weights until the variance of
    the layer's output on the batch is 1 within the tolerance; then `gain` scales them once more.

    A layer whose output does not vary, or is not finite, is left as it is; so is one that reads nothing but rounding. Running statistics of
    batch normalization and the dropout stream are left untouched.
    """
    x = batch
    for layer in network.rows():
        inputs = x if layer.entry is None else layer.entry(x)
        for _ in range(0 if _is_rounding(inputs, x) else params["max_iterations"]):
            variance = layer.weighted(inputs).var().item()
            if not 0 < variance < math.inf or abs(variance - 1) <= params["tolerance"]:
                break
            layer.weighted.weight.div_(math.sqrt(variance))
        layer.weighted.weight.mul_(params["gain"])
        x = _without_traces(layer, x)


ROUNDING = 2.0**-20
"""Where the mean over an image's pixels is 0, float32 leaves some 2^-25 of their size."""


def _is_rounding(inputs: Tensor, x: Tensor) -> bool:
    """Whether what a layer reads of x is what rounding left of 0, as the means of channels behind an instance normalization are."""
    read, given = (tensor.square().mean().sqrt().item() for tensor in (inputs, x))
    return bool(read < ROUNDING * given)


def _without_traces(layer: Layer, x: Tensor) -> Tensor:
    """The layer's output in training mode, but without dropout, and with its running statistics as they were at first."""
    if layer.dropout is not None:
        layer.dropout.eval()
    result: Tensor = layer(x)
    if layer.dropout is not None:
        layer.dropout.train()
    for module in (layer.before, layer.after):
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
    return result
