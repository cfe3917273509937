"""Mean-field theory of a configuration, without a worker."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from models.config import RunConfig
from models.theory import Theory, theory_of
from server.errors import ProblemDetails

router = APIRouter(prefix="/api", tags=["theory"])


@router.post("/theory", responses={422: {"model": ProblemDetails}})
def answer(
    config: RunConfig,
    input_mean_square: Annotated[float, Query(ge=0, le=1e30, description="mean square of the batch as the first layer sees it")] = 1.0,
    input_correlation: Annotated[float | None, Query(
        ge=-1, le=1, description="cosine between two inputs; by default 0 for Gaussian noise, else 0.5")] = None,
    input_pixel_correlation: Annotated[float | None, Query(
        ge=-1, le=1, description="cosine between two pixels of one image; by default 0 for Gaussian noise, else unknown")] = None,
    input_pixel_correlation_across: Annotated[float | None, Query(
        ge=-1, le=1, description="cosine between two pixels of two images; by default 0 for Gaussian noise, else unknown")] = None,
    input_receptive_mean_square: Annotated[float | None, Query(
        ge=0, le=1e30, description="mean square of what a first unit sees, taps outside the image as 0; by default of even images")] = None,
    input_participation_ratio: Annotated[float | None, Query(
        ge=1, description="tr(S)^2 / tr(S^2), S the second moments of what a first unit sees: real images have no band without")] = None,
    input_receptive_spread: Annotated[float | None, Query(
        ge=0, description="variance over the first units' fields of their mean square, over its mean squared; by default of noise")] = None,
    input_receptive_correlation: Annotated[float | None, Query(
        ge=0, le=1, description="mean cosine of two fields, each counted by its mean square: without it, images whose fields' mean squares "
                                "vary by more than 1 have no band from row 2 on")] = None,
    input_receptive_third_moment: Annotated[float | None, Query(
        ge=-1e30, le=1e30, description="third moment of the fields' mean squares around their mean, over its cube; by default a Gamma law's"
        )] = None,
    input_receptive_mean_share: Annotated[float | None, Query(
        ge=0, le=1, description="square of the fields' mean over their mean square; by default by the cosine between two inputs")] = None,
    input_receptive_along_mean: Annotated[float | None, Query(
        ge=0, le=1, description="share of the fields' mean square that lies along their mean; by default what the mean itself has")] = None,
) -> Theory:
    """What should happen at initialization, row by row: variances, gradient factors, correlation, fixed point, phase."""
    return theory_of(config, {"mean_square": input_mean_square, "correlation": input_correlation,
                              "pixel_correlation": input_pixel_correlation, "pixel_correlation_across": input_pixel_correlation_across,
                              "receptive_mean_square": input_receptive_mean_square, "participation_ratio": input_participation_ratio,
                              "receptive_spread": input_receptive_spread, "receptive_correlation": input_receptive_correlation,
                              "receptive_third_moment": input_receptive_third_moment, "receptive_mean_share": input_receptive_mean_share,
                              "receptive_along_mean": input_receptive_along_mean})
