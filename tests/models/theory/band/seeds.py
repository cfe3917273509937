"""Measured over 200 seeds of plain torch, on the batch that a frame measured: in every row as many seeds lie inside as the band claims.

Whole ensembles go through each layer at once: weights (S, out, in), one matrix product for all seeds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from benchmarks.bands import band_and_batch
from benchmarks.ensembles import mean_squares
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import INITIALIZERS
from models.theory import Theory, theory_of
from models.theory.layers import fans
from models.training import Run, initial_frame
from tests.models.theory.second_road import normalize

SEEDS = 200
LEAST = 0.95 - 3 * math.sqrt(0.95 * 0.05 / SEEDS)

BEHIND = {"name": "layer", "placement": "post_activation"}


def settings(activation: str, data: str, init: dict[str, Any], depth: int = 8, width: int = 64, batch: int = 64,
             bias: float | dict[str, Any] = 0.0, **network: Any) -> RunConfig:
    drawn = {"name": "normal", "std": bias} if bias else {"name": "zeros"}
    return RunConfig.model_validate({
        "network": {"depth": depth, "width": width, "activation": {"name": activation}, **network}, "init": init,
        "bias_init": bias if isinstance(bias, dict) else drawn,
        "data": {"name": data, "batch_size": batch}, "device": "cpu"})


def chaotic(scale: float) -> dict[str, Any]:
    return {"name": "variance_scaling", "scale": scale, "distribution": "normal"}


def weights(config: RunConfig, row: int, generator: torch.Generator) -> torch.Tensor:
    """(S, out, in, kernel, kernel) of one row; Gaussian, uniform, or orthogonal at the kernel's middle."""
    entry, fan = INITIALIZERS[config.init.name], fans(config)[0 if row == 1 else 1 if row <= config.network.depth else 2]
    side, rows, columns = math.isqrt(fan.taps), fan.fan_out // fan.taps, fan.fan_in // fan.taps
    if entry.law == "orthogonal":
        q, r = torch.linalg.qr(torch.randn(SEEDS, max(rows, columns), min(rows, columns), generator=generator))
        q = q * torch.sign(torch.diagonal(r, dim1=1, dim2=2))[:, None]
        found = torch.zeros(SEEDS, rows, columns, side, side)
        found[..., side // 2, side // 2] = q if rows >= columns else q.transpose(1, 2)
        return found * config.init.params["gain"]
    activation = config.network.activation
    gain = ACTIVATIONS[activation.name].gain(activation.params) if entry.uses_gain else 1.0
    std = math.sqrt(entry.variance(fan, config.init.params, gain)) * config.init.params["gain"]
    shape = (SEEDS, rows, columns, side, side)
    if entry.law == "uniform":
        return std * math.sqrt(3.0) * (2.0 * torch.rand(shape, generator=generator) - 1.0)
    return std * torch.randn(shape, generator=generator)


def biases(config: RunConfig, units: int, pixels: int, generator: torch.Generator) -> torch.Tensor | float:
    """(S, 1, units, 1, 1), without the last two where there are no pixels."""
    name, params, shape = config.bias_init.name, config.bias_init.params, (SEEDS, 1, units, *[1] * pixels)
    if name == "normal":
        return torch.randn(shape, generator=generator) * params["std"]
    return float(params["value"]) if name == "constant" else 0.0


def applied(weight: torch.Tensor, x: torch.Tensor, padding: str) -> torch.Tensor:
    """Each seed's weights on its own signals (S, B, in[, H, W]): one product, or one convolution with a group a seed."""
    if x.dim() == 3:
        return x @ weight[..., 0, 0].transpose(1, 2)
    seeds, reach = weight.shape[0], weight.shape[-1] // 2
    stacked = torch.nn.functional.pad(x.transpose(0, 1).flatten(1, 2), (reach,) * 4,
                                      mode="circular" if padding == "circular" else "constant")
    found = torch.nn.functional.conv2d(stacked, weight.flatten(0, 1), groups=seeds)
    return found.unflatten(1, (seeds, weight.shape[1])).transpose(0, 1)


@torch.no_grad()
def ensemble(config: RunConfig, batch: torch.Tensor) -> np.ndarray:
    """Mean squares of the pre-activations (S, depth + 1)."""
    network, generator = config.network, torch.Generator().manual_seed(1)
    phi = ACTIVATIONS[network.activation.name].module(network.activation.params)
    norm, x, found = network.normalization, batch[None].expand(SEEDS, *batch.shape), []
    for row in range(1, network.depth + 2):
        hidden = row <= network.depth
        x = x if hidden or x.dim() == 3 else x.mean((3, 4))
        h = applied(weights(config, row, generator), x, network.padding)
        h = h + biases(config, h.shape[2], h.dim() - 3, generator)
        if hidden and norm.name != "none" and norm.params["placement"] == "pre_activation":
            h = torch.stack([normalize(norm.name, one, norm.params) for one in h])
        found.append(h.double().square().flatten(1).mean(1).numpy())
        if hidden:
            a = phi(h)
            if norm.name != "none" and norm.params["placement"] == "post_activation":
                a = torch.stack([normalize(norm.name, one, norm.params) for one in a])
            if network.dropout:
                a = a * (torch.rand(a.shape, generator=generator) >= network.dropout) / (1.0 - network.dropout)
            x = x + a if network.residual and row > 1 else a
    return np.stack(found, axis=1)


def measured(config: RunConfig) -> tuple[Theory, np.ndarray, np.ndarray, np.ndarray]:
    """Theory, the share of seeds inside, the band's half width over the seeds' spread, and the measured mean squares."""
    run, seen = Run.start(config), []
    run.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found = theory_of(config, next(run.frames())["input"])
    rows = ensemble(config, seen[-1])
    low, high = (np.array(column, dtype=float) for column in (found.preactivation_band.low, found.preactivation_band.high))
    ratio = np.log(high / low) / (2 * 1.96) / np.log(rows).std(axis=0)
    return found, ((rows >= low) & (rows <= high)).mean(axis=0), ratio, rows


def measured_of_uniform(config: RunConfig) -> tuple[Theory, np.ndarray, np.ndarray, np.ndarray]:
    """The same for every law of biases, and LSUV: by the study's ensembles."""
    known = band_and_batch(config)
    assert known is not None
    low, high, batch = known
    rows = mean_squares(config, batch, SEEDS, torch.Generator().manual_seed(1)).numpy()
    found = theory_of(config, initial_frame(config)["input"])
    lowest, highest = np.quantile(rows, (0.025, 0.975), axis=0)
    return found, ((rows >= low) & (rows <= high)).mean(axis=0), np.log(high / low) / np.log(highest / lowest), rows
