"""Second roads for the theory's tests: adaptive quadrature, and networks in plain torch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.integrate import IntegrationWarning, quad

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS


def defaults(name: str) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in ACTIVATIONS[name].parameters}


def adaptive(function: Callable[[float], float], q: float, kinks: tuple[float, ...] = ()) -> float:
    """E[function(sqrt(q) z)] by scipy's adaptive quadrature between hand-set cuts on both scales."""
    root = math.sqrt(q)
    scales = [sign * x for x in (1e-3, 0.01, 0.1, 0.5, 1, 2, 4, 8) for sign in (-1, 1)]
    features = [sign * x / root for x in (0.03, 0.3, 1, 2, 4, 8, 16, 40, 200, 2000) for sign in (-1, 1)]
    cuts = sorted(cut for cut in {0.0, -12.0, 12.0, *scales, *features, *(kink / root for kink in kinks)} if abs(cut) <= 12)

    def integrand(z: float) -> float:
        return function(root * z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)  # of parts that are 0 to rounding: the sum's error is held below
        parts = [quad(integrand, a, b, epsabs=0, epsrel=1e-10, limit=100)[:2] for a, b in pairwise(cuts)]
    total, error = (sum(column) for column in zip(*parts, strict=True))
    assert error <= 1e-8 * abs(total)
    return float(total)


def config(activation: str = "tanh", init: str = "lecun_normal", depth: int = 6, width: int = 256, *, network: dict[str, Any] | None = None,
           init_params: dict[str, Any] | None = None, bias: dict[str, Any] | None = None, batch: int = 64) -> RunConfig:
    return RunConfig.model_validate({
        "network": {"activation": {"name": activation}, "depth": depth, "width": width, **(network or {})},
        "init": {"name": init, **(init_params or {})}, "bias_init": bias or {"name": "zeros"},
        "data": {"name": "gaussian", "batch_size": batch},
    })


def layers(settings: RunConfig, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of every row, by the catalogue's initializers."""
    generator = torch.Generator().manual_seed(seed)
    activation, init = settings.network.activation, INITIALIZERS[settings.init.name]
    gain = ACTIVATIONS[activation.name].gain(activation.params) if init.uses_gain else 1.0
    sizes = [settings.input_shape[0], *[settings.network.width] * settings.network.depth, settings.classes]
    for row, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        kernel = (settings.network.kernel_size,) * 2 if settings.network.kind == "cnn" and row <= settings.network.depth else ()
        weight, bias = torch.empty(fan_out, fan_in, *kernel), torch.zeros(fan_out)
        init.fill(weight, settings.init.params, gain, generator)
        if settings.network.has_bias or row > settings.network.depth:
            BIAS_INITIALIZERS[settings.bias_init.name].fill(bias, settings.bias_init.params, fan_in * math.prod(kernel), generator)
        yield weight * settings.init.params["gain"], bias


def inputs(settings: RunConfig, seed: int, correlation: float = 0.0) -> torch.Tensor:
    """Examples of mean square 1 each, and of this correlation with each other where it is not 0."""
    generator = torch.Generator().manual_seed(1_000_000 + seed)
    shape = settings.input_shape
    own = torch.randn(settings.batch_size, *shape, generator=generator)
    shared = torch.randn(1, *shape, generator=generator)
    x = math.sqrt(1 - correlation) * own + math.sqrt(correlation) * shared
    dims = tuple(range(1, x.dim()))
    return x / x.square().mean(dims, keepdim=True).sqrt()


def forward(settings: RunConfig, seed: int, x: torch.Tensor) -> list[torch.Tensor]:
    """The pre-activations z of every row, with gradients kept; written without any of the product's network code."""
    network = settings.network
    phi = ACTIVATIONS[network.activation.name].module(network.activation.params)
    norm, out = network.normalization, []
    torch.manual_seed(seed)
    for row, (weight, bias) in enumerate(layers(settings, seed), 1):
        hidden = row <= network.depth
        if network.kind == "cnn" and not hidden:
            x = x.mean((2, 3))
        h = convolve(x, weight, bias, network.padding) if weight.dim() == 4 else x @ weight.T + bias
        if hidden and norm.name != "none" and norm.params["placement"] == "pre_activation":
            h = normalize(norm.name, h, norm.params)
        if h.requires_grad:
            h.retain_grad()
        else:
            h.requires_grad_()
        out.append(h)
        if hidden:
            a = phi(h)
            if norm.name != "none" and norm.params["placement"] == "post_activation":
                a = normalize(norm.name, a, norm.params)
            a = torch.nn.functional.dropout(a, network.dropout)
            x = x + a if network.residual and row > 1 else a
    return out


def convolve(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, padding: str) -> torch.Tensor:
    reach = weight.shape[-1] // 2
    mode = "circular" if padding == "circular" else "constant"
    return torch.nn.functional.conv2d(torch.nn.functional.pad(x, (reach,) * 4, mode=mode), weight, bias)


def normalize(name: str, h: torch.Tensor, params: dict[str, Any]) -> torch.Tensor:
    if name == "group":
        grouped = h.unflatten(1, (params["groups"], -1))
        return normalize("layer", grouped.flatten(0, 1), params).reshape(h.shape)
    pixels = tuple(range(2, h.dim()))
    dims = {"batch": (0, *pixels), "layer": (1, *pixels), "rms": (1, *pixels), "instance": pixels}[name]
    mean = 0.0 if name == "rms" else h.mean(dims, keepdim=True)
    return (h - mean) / ((h - mean).square().mean(dims, keepdim=True) + params["eps"]).sqrt()


def mean_squares(settings: RunConfig, seed: int, correlation: float = 0.0) -> np.ndarray:
    with torch.no_grad():
        found = forward(settings, seed, inputs(settings, seed, correlation))
    return np.array([float(h.detach().double().square().mean()) for h in found])


def correlated(settings: RunConfig, seed: int) -> torch.Tensor:
    """Gaussian inputs whose cosines are 0.6 between examples; of images 0.3 between two pixels of one, 0.2 of two. Mean square 1."""
    generator = torch.Generator().manual_seed(1_000_000 + seed)  # weights are drawn from the seed itself

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    batch, shape = settings.batch_size, settings.input_shape
    if len(shape) == 1:
        return math.sqrt(0.6) * draw(1, *shape) + math.sqrt(0.4) * draw(batch, *shape)
    whole, ones = (shape[0], 1, 1), torch.ones(batch, *shape)
    parts = ((0.2, draw(1, *whole)), (0.1, draw(batch, *whole)), (0.4, draw(1, *shape)), (0.3, draw(batch, *shape)))
    return sum((math.sqrt(share) * part for share, part in parts), 0.0 * ones)
