"""What a unit of the first layer sees of a batch: its receptive field, an example or the patch of an image under a kernel's taps."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

MOST_SEEN = 256
"""Numbers that a unit sees, or fields that there are, up to which their products are taken: all points and digits, batches of so many
examples, and every image in up to three colours."""

CHUNK = 32
"""Images whose patches are in memory at once."""


def receptive(inputs: Tensor, kernel: int, padding: str) -> Tensor:
    """Of all receptive fields x, examples (B, d) or patches of images (B, C, H, W), the mean square; the participation ratio
    tr(S)^2 / tr(S^2) with S their second moments; the variance of their own mean squares over its mean squared; the mean
    cosine of two, itself included, each counted by its mean square, |mean |x| x|^2 / (mean |x|^2)^2; the third moment of their mean squares
    around the mean, over its cube; and the share of the mean square that is their mean's, |mean x|^2 / mean |x|^2. (6,).

    The ratio's inverse is the mean squared cosine, counted by mean squares: from N random weight vectors, the mean
    square of the pre-activations varies by 2 / N times that (a quadratic form's variance). What phi(w . x)^2 adds where it is not even,
    as ReLU's, varies by the mean cosine, and the mean of w . x by the last share.
    Not a number: the ratio where more than MOST_SEEN fields see more than MOST_SEEN numbers, patches' cosine and share where they see
    more, and all but the mean square where all are 0.
    """
    seen = inputs.shape[1] * (kernel**2 if inputs.dim() == 4 else 1)
    if seen > MOST_SEEN and inputs.dim() == 4:
        return _by_lengths(inputs, kernel, padding)
    powers, direction, middle = (torch.zeros(size, dtype=torch.float64, device=inputs.device) for size in (3, seen, seen))
    moments = torch.zeros(seen, seen, dtype=torch.float64, device=inputs.device) if seen <= MOST_SEEN else _products(inputs)
    for part in inputs.split(CHUNK) if inputs.dim() == 4 else [inputs]:
        numbers = _patches(part, kernel, padding).double() if inputs.dim() == 4 else part.double()
        if seen <= MOST_SEEN:
            moments += numbers.T @ numbers
        squares = numbers.square().sum(1)
        powers += _powers(squares)
        direction += squares.sqrt() @ numbers
        middle += numbers.sum(0)
    fields, total = inputs.numel() / inputs.shape[1], powers[0]
    mean_square, spread, third = _of_lengths(powers, fields, seen)
    return torch.stack([mean_square, total.square() / moments.square().sum(), spread, direction.square().sum() / total.square(), third,
                        middle.square().sum() / (fields * total)])


def _products(fields: Tensor) -> Tensor:
    """Of all pairs of fields (B, B): their squares have the same sum as the second moments', which are more."""
    unknown = torch.full((1, 1), math.nan, dtype=torch.float64, device=fields.device)
    return (fields @ fields.T).double() if len(fields) <= MOST_SEEN else unknown


def _by_lengths(images: Tensor, kernel: int, padding: str) -> Tensor:
    """What is known of patches without cutting them out: their lengths."""
    taps = kernel**2
    squares = _padded(images.double().square().sum(1, keepdim=True), kernel, padding)
    lengths = functional.avg_pool2d(squares, kernel, stride=1).flatten() * taps
    mean_square, spread, third = _of_lengths(_powers(lengths), lengths.numel(), images.shape[1] * taps)
    unknown = torch.full_like(mean_square, math.nan)
    return torch.stack([mean_square, unknown, spread, unknown, third, unknown])


def _powers(squares: Tensor) -> Tensor:
    return torch.stack([squares.sum(), squares.square().sum(), squares.pow(3).sum()])


def _of_lengths(powers: Tensor, fields: float, seen: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean square, and variance and third central moment of the squared lengths over their mean."""
    mean = powers[0] / fields
    second, third = powers[1] / fields / mean.square(), powers[2] / fields / mean.pow(3)
    return mean / seen, second - 1.0, third - 3.0 * second + 2.0


def _patches(images: Tensor, kernel: int, padding: str) -> Tensor:
    """Every patch under a kernel's taps: (B H W, C kernel^2)."""
    return functional.unfold(_padded(images, kernel, padding), kernel).transpose(1, 2).flatten(0, 1)


def _padded(images: Tensor, kernel: int, padding: str) -> Tensor:
    return functional.pad(images, (kernel // 2,) * 4, mode="circular" if padding == "circular" else "constant")
