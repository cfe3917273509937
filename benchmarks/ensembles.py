"""Many networks of one configuration at once, in plain torch: each seed's signals go through weights of its own.

Nothing of models.network is used, so that theory is compared with a second implementation. Weights and biases are drawn in the same order
as there: given the streams of random numbers of a run, a single seed is that run's network (tests/models/theory/band/test_study.py).
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from models.activations import ACTIVATIONS
from models.choices import Selection
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS


@torch.no_grad()
def mean_squares(config: RunConfig, batch: Tensor, seeds: int, generator: Generator, masks: Generator | None = None) -> Tensor:
    """Mean squares of the pre-activations (seeds, depth + 1), float64, on one batch (B, features) or (B, C, H, W).

    masks: the stream that dropout draws from; by default `generator`
    """
    network, norm = config.network, config.network.normalization
    phi = ACTIVATIONS[network.activation.name].module(network.activation.params)
    x, found = batch[None].expand(seeds, *batch.shape), []
    for row in range(1, network.depth + 2):
        hidden = row <= network.depth
        x = x if hidden or x.dim() == 3 else x.mean((3, 4))
        h = preactivations(config, row, x, generator)
        if hidden and norm.name != "none" and norm.params["placement"] == "pre_activation":
            h = normalized(norm, h)
        found.append(h.double().square().flatten(1).mean(1))
        if hidden:
            made = phi(h)
            if norm.name != "none" and norm.params["placement"] == "post_activation":
                made = normalized(norm, made)
            if network.dropout:
                made = made * (torch.rand(made.shape, generator=masks or generator) >= network.dropout) / (1.0 - network.dropout)
            x = x + made if network.residual and row > 1 else made
    return torch.stack(found, dim=1)


def preactivations(config: RunConfig, row: int, x: Tensor, generator: Generator) -> Tensor:
    """A row's pre-activations (seeds, B, out[, H, W]) before normalization, from its inputs x (seeds, B, in[, H, W]), by weights and biases
    that are drawn for each seed."""
    init, sums = INITIALIZERS[config.init.name], applied(weights(config, row, x, generator), x, config.network.padding)
    bias = biases(config, row, sums, x.shape[2], generator)
    if init.data_driven:
        sums = fitted(sums, bias, config)
    return sums + bias


def weights(config: RunConfig, row: int, x: Tensor, generator: Generator) -> Tensor:
    """Drawn weights of a row (seeds, out, in[, kernel, kernel]) for inputs x (seeds, B, in[, H, W])."""
    network, init = config.network, INITIALIZERS[config.init.name]
    units = network.width if row <= network.depth else config.classes
    found = torch.empty(x.shape[0], units, x.shape[2], *[network.kernel_size] * (x.dim() - 3))
    gain = ACTIVATIONS[network.activation.name].gain(network.activation.params)
    for weight in found:
        init.fill(weight, config.init.params, gain, generator)
    return found if init.data_driven else found * config.init.params["gain"]


def biases(config: RunConfig, row: int, sums: Tensor, inputs: int, generator: Generator) -> Tensor:
    """Drawn biases of a row (seeds, 1, out[, 1, 1]), to be added to `sums`; 0 where it has none."""
    network, init = config.network, BIAS_INITIALIZERS[config.bias_init.name]
    found = torch.zeros(sums.shape[0], sums.shape[2])
    if network.has_bias if row <= network.depth else network.bias is not False:
        fan_in = inputs * network.kernel_size ** (sums.dim() - 3)
        for bias in found:
            init.fill(bias, config.bias_init.params, fan_in, generator)
    return found[:, None].reshape(sums.shape[0], 1, -1, *[1] * (sums.dim() - 3))


def applied(weight: Tensor, x: Tensor, padding: str) -> Tensor:
    """Each seed's weights on its own signals: one product, or one convolution with a group a seed."""
    if x.dim() == 3:
        return x @ weight.transpose(1, 2)
    stacked = functional.pad(x.transpose(0, 1).flatten(1, 2), (weight.shape[-1] // 2,) * 4,
                             mode="circular" if padding == "circular" else "constant")
    found = functional.conv2d(stacked, weight.flatten(0, 1), groups=weight.shape[0])
    return found.unflatten(1, weight.shape[:2]).transpose(0, 1)


def fitted(sums: Tensor, bias: Tensor, config: RunConfig) -> Tensor:
    """The sums after LSUV (Mishkin & Matas 2015, algorithm 1) has scaled the weights: until the output's variance on the batch is 1 within
    the tolerance, then by the gain."""
    tolerance = config.init.params["tolerance"]
    for _ in range(config.init.params["max_iterations"]):
        variance = (sums + bias).flatten(1).var(1)
        off = ((variance - 1.0).abs() > tolerance) & (variance > 0) & (variance < math.inf)
        sums = sums / torch.where(off, variance.sqrt(), 1.0).reshape(-1, *[1] * (sums.dim() - 1))
    return sums * config.init.params["gain"]


def normalized(norm: Selection, h: Tensor) -> Tensor:
    """Normalizes each seed's signals h (seeds, B, C[, H, W]) by themselves."""
    if norm.name == "group":
        grouped = h.unflatten(2, (norm.params["groups"], -1))
        return _around_mean(grouped, tuple(range(3, grouped.dim())), norm.params["eps"]).reshape(h.shape)
    pixels = tuple(range(3, h.dim()))
    if norm.name == "rms":
        return h * (h.square().mean((2, *pixels), keepdim=True) + norm.params["eps"]).rsqrt()
    return _around_mean(h, {"batch": (1, *pixels), "layer": (2, *pixels), "instance": pixels}[norm.name], norm.params["eps"])


def _around_mean(h: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    around = h - h.mean(dims, keepdim=True)
    return around * (around.square().mean(dims, keepdim=True) + eps).rsqrt()
