"""What a unit of the first layer sees of a batch: its receptive field, an example or the patch of an image under a kernel's taps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MOST_SEEN = 256
"""Numbers that a unit sees, or fields that there are, up to which their products are taken: all points and digits, batches of so many
examples, and every image in up to three colours."""

CHUNK = 32
"""Images whose patches are in memory at once."""


def receptive(sums: Sequence[float], shape: Sequence[int], kernel: int) -> list[float]:
    """Of all receptive fields x, examples (B, d) or patches of images (B, C, H, W), the mean square; the participation ratio
    tr(S)^2 / tr(S^2) with S their second moments; the variance of their own mean squares over its mean squared; the mean
    cosine of two, itself included, each counted by its mean square, |mean |x| x|^2 / (mean |x|^2)^2; the third moment of their mean squares
    around the mean, over its cube; and the share of the mean square that is their mean's, |mean x|^2 / mean |x|^2.

    The ratio's inverse is the mean squared cosine, counted by mean squares: from N random weight vectors, the mean
    square of the pre-activations varies by 2 / N times that (a quadratic form's variance). What phi(w . x)^2 adds where it is not even,
    as ReLU's, varies by the mean cosine, and the mean of w . x by the last share.
    Not a number: the ratio where more than MOST_SEEN fields see more than MOST_SEEN numbers, patches' cosine and share where they see
    more, and all but the mean square where all are 0.

    sums: those of `receptive_sums`     shape: of the inputs
    """
    total, squares, cubes, products, direction, middle = np.array(sums)
    fields = math.prod(shape) / shape[1]
    with np.errstate(all="ignore"):
        mean = total / fields
        second, third = squares / fields / mean**2, cubes / fields / mean**3
        found: list[float] = np.array([mean / _seen(shape, kernel), total**2 / products, second - 1.0, direction / total**2,
                                       third - 3.0 * second + 2.0, middle / (fields * total)]).tolist()
    return found


def _seen(shape: Sequence[int], kernel: int) -> int:
    """Numbers in a field."""
    return shape[1] * (kernel**2 if len(shape) == 4 else 1)


def receptive_sums(inputs: Tensor, kernel: int, padding: str) -> Tensor:
    """Sums over all fields x: of |x|^2, |x|^4 and |x|^6; of the squared products of all pairs; and the squared lengths of the sums of
    |x| x and of x. (6,), float64, on the inputs' device."""
    seen = _seen(inputs.shape, kernel)
    if seen > MOST_SEEN and inputs.dim() == 4:
        return _by_lengths(inputs, kernel, padding)
    powers, direction, middle, moments = [], [], [], []
    for part in inputs.split(CHUNK) if inputs.dim() == 4 else [inputs]:
        x = (_patches(part, kernel, padding) if inputs.dim() == 4 else part).double()
        lengths = torch.linalg.vector_norm(x, dim=1)
        powers.append(_powers(lengths.square()))
        direction.append(lengths @ x)
        middle.append(x.sum(0))
        if seen <= MOST_SEEN:
            moments.append(x.T @ x)
    products = _total(moments) if moments else _products(inputs)
    return torch.cat([_total(powers), *(_length(of).reshape(1) for of in (products.flatten(), _total(direction), _total(middle)))])


def _total(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)


def _length(vector: Tensor) -> Tensor:
    """Its square."""
    return torch.dot(vector, vector)


def _products(fields: Tensor) -> Tensor:
    """Of all pairs of fields (B, B): their squares have the same sum as the second moments', which are more."""
    unknown = torch.full((1, 1), math.nan, dtype=torch.float64, device=fields.device)
    return (fields @ fields.T).double() if len(fields) <= MOST_SEEN else unknown


def _by_lengths(images: Tensor, kernel: int, padding: str) -> Tensor:
    """What is known of patches without cutting them out: their lengths."""
    squares = _padded(images.double().square().sum(1, keepdim=True), kernel, padding)
    lengths = functional.avg_pool2d(squares, kernel, stride=1).flatten() * kernel**2
    return torch.cat([_powers(lengths), torch.full((3,), math.nan, dtype=torch.float64, device=images.device)])


def _powers(squares: Tensor) -> Tensor:
    double = squares * squares
    return torch.stack([squares, double, double * squares]).sum(1)


def _patches(images: Tensor, kernel: int, padding: str) -> Tensor:
    """Every patch under a kernel's taps: (B H W, C kernel^2)."""
    return functional.unfold(_padded(images, kernel, padding), kernel).transpose(1, 2).flatten(0, 1)


def _padded(images: Tensor, kernel: int, padding: str) -> Tensor:
    return functional.pad(images, (kernel // 2,) * 4, mode="circular" if padding == "circular" else "constant")
