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
"""What is computed of, and counted among, all values of a quantity in a layer; `Quantity` says how."""

MAX_ROWS = 257
"""Rows that a frame shows at most: 256 hidden layers and the output. Of a deeper network so many, spread evenly, the ends among them."""


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
    """Exact counts of one quantity, an entry a row.

    n, zeros, nan, pos_inf, neg_inf: numbers of values
    ratio:     (update only) norm of the update over norm of the weight
    dead:      (activation only) share of units that are zero on the whole batch
    saturated: (activation only) share of values within 3 % of a bounded activation's limits; null where it is not bounded
    """

    n: list[int]
    zeros: list[int]
    nan: list[int]
    pos_inf: list[int]
    neg_inf: list[int]
    ratio: list[float | None]
    dead: list[float | None]
    saturated: list[float | None]


class Quantity(Counted, total=False):
    """One quantity, an entry a row: moments over the finite values (null where there is none), exact counts, histograms. `std` is the
    population's, so mean_square = mean^2 + std^2; `norm` is the l2 norm."""

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
    """The batch as the first layer sees it. A number that is not known is null.

    mean, std, mean_square:   over all values
    correlation:              mean cosine between two different examples
    pixel_correlation:        of images, mean product of two different pixels of one image over the mean square
    pixel_correlation_across: likewise of two different pixels of two different images
    participation_ratio and receptive_...: what a unit of the first layer sees (models.receptive.Receptive): of the first frame only, as
                              nothing but theory, which is of the network at its start, asks for them
    """

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
    receptive_along_mean: float | None


class Look(TypedDict):
    """All of a frame but its quantities.

    seq:             number of the frame in its run, from 0
    step:            optimizer steps that the network has made
    time_s:          seconds since the run began
    loss, accuracy:  of this step's batch, in training mode
    validation_...:  of the validation part, in evaluation mode; null where there is none
    evaluation_...:  of this step's batch in evaluation mode, before the pass that is measured; null where the mode makes no difference
    losses:          training losses of all steps since the frame before, this one's last
    layers:          the 1-based numbers of the rows
    correlation:     of each row, mean cosine between two examples' pre-activations
    normalization:   null where the network has none
    """

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
    """The number, None where it is not finite: the one rule for every number of a frame."""
    return value if math.isfinite(value) else None


def nine_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values rounded to nine significant digits, which tell any two float32 apart: written as JSON, a frame is a fifth smaller than
    with the seventeen digits of a float64. Values below 1e-13 and above 1e9 stay as they are: their powers of ten are not exact."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (8.0 - np.floor(np.log10(np.abs(values))))
        found: NDArray[np.float64] = np.where((scale >= 1.0) & (scale < 1e22), np.rint(values * scale) / scale, values)
    return found


def each_finite(values: list[float]) -> list[float | None]:
    """The numbers, None in the place of each that is not finite."""
    if math.isfinite(sum(values)):  # of any that is not finite, the sum is not either
        return [*values]
    return [finite(value) for value in values]
