"""Frame: one look at the whole network at one training step, as plain values that go into JSON as they stand.

A number that is not finite is None, and the counters say what it was.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

QUANTITIES = ("preactivation", "activation", "preactivation_gradient", "weight", "weight_gradient", "update")
"""What is measured of every layer; `update` from the first optimizer step on."""

MOMENTS = ("mean", "std", "mean_square", "min", "max", "norm")
COUNTERS = ("n", "zeros", "nan", "pos_inf", "neg_inf")
"""What is counted and computed of all values of a layer's quantity; `Quantity` says how."""

MAX_ROWS = 256
"""Up to so many rows are all shown; of more, so many, spread evenly, with the first and the last."""


class LinearHistogram(TypedDict):
    """Bins of equal width between `low` and `high` of each row; null where a row has no finite value."""

    low: list[float | None]
    high: list[float | None]
    counts: list[list[int]]


class Log10Histogram(TypedDict):
    """Bins of log10|x| between `low` and `high`, the same for all rows; zeros are not in it."""

    low: float
    high: float
    counts: list[list[int]]


class Counted(TypedDict, total=False):
    """What is counted of one quantity of every row, exactly. `ratio` (update only) is the norm of the update over the norm of the
    weight; `dead` and `saturated` (activation only) are shares of units and of values."""

    n: list[int]
    zeros: list[int]
    nan: list[int]
    pos_inf: list[int]
    neg_inf: list[int]
    ratio: list[float | None]
    dead: list[float | None]
    saturated: list[float | None]


class Quantity(Counted, total=False):
    """One quantity of every row: moments over the finite values, exact counts, histograms. `std` is the population's
    (mean_square = mean^2 + std^2), `norm` the l2 norm."""

    mean: list[float | None]
    std: list[float | None]
    mean_square: list[float | None]
    min: list[float | None]
    max: list[float | None]
    norm: list[float | None]
    linear: LinearHistogram
    log10: Log10Histogram


NORMALIZED = ("gamma", "gamma_low", "gamma_high", "beta", "beta_low", "beta_high", "running_mean_gap", "running_variance_ratio")


class Normalized(TypedDict):
    """What each row's normalization holds: mean, smallest and largest γ and β over the channels, and how far batch normalization's
    running statistics are from this batch's (models.normalized.gaps). Null where a row has nothing of the kind."""

    gamma: list[float | None]
    gamma_low: list[float | None]
    gamma_high: list[float | None]
    beta: list[float | None]
    beta_low: list[float | None]
    beta_high: list[float | None]
    running_mean_gap: list[float | None]
    running_variance_ratio: list[float | None]


class InputMoments(TypedDict):
    """Moments of the batch as the first layer sees it, the mean cosine between two of its examples, of images the correlation of
    two different pixels, of one image and of two (null without images), and of what a unit sees (receptive.py)
    mean square, participation ratio, the spread of single mean squares, the mean cosine of two, counted by their mean squares, the
    third moment of single mean squares, and the mean's share of the mean square."""

    mean: float | None
    std: float | None
    mean_square: float | None
    correlation: float | None
    pixel_correlation: float | None
    pixel_correlation_across: float | None
    receptive_mean_square: float | None
    participation_ratio: float | None
    receptive_spread: float | None
    receptive_correlation: float | None
    receptive_third_moment: float | None
    receptive_mean_share: float | None


class Look(TypedDict):
    """All of a frame but its quantities: the network after `step` optimizer steps. `losses` are the training losses of the steps since
    the frame before, this one's last; `correlation` is the mean cosine between two examples' pre-activations, row by row.
    `evaluation_loss` is this batch's in evaluation mode, before the pass that is measured: null where the mode makes no difference;
    `normalization` is null without one."""

    seq: int
    step: int
    time_s: float
    loss: float | None
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    evaluation_loss: float | None
    evaluation_accuracy: float | None
    losses: list[float | None]
    layers: list[int]
    input: InputMoments
    correlation: list[float | None]
    normalization: Normalized | None


class Frame(Look):
    """One look at the whole network."""

    quantities: dict[str, Quantity]


def row_numbers(rows: int) -> list[int]:
    """The 1-based numbers of the rows that a frame shows of a network with so many rows."""
    if rows <= MAX_ROWS:
        return list(range(1, rows + 1))
    return sorted({round(1 + i * (rows - 1) / (MAX_ROWS - 1)) for i in range(MAX_ROWS)})


def finite(value: float) -> float | None:
    """The number, or None where it is not finite: the one policy for all of a frame."""
    return value if math.isfinite(value) else None


def nine_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values to nine significant digits, which is what it takes to tell any two float32 apart; written out, a frame is a fifth
    smaller than with the seventeen of a float64. Beyond 1e-13 and 1e9 they stay as they are: powers of ten are exact in between."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (8.0 - np.floor(np.log10(np.abs(values))))
        found: NDArray[np.float64] = np.where((scale >= 1.0) & (scale < 1e22), np.rint(values * scale) / scale, values)
    return found


def each_finite(values: list[float]) -> list[float | None]:
    """The same of each."""
    if math.isfinite(sum(values)):  # of any that is not finite, the sum is not either
        return [*values]
    return [finite(value) for value in values]
