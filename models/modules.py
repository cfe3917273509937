"""torch.nn's modules, and those that it does not have, or that behave differently here."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def __getattr__(name: str) -> Any:
    return getattr(nn, name)


class RMSNormChannels(nn.Module):
    """x / sqrt(mean over (C, H, W) of x^2 + eps), times a weight a channel: RMSNorm for images (B, C, H, W).

    Source: Zhang & Sennrich 2019 (1910.07467), over the axes that LayerNorm takes on images.
    """

    def __init__(self, channels: int, eps: float, affine: bool) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels, 1, 1)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        normed = x * torch.rsqrt(x.square().mean(dim=(1, 2, 3), keepdim=True) + self.eps)
        return normed if self.weight is None else normed * self.weight


class GroupNorm(nn.GroupNorm):
    """torch.nn.GroupNorm, which also takes groups of a single value for a batch of one example: the value becomes 0, as in larger batches.

    torch refuses exactly that case, so a run would end at a validation part with one example left over.
    """

    def forward(self, input: Tensor) -> Tensor:
        return torch.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)
