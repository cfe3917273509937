"""What a frame says of its input: sums on the device, and where Python reads them the numbers that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from models.config import RunConfig
from models.frame import InputMoments, each_finite
from models.moments import FIELDS, correlation, moments, pixel_correlations
from models.receptive import receptive, receptive_sums

INPUT_FIELDS = FIELDS[:3]
"""Of the moments, those that a frame has of its input: mean, std and mean square."""


def input_sums(config: RunConfig, inputs: Tensor) -> Tensor:
    """Mean, std, mean square, correlation of two examples and of two pixels, and the sums for what a unit sees (12,)."""
    pixels = pixel_correlations(inputs) if inputs.dim() == 4 else inputs.new_full((2,), math.nan, dtype=torch.float64)
    fields = receptive_sums(inputs, _taps(config), config.network.padding)
    return torch.cat([moments(inputs)[: len(INPUT_FIELDS)], correlation(inputs).reshape(1), pixels, fields])


def _taps(config: RunConfig) -> int:
    """Taps across a kernel that see anything: delta-orthogonal weights have but the middle one."""
    return 1 if config.init.name == "delta_orthogonal" else config.network.kernel_size


def input_moments(config: RunConfig, inputs: Tensor, found: Sequence[float | None]) -> InputMoments:
    """What a frame has of its input, from its `input_sums` as Python has read them."""
    sums = [math.nan if value is None else value for value in found[6:]]
    mean_square, participation, spread, alike, third, mean_share = each_finite(receptive(sums, inputs.shape, _taps(config)))
    return InputMoments(mean=found[0], std=found[1], mean_square=found[2], correlation=found[3], pixel_correlation=found[4],
                        pixel_correlation_across=found[5], receptive_mean_square=mean_square, participation_ratio=participation,
                        receptive_spread=spread, receptive_correlation=alike, receptive_third_moment=third, receptive_mean_share=mean_share)
