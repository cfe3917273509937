"""What units of the first layer see of a batch: receptive fields x, each an example or the patch of an image under a kernel's taps.

Sums over all fields are taken on the inputs' device (`receptive_sums`), and the numbers that follow from them in Python (`receptive`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MOST_SEEN = 256
"""The second moments of fields are computed where a field has at most so many numbers, or where there are at most so many fields: for all
generated points and digits, for batches of so many examples, and for patches of images in up to three colours."""

CHUNK = 32
"""Images whose patches are in memory at once."""


class Receptive(NamedTuple):
    """Numbers of all receptive fields x of a batch, |x| a field's length. A number that is not known is NaN.

    mean_square:         mean of |x|^2, divided by the numbers in a field
    participation_ratio: tr(S)^2 / tr(S^2), S the mean of x x^T: from 1, all fields along one line, to the numbers in a field, all
                         directions alike. Its inverse is the mean squared cosine of two fields x and y, each pair counted by |x|^2 |y|^2.
    spread:              variance of |x|^2 over its mean squared
    correlation:         mean cosine of two fields, each pair counted by |x|^2 |y|^2 and each field paired with itself too:
                         |mean of |x| x|^2 / (mean |x|^2)^2
    third_moment:        third central moment of |x|^2 over its mean cubed
    mean_share:          |mean x|^2 / mean |x|^2
    along_mean:          the same of what lies along the mean alone: mean of (x . mean x)^2 / (|mean x|^2 mean |x|^2)

    Theory's band rests on them. The mean square of w . x over all fields, for N random weight vectors w, has the relative variance
    2 / (N participation_ratio), that of a quadratic form. Where phi is not even, as ReLU, the mean of phi(w . x)^2 varies with
    `correlation` too; and the mean of w . x varies with `mean_share`. Of what is left around that mean `along_mean` has a part.
    """

    mean_square: float
    participation_ratio: float
    spread: float
    correlation: float
    third_moment: float
    mean_share: float
    along_mean: float


def receptive(sums: Sequence[float], shape: Sequence[int], kernel: int) -> Receptive:
    """The numbers that follow from the sums of `receptive_sums` over inputs of this shape.

    Not known are: the participation ratio of more than MOST_SEEN fields of more than MOST_SEEN numbers; of patches with more than MOST_SEEN
    numbers also correlation, mean share and what lies along the mean; and all but the mean square where all inputs are 0. What rounding
    takes past a bound is cut, as theory is asked about these numbers and refuses what cannot be.
    """
    total, squares, cubes, products, direction, middle, along = np.array(sums)
    fields = math.prod(shape) / shape[1]
    with np.errstate(all="ignore"):
        mean = total / fields
        second, third = squares / fields / mean**2, cubes / fields / mean**3
        found = (mean / _field_size(shape, kernel), np.maximum(total**2 / products, 1.0), np.maximum(second - 1.0, 0.0),
                 np.clip(direction / total**2, 0.0, 1.0), third - 3.0 * second + 2.0, np.clip(middle / (fields * total), 0.0, 1.0),
                 np.clip(along / (middle * total), 0.0, 1.0))
    return Receptive(*map(float, found))


def _field_size(shape: Sequence[int], kernel: int) -> int:
    """Numbers in a field of inputs (B, d) or (B, C, H, W)."""
    return shape[1] * (kernel**2 if len(shape) == 4 else 1)


def receptive_sums(inputs: Tensor, kernel: int, padding: str) -> Tensor:
    """Over all fields x of inputs (B, d) or (B, C, H, W): the sums of |x|^2, |x|^4 and |x|^6; the sum of (x . y)^2 over all pairs; and the
    squared lengths of the sums of |x| x and of x; and the sum of (x . sum of x)^2. (7,), float64, on the inputs' device; what is not known
    is NaN.

    padding: "zeros" or "circular"; taps outside an image see 0, or its other side
    """
    seen = _field_size(inputs.shape, kernel)
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
    products, mean = _total(moments) if moments else _products(inputs), _total(middle)
    along = mean @ products @ mean if moments else _squared_length(inputs.double() @ mean)
    squared = (_squared_length(of) for of in (products.flatten(), _total(direction), mean))
    return torch.cat([_total(powers), torch.stack([*squared, along])])


def _total(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)


def _squared_length(vector: Tensor) -> Tensor:
    return torch.dot(vector, vector)


def _products(fields: Tensor) -> Tensor:
    """x . y of all pairs of fields (B, B). The sum of their squares is that of the second moments' (d, d), of which there are more here."""
    unknown = torch.full((1, 1), math.nan, dtype=torch.float64, device=fields.device)
    return (fields @ fields.T).double() if len(fields) <= MOST_SEEN else unknown


def _by_lengths(images: Tensor, kernel: int, padding: str) -> Tensor:
    """The sums for large patches: only those that need but the lengths |x|, which follow from a pooling of the pixels' squares."""
    squares = _padded(images.double().square().sum(1, keepdim=True), kernel, padding)
    lengths = functional.avg_pool2d(squares, kernel, stride=1).flatten() * kernel**2
    return torch.cat([_powers(lengths), torch.full((4,), math.nan, dtype=torch.float64, device=images.device)])


def _powers(squares: Tensor) -> Tensor:
    """Sums of |x|^2, |x|^4 and |x|^6, from all |x|^2."""
    double = squares * squares
    return torch.stack([squares, double, double * squares]).sum(1)


def _patches(images: Tensor, kernel: int, padding: str) -> Tensor:
    """Every patch under a kernel's taps, padding included: (B H W, C kernel^2)."""
    return functional.unfold(_padded(images, kernel, padding), kernel).transpose(1, 2).flatten(0, 1)


def _padded(images: Tensor, kernel: int, padding: str) -> Tensor:
    return functional.pad(images, (kernel // 2,) * 4, mode="circular" if padding == "circular" else "constant")
