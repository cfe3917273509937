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
    """Of all receptive fields x, examples (B, d) or patches of images (B, C, H, W), the mean square, the participation ratio
    tr(S)^2 / tr(S^2) with S their second moments, the variance of their own mean squares over its mean squared, and the mean
    cosine of two, itself included, each counted by its mean square: |mean |x| x|^2 / (mean |x|^2)^2. (4,).

    The ratio's inverse is the mean squared cosine, counted in the same way: from N random weight vectors, the mean
    square of the pre-activations varies by 2 / N times that (a quadratic form's variance). What phi(w . x)^2 adds where it is not even,
    as ReLU's, varies by the mean cosine.
    Not a number for more than MOST_SEEN numbers seen; but for the mean square also where all are 0.
    """
    seen = inputs.shape[1] * (kernel**2 if inputs.dim() == 4 else 1)
    if seen > MOST_SEEN:
        return torch.full((4,), math.nan, dtype=torch.float64, device=inputs.device)
    moments = torch.zeros(seen, seen, dtype=torch.float64, device=inputs.device)
    fourth, direction = moments.new_zeros(()), moments.new_zeros(seen)
    for part in inputs.split(CHUNK) if inputs.dim() == 4 else [inputs]:
        numbers = _patches(part, kernel, padding).double() if inputs.dim() == 4 else part.double()
        moments += numbers.T @ numbers
        squares = numbers.square().sum(1)
        fourth += squares.square().sum()
        direction += squares.sqrt() @ numbers
    total, fields = moments.trace(), inputs.numel() / inputs.shape[1]
    ratios = [total.square() / moments.square().sum(), fourth * fields / total.square() - 1.0]
    return torch.stack([total / (fields * seen), *ratios, direction.square().sum() / total.square()])


def _patches(images: Tensor, kernel: int, padding: str) -> Tensor:
    """Every patch under a kernel's taps: (B H W, C kernel^2)."""
    reach = kernel // 2
    padded = functional.pad(images, (reach,) * 4, mode="circular" if padding == "circular" else "constant")
    return functional.unfold(padded, kernel).transpose(1, 2).flatten(0, 1)
