"""What a unit of the first layer sees of a batch: its receptive field, an example or the patch of an image under a kernel's taps."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

MOST_SEEN = 256
"""Numbers that a unit sees, up to which this is measured: all points and digits, and every image in up to three colours."""

CHUNK = 32
"""Images whose patches are in memory at once."""


def receptive(inputs: Tensor, kernel: int, padding: str) -> Tensor:
    """Of all receptive fields, examples (B, d) or patches of images (B, C, H, W), the mean square, the participation ratio
    tr(S)^2 / tr(S^2) with S their second moments, and the variance of their own mean squares over its mean squared: (3,).

    The ratio's inverse is the mean squared cosine over all pairs, each counted by its lengths: from N random weight vectors, the mean
    square of the pre-activations varies by 2 / N times that (a quadratic form's variance).
    Not a number for more than MOST_SEEN numbers seen; but for the mean square also where all are 0.
    """
    seen = inputs.shape[1] * (kernel**2 if inputs.dim() == 4 else 1)
    if seen > MOST_SEEN:
        return torch.full((3,), math.nan, dtype=torch.float64, device=inputs.device)
    moments = torch.zeros(seen, seen, dtype=torch.float64, device=inputs.device)
    fourth = moments.new_zeros(())
    for part in inputs.split(CHUNK) if inputs.dim() == 4 else [inputs]:
        numbers = _patches(part, kernel, padding).double() if inputs.dim() == 4 else part.double()
        moments += numbers.T @ numbers
        fourth += numbers.square().sum(1).square().sum()
    total, fields = moments.trace(), inputs.numel() / inputs.shape[1]
    return torch.stack([total / (fields * seen), total.square() / moments.square().sum(), fourth * fields / total.square() - 1.0])


def _patches(images: Tensor, kernel: int, padding: str) -> Tensor:
    """Every patch under a kernel's taps: (B H W, C kernel^2)."""
    reach = kernel // 2
    padded = functional.pad(images, (reach,) * 4, mode="circular" if padding == "circular" else "constant")
    return functional.unfold(padded, kernel).transpose(1, 2).flatten(0, 1)
