"""Measures a map: what each network of a grid over (sigma_w^2, sigma_b^2) does to the signal, many networks at once.

All networks of the map share the same random numbers: two points of the grid differ only by the factors sigma_w and sigma_b on them. So a
row of the map takes one matrix product a layer, and neighbouring points do not differ by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from models import device, seeds
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.datasets import SOURCES
from models.frame import each_finite
from models.moments import correlation
from models.optimizers import OPTIMIZERS
from models.sweep import SweepConfig, SweepRow
from models.training import batches_of


def rows(config: SweepConfig) -> Iterator[SweepRow]:
    """The rows of the map, from the smallest sigma_b^2 up, as they are measured."""
    base, where = config.base, device.resolve(config.base.device)
    data = SOURCES[base.data.name].load(base.data.params, base.demand, base.seed).to(where)
    weights, biases = base_numbers(base, where)
    sigma_w2 = config.sigma_w2.values()
    for seq, sigma_b2 in enumerate(config.sigma_b2.values()):
        networks = Networks(base, weights, biases, torch.tensor(sigma_w2, device=where).sqrt(), math.sqrt(sigma_b2))
        found = networks.look(*next(batches_of(base, data)))
        final: list[float | None] = [None] * len(sigma_w2)
        if config.train_steps:
            final = networks.train(batches_of(base, data), config.train_steps)
        yield SweepRow(seq=seq, sigma_b2=sigma_b2, sigma_w2=sigma_w2, q=found["q"], correlation=found["correlation"], chi=found["chi"],
                       loss=found["loss"], final_loss=final)


def base_numbers(config: RunConfig, where: torch.device) -> tuple[list[Tensor], list[Tensor]]:
    """Weights ~ N(0, 1 / fan_in), (out, in), and biases ~ N(0, 1), (out,), of every layer, the output layer last."""
    generator = seeds.generator(config.seed, "weights")
    sizes = [config.input_shape[0], *[config.network.width] * config.network.depth, config.classes]
    pairs = list(pairwise(sizes))
    weights = [(torch.randn(out, inputs, generator=generator) / math.sqrt(inputs)).to(where) for inputs, out in pairs]
    return weights, [torch.randn(out, generator=generator).to(where) for _, out in pairs]


class Networks:
    """P networks side by side: point p has weights sigma_w[p] * base and biases sigma_b * base."""

    def __init__(self, config: RunConfig, weights: list[Tensor], biases: list[Tensor], sigma_w: Tensor, sigma_b: float) -> None:
        self.config = config
        self.weights = weights
        self.biases = [sigma_b * bias for bias in biases]
        self.sigma_w = sigma_w[:, None, None]
        activation = config.network.activation
        self.phi = ACTIVATIONS[activation.name].module(activation.params).to(sigma_w.device)

    def look(self, inputs: Tensor, labels: Tensor) -> dict[str, list[float | None]]:
        """One forward and backward pass of all P networks: q, correlation, chi and loss of each."""
        x = inputs.expand(len(self.sigma_w), *inputs.shape)
        hidden: list[Tensor] = []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            z = (x @ weight.T) * self.sigma_w + bias
            hidden.append(z.requires_grad_() if not z.requires_grad else z)
            x = self.phi(z)
        losses = _losses((x @ self.weights[-1].T) * self.sigma_w + self.biases[-1], labels)
        first, last = torch.autograd.grad(losses.sum(), [hidden[0], hidden[-1]])
        ratio = _mean_square(first) / _mean_square(last)
        chi = ratio ** (1.0 / max(1, len(hidden) - 1))
        found = {"q": _mean_square(hidden[-1].detach()), "correlation": torch.stack([correlation(z) for z in hidden[-1].detach()]),
                 "chi": chi, "loss": losses.detach()}
        return {name: each_finite(values.tolist()) for name, values in found.items()}

    def train(self, batches: Iterator[tuple[Tensor, Tensor]], steps: int) -> list[float | None]:
        """The losses after so many steps of every network, each trained as its run is: on the same batches, with the configured optimizer.

        An optimizer treats every number by itself, so the gradients of the losses' sum are each network's own.
        """
        layers = [self._layer(number) for number in range(len(self.weights))]
        parameters = [parameter for layer in layers for parameter in layer]
        training = self.config.training
        optimizer = OPTIMIZERS[training.optimizer.name].build(parameters, training.optimizer.params)
        for _ in range(steps):
            optimizer.zero_grad()
            self._losses_on(layers, *next(batches)).sum().backward()
            if training.clip_norm is not None:
                _clip(parameters, training.clip_norm)
            optimizer.step()
        with torch.no_grad():
            return each_finite(self._losses_on(layers, *next(batches)).tolist())

    def _layer(self, number: int) -> list[nn.Parameter]:
        """The parameters of a layer of all P networks, (P, ...) each: weight, bias, and those of a hidden layer's activation."""
        points = len(self.sigma_w)
        own = list(self.phi.parameters()) if number < len(self.weights) - 1 else []
        return [nn.Parameter((self.weights[number] * self.sigma_w).contiguous()),
                *(nn.Parameter(each.detach().expand(points, *each.shape).clone()) for each in (self.biases[number][None], *own))]

    def _losses_on(self, layers: list[list[nn.Parameter]], inputs: Tensor, labels: Tensor) -> Tensor:
        return _losses(self._forward(layers, inputs), labels)

    def _forward(self, layers: list[list[nn.Parameter]], inputs: Tensor) -> Tensor:
        x = inputs.expand(len(self.sigma_w), *inputs.shape)
        for weight, bias, *own in layers[:-1]:
            x = self._activated(torch.baddbmm(bias, x, weight.transpose(1, 2)), own)
        weight, bias = layers[-1]
        return torch.baddbmm(bias, x, weight.transpose(1, 2))

    def _activated(self, z: Tensor, own: list[nn.Parameter]) -> Tensor:
        """phi of the pre-activations (P, B, width), with each network's own parameters of phi (PReLU's slope) where it has any."""
        names = [name for name, _ in self.phi.named_parameters()]
        each = torch.vmap(lambda z, *own: functional_call(self.phi, dict(zip(names, own, strict=True)), (z,)))
        found: Tensor = each(z, *own) if own else self.phi(z)
        return found


def _clip(parameters: Sequence[nn.Parameter], limit: float) -> None:
    """Cuts each network's gradient to this norm: nn.utils.clip_grad_norm_ for parameters of P networks, (P, ...) each."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
    factor = (limit / (norms + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient *= factor.reshape(-1, *[1] * (gradient.dim() - 1))


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross entropy of each network: (P, B, classes), (B,) -> (P,)."""
    points, batch, _ = logits.shape
    each = functional.cross_entropy(logits.flatten(0, 1), labels.repeat(points), reduction="none")
    return each.reshape(points, batch).mean(1)


def _mean_square(z: Tensor) -> Tensor:
    return z.double().square().mean((1, 2))
