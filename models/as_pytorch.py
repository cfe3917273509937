"""A configuration as lines of PyTorch to paste: all of it, or what differs from another one.

What a choice is in PyTorch its own entry in the catalogue says; here stands how the choices go together. The lines run from top to bottom.
Where the network itself differs it is written whole, with its weights: torch draws those of a new layer by a rule of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from textwrap import indent
from typing import Any

from models.activations import ACTIVATIONS, gain_of
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS, Kaiming
from models.later import nn, optim
from models.normalizations import NORMALIZATIONS
from models.optimizers import OPTIMIZERS
from models.written import Written

NN, OPTIM = Written("nn", nn), Written("torch.optim", optim)

OWN = "RMSNormChannels"
"""The module among the catalogue's that torch.nn does not have: its source is written, too."""

SKIP = """class Skip(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)"""


def as_pytorch(config: RunConfig, before: RunConfig | None = None) -> str:
    """Source that makes `config` of `before`, or of nothing; empty where they are alike, or where the weights take more than lines (LSUV,
    trained weights)."""
    parts = [write for facts, write in PARTS if before is None or facts(config) != facts(before)]
    if weights in parts and INITIALIZERS[config.init.name].lines is None:
        return ""
    body = "\n".join(text for write in parts if (text := write(config)))
    imports = [line for line, used in (("import torch", "torch."), ("from torch import nn", "nn.")) if used in body]
    return "\n".join([*imports, *[""] * bool(imports), body])


def model(config: RunConfig) -> str:
    """The network: a function that makes a hidden layer, and `model`."""
    skip = f"{SKIP}\n\n\n" if config.network.residual else ""
    text = f"def hidden(inputs):\n    return {NN.Sequential(*_layer(config))}\n\n\n{skip}{_stacked(config)}\n"
    if f"nn.{OWN}(" in text:
        return f"{_source_of_own(config)}\n\n{text.replace(f'nn.{OWN}(', f'{OWN}(')}"
    return text


def _layer(config: RunConfig) -> Iterator[Written]:
    """The modules of a hidden layer, in order."""
    network = config.network
    inputs, bias = Written("inputs"), {} if network.has_bias else {"bias": False}
    if network.kind == "cnn":
        mode = {} if network.padding == "zeros" else {"padding_mode": network.padding}
        yield NN.Conv2d(inputs, network.width, network.kernel_size, padding=network.kernel_size // 2, **mode, **bias)
    else:
        yield NN.Linear(inputs, network.width, **bias)
    norm, phi = network.normalization, ACTIVATIONS[network.activation.name].make(NN, network.activation.params)
    if norm.name == "none":
        yield phi
    else:
        normed = NORMALIZATIONS[norm.name].make(NN, network.kind, network.width, norm.params)
        yield from (normed, phi) if norm.params["placement"] == "pre_activation" else (phi, normed)
    if network.dropout:
        yield NN.Dropout(network.dropout)


def _source_of_own(config: RunConfig) -> str:
    """The source of OWN."""
    norm = config.network.normalization
    made = NORMALIZATIONS[norm.name].build(config.network.kind, config.network.width, norm.params)
    return inspect.getsource(type(made)).replace("Tensor", "torch.Tensor")


def _stacked(config: RunConfig) -> str:
    """`model`, of hidden layers and the output layer."""
    network, channels = config.network, config.input_shape[0]
    first, other = f"hidden({channels})", f"Skip(hidden({network.width}))" if network.residual else f"hidden({network.width})"
    output = NN.Linear(network.width, config.classes, **({"bias": False} if network.bias is False else {}))
    end = [*([NN.AdaptiveAvgPool2d(1), NN.Flatten()] if network.kind == "cnn" else []), output]
    pools = [row for row, size in enumerate(network.pixels(config.input_shape), 1) if network.pooled(row, size) < size]
    if not pools:
        more = [Written(f"*[{other} for _ in range({network.depth - 1})]")] if network.depth > 1 else []
        return f"model = {NN.Sequential(Written(first), *more, *end)}"
    return (f"layers = []\nfor row in range(1, {network.depth + 1}):\n    layers.append({first} if row == 1 else {other})\n"
            f"    if row in {pools}:\n        layers.append(nn.MaxPool2d(2))\nmodel = {NN.Sequential(Written('*layers'), *end)}")


def weights(config: RunConfig) -> str:
    """Weights and biases of every layer of `model`."""
    lines = INITIALIZERS[config.init.name].lines
    assert lines is not None  # as_pytorch writes none where there are none
    activation, gain = config.network.activation, config.init.params.get("gain", 1.0)
    filled = lines(config.init.params, Kaiming(gain_of(activation), ACTIVATIONS[activation.name].torch_gain(activation.params)))
    bias = BIAS_INITIALIZERS[config.bias_init.name].line(config.bias_init.params)
    body = "\n".join([
        *(["fan_in = layer.weight[0].numel()"] if "fan_in" in filled.replace("'fan_in'", "") + bias else []),
        *(["fan_out = layer.weight[:, 0].numel()"] if "fan_out" in filled.replace("'fan_out'", "") else []),
        filled, *([f"layer.weight.data *= {gain!r}"] if gain != 1.0 else []),
        *([f"if layer.bias is not None:\n    {bias}"] if config.network.bias is not False else [])])
    kinds = "nn.Linear" if config.network.kind == "mlp" else "(nn.Conv2d, nn.Linear)"
    return f"for layer in model.modules():\n    if isinstance(layer, {kinds}):\n{indent(body, ' ' * 8)}\n"


def loader(config: RunConfig) -> str:
    """Batches of `dataset`."""
    return f"loader = torch.utils.data.DataLoader(dataset, batch_size={config.batch_size}, shuffle=True, drop_last=True)"


def optimizer(config: RunConfig) -> str:
    """The optimizer."""
    chosen = config.training.optimizer
    made = OPTIMIZERS[chosen.name].make(OPTIM, Written("model.parameters()"), chosen.params)
    return f"optimizer = {made}"


def length(config: RunConfig) -> str:
    """How long it trains."""
    training = config.training
    return f"steps = {training.steps}" if training.steps is not None else f"epochs = {training.epochs}"


def clipping(config: RunConfig) -> str:
    """What an optimizer's step becomes; nothing where gradients are not clipped any more."""
    limit = config.training.clip_norm
    return "" if limit is None else f"nn.utils.clip_grad_norm_(model.parameters(), {limit!r})\noptimizer.step()"


def _built(config: RunConfig) -> Any:
    return config.network, config.input_shape, config.classes


def _filled(config: RunConfig) -> Any:
    gain = gain_of(config.network.activation) if INITIALIZERS[config.init.name].uses_gain else None
    return _built(config), config.init, config.bias_init, gain


PARTS: tuple[tuple[Callable[[RunConfig], Any], Callable[[RunConfig], str]], ...] = (
    (_built, model), (_filled, weights), (lambda config: config.batch_size, loader), (lambda config: config.training.optimizer, optimizer),
    (lambda config: (config.training.steps, config.training.epochs), length), (lambda config: config.training.clip_norm, clipping),
)
"""The parts in the order of a program: what a part depends on, and what writes it."""
