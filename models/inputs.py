"""What a frame says of its input: sums are computed on the device, and the numbers that follow from them once Python has read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from models.config import RunConfig
from models.frame import InputMoments, each_finite
from models.moments import FIELDS, correlation, moments, pixel_correlations
from models.receptive import Receptive, receptive, receptive_sums

INPUT_FIELDS = FIELDS[:3]
"""The moments that a frame has of its input: mean, std and mean square."""


def input_sums(config: RunConfig, inputs: Tensor, initial: bool = True) -> Tensor:
    """(6,), float64, on the inputs' device: mean, std, mean square, correlation of two examples, of two pixels of one image and of two
    images. For the `initial` frame also the seven numbers of `receptive_sums` (13,)."""
    pixels = pixel_correlations(inputs) if inputs.dim() == 4 else inputs.new_full((2,), math.nan, dtype=torch.float64)
    fields = [receptive_sums(inputs, _taps(config), config.network.padding)] if initial else []
    return torch.cat([moments(inputs)[: len(INPUT_FIELDS)], correlation(inputs).reshape(1), pixels, *fields])


def _taps(config: RunConfig) -> int:
    """Side of the kernel that counts: delta-orthogonal weights are 0 but for the middle tap."""
    return 1 if config.init.name == "delta_orthogonal" else config.network.kernel_size


def input_moments(config: RunConfig, inputs: Tensor, found: Sequence[float | None]) -> InputMoments:
    """What a frame has of its input. found: its `input_sums` as Python has read them."""
    mean_square, participation, spread, alike, third, mean_share, along_mean = _receptive(config, inputs, found[6:])
    return InputMoments(mean=found[0], std=found[1], mean_square=found[2], correlation=found[3], pixel_correlation=found[4],
                        pixel_correlation_across=found[5], receptive_mean_square=mean_square, participation_ratio=participation,
                        receptive_spread=spread, receptive_correlation=alike, receptive_third_moment=third, receptive_mean_share=mean_share,
                        receptive_along_mean=along_mean)


def _receptive(config: RunConfig, inputs: Tensor, found: Sequence[float | None]) -> list[float | None]:
    """The numbers of `models.receptive.Receptive`; None where they are not known."""
    if not found:
        return [None] * len(Receptive._fields)
    sums = [math.nan if value is None else value for value in found]
    return each_finite([*receptive(sums, inputs.shape, _taps(config))])
