"""Everything that mean-field theory says of a configuration, row by row, as the page and the API show it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import BaseModel

from models.config import CaptureConfig, RunConfig, TrainingConfig
from models.frame import InputMoments, row_numbers
from models.theory import shared
from models.theory.applies import why_not
from models.theory.backward import gradient_factors
from models.theory.band import LEVEL, band
from models.theory.chain import UNKNOWN, Chain, Correlations, Fields, chain
from models.theory.fixed_point import TRAINABLE_SCALES, FixedPoint, Map, depth_scale, fixed_point
from models.theory.gaussian import Averages, averages
from models.theory.layers import Plan, plan
from models.theory.nonlinearity import Array
from models.theory.notes import notes
from models.theory.padding import share_inside
from models.theory.phase import Phase, phase_of
from models.words import Text, Worded

Numbers = list[float | None]

KEPT = 64
"""Answers that are kept; one of 200 layers takes 66 kB."""


class Band(BaseModel, frozen=True, extra="forbid"):
    """Between which values the measured mean square of the pre-activations lies for `level` of the seeds, row by row; null where that is
    not known (models/theory/band)."""

    low: Numbers
    high: Numbers
    level: float


class Rest(BaseModel, frozen=True, extra="forbid"):
    """q*, chi there, and the depth scales in layers; null where there is none or it is infinite (critical), or not known."""

    q: float | None = None
    chi: float | None = None
    depth_scale_q: float | None = None
    depth_scale_c: float | None = None


class Theory(Worded, frozen=True, extra="forbid"):
    """The answer. Lists have one entry a row of `layers`; what is not finite is null.

    preactivation_variance: q_l                        activation_mean_square: of what the row hands on
    gradient_factor:        chi_l, the factor on the pre-activation gradient's mean square at infinite width; null in the output row
    gradient_mean_square_ratio: that factor in layers of this width: with fan_out instead of fan_in, and with the part of the gradient that
                            units share (shared.py)
    gradient_growth:        the factor on its squared norm, which the measured norms are compared with
    correlation:            c_l of two inputs          sigma_w2, sigma_b2:     fan_in Var(w), Var(b)
    trainable_depth:        6 xi_c layers; null where that is infinite or not known
    """

    applies: bool
    reason: Text | None
    layers: list[int]
    preactivation_variance: Numbers
    gradient_factor: Numbers
    correlation: Numbers
    fixed_point: Rest
    phase: Phase | None
    activation_mean_square: Numbers
    gradient_mean_square_ratio: Numbers
    gradient_growth: Numbers
    preactivation_band: Band
    sigma_w2: Numbers
    sigma_b2: Numbers
    c_star: float | None
    trainable_depth: float | None
    notes: list[Text]


def theory(config: RunConfig, input_mean_square: float = 1.0, input_correlation: float | None = None,
           pixel_correlations: tuple[float, float] | None = None, fields: Fields = UNKNOWN) -> Theory:
    """Mean-field theory of the configuration at initialization.

    input_mean_square:  of the batch as the first layer sees it
    input_correlation:  of two of its examples, x_a . x_b / (|x_a| |x_b|); None: 0 for Gaussian noise, else 0.5
    pixel_correlations: of two different pixels of one image, and of two; None: 0 for Gaussian noise, else not known
    fields:             what units of the first layer see of it

    Answers are kept: a class that looks at one run asks for one theory, and most controls of training change nothing in it.
    """
    return _theory(start_of(config), input_mean_square, input_correlation, pixel_correlations, fields)


def start_of(config: RunConfig) -> RunConfig:
    """The configuration with everything at its default that theory does not read."""
    return config.model_copy(update={"training": TrainingConfig(), "capture": CaptureConfig(), "seed": 0})


@lru_cache(maxsize=KEPT)
def _theory(config: RunConfig, input_mean_square: float, input_correlation: float | None, pixel_correlations: tuple[float, float] | None,
            fields: Fields) -> Theory:
    layers = row_numbers(config.network.depth + 1)
    facts = plan(config)
    usual = usual_correlations(config)
    inputs = usual.inputs if input_correlation is None else _cosine(input_correlation)
    pixels, across = (usual.pixels, usual.across) if pixel_correlations is None else map(_cosine, pixel_correlations)
    if reason := why_not(config, facts, pixels is not None):
        return _nothing(layers, reason)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _answer(facts, chain(facts, _even(facts, input_mean_square, fields), Correlations(inputs, pixels, across), fields), layers)


def _even(facts: Plan, mean_square: float, fields: Fields) -> float:
    """The input's mean square as theory takes it: that of an image of equal pixels of which, with zero padding, a unit of the first layer
    sees as much as was measured."""
    if facts.kernel == 1 or fields.mean_square is None:
        return float(mean_square)
    return fields.mean_square / share_inside(facts)


def theory_of(config: RunConfig, inputs: Mapping[str, Any] | InputMoments) -> Theory:
    """Theory for the batch that a frame measured (frame["input"])."""
    found = correlations_of(config, inputs)
    known = None if found.pixels is None or found.across is None else (found.pixels, found.across)
    return theory(config, inputs["mean_square"] or 0.0, found.inputs, known,
                  Fields(inputs.get("receptive_mean_square"), inputs.get("participation_ratio"), inputs.get("receptive_spread"),
                         inputs.get("receptive_correlation"), inputs.get("receptive_third_moment"), inputs.get("receptive_mean_share"),
                         inputs.get("receptive_along_mean")))


def correlations_of(config: RunConfig, inputs: Mapping[str, Any] | InputMoments) -> Correlations:
    """The correlations of the batch that a frame measured; the usual ones where it could not measure them."""
    usual, pixels, across = usual_correlations(config), inputs.get("pixel_correlation"), inputs.get("pixel_correlation_across")
    across = pixels if across is None and config.batch_size == 1 else across  # one example has no other: nothing reads it
    examples = usual.inputs if inputs["correlation"] is None else _cosine(float(inputs["correlation"]))
    if pixels is None or across is None:
        return Correlations(examples, usual.pixels, usual.across)
    return Correlations(examples, _cosine(float(pixels)), _cosine(float(across)))


def usual_correlations(config: RunConfig) -> Correlations:
    """The correlations of the input where nobody has measured them."""
    return Correlations(0.0, 0.0, 0.0) if config.data.name == "gaussian" else Correlations(0.5)


def _cosine(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _answer(facts: Plan, rows: Chain, layers: list[int]) -> Theory:
    at = averages(facts.nl, np.array(rows.q[:-1]) - facts.nl.centres[0] ** 2)
    low, high, decided = band(facts, rows, at)
    rest, phase = _rest(facts, rows, at)
    factors = gradient_factors(facts, rows, at, exact=False)
    growth, ratios = shared.counted(facts, rows, at, factors, gradient_factors(facts, rows, at, exact=True))
    return Theory(
        applies=True, reason=None, layers=layers,
        preactivation_variance=_numbers(rows.q, layers),
        gradient_factor=_numbers([*factors, math.nan], layers), gradient_mean_square_ratio=_numbers([*ratios, math.nan], layers),
        gradient_growth=_numbers([*growth, math.nan], layers),
        correlation=_numbers(1.0 - np.array(rows.one_minus_c), layers),
        activation_mean_square=_numbers(rows.p, layers),
        preactivation_band=Band(low=_numbers(low, layers), high=_numbers(high, layers), level=LEVEL),
        sigma_w2=_numbers(rows.sigma_w2, layers), sigma_b2=[facts.layer(row).bias for row in layers],
        fixed_point=Rest(q=finite(rest.q), chi=finite(rest.chi), depth_scale_q=finite(rest.depth_scale_q),
                         depth_scale_c=finite(rest.depth_scale_c)),
        phase=phase, c_star=None if rest.one_minus_c is None else finite(1.0 - rest.one_minus_c),
        trainable_depth=finite(TRAINABLE_SCALES * rest.depth_scale_c),
        notes=notes(facts, rows, rest, phase, low, decided, growth / factors),
    )


def _rest(facts: Plan, rows: Chain, at: Averages) -> tuple[FixedPoint, Phase | None]:
    """Fixed point and phase of the hidden layers. With a normalization, skips or LSUV there is no map of q alone: then what the last layers
    of a network of at least 200 layers come to."""
    if facts.norm == "none" and not facts.residual and not facts.unit:
        found = fixed_point(Map(facts.nl, facts.hidden.forward, facts.hidden.bias, facts.keep), rows.v[0])
        return _around_zero(found, facts.nl.centres[0] ** 2), phase_of(found.chi)
    longer, deep, last = facts, rows, at
    if facts.depth < 200 or facts.kernel > 1:
        longer = replace(facts, depth=max(facts.depth, 200), kernel=1)
        deep = chain(longer, 1.0, Correlations(*(1.0 - min(1.0, gap) for gap in rows.pairs[0])))
        last = averages(longer.nl, np.array(deep.q[:-1]) - longer.nl.centres[0] ** 2)
    chi = float(gradient_factors(longer, deep, last, exact=False)[-2])
    q, gaps = deep.q[-2], np.array(deep.one_minus_c[:-1])
    settled = abs(q - deep.q[-3]) <= 1e-9 * q < math.inf
    scale_q = 0.0 if settled else math.nan  # what sets every layer's scale anew forgets the one before at once
    return FixedPoint(q if settled else None, chi, gaps[-1] if settled else None, scale_q, observed_scale(gaps)), phase_of(chi)


def _around_zero(found: FixedPoint, shift: float) -> FixedPoint:
    """The fixed point with the square `shift` of a constant bias, which every unit has: the rows' q and correlations include it."""
    if found.q is None or found.one_minus_c is None or shift == 0.0:
        return found
    total = found.q + shift
    return replace(found, q=total, one_minus_c=found.one_minus_c * found.q / total)


def observed_scale(gaps: Array) -> float:
    """The depth scale of 1 - c from its values row by row (L,), read from the last steps that are not yet lost to rounding.

    It is infinite where the steps shrink like a power of the depth (ReLU's gap falls like 1 / l^2): 1 - (ratio of two steps) is then half
    as large at twice the depth. nan where there are too few steps to tell, as behind a batch normalization.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.abs(np.diff(gaps))
        ratios = steps[1:] / steps[:-1]
        clear = np.nonzero((steps[1:] > 1e-7 * gaps[1:-1]) & (steps[1:] > 1e-13 * gaps[0]) & np.isfinite(ratios))[0]
    if clear.size < 8 or not np.isfinite(gaps).all():
        return math.nan
    last, half = ratios[clear[-1]], ratios[clear[-1] // 2]
    return math.inf if abs(1.0 - last) < 0.7 * abs(1.0 - half) and clear[-1] > 100 else depth_scale(float(last))


def _nothing(layers: list[int], reason: Text) -> Theory:
    empty: Numbers = [None] * len(layers)
    return Theory(
        applies=False, reason=reason, layers=layers, preactivation_variance=empty, gradient_factor=empty, correlation=empty,
        fixed_point=Rest(), phase=None, activation_mean_square=empty, gradient_mean_square_ratio=empty, gradient_growth=empty,
        preactivation_band=Band(low=empty, high=empty, level=LEVEL), sigma_w2=empty, sigma_b2=empty, c_star=None,
        trainable_depth=None, notes=[],
    )


def finite(value: float | None) -> float | None:
    """JSON knows no infinity: null instead."""
    return float(value) if value is not None and math.isfinite(value) else None


def _numbers(values: Iterable[float], rows: Iterable[int]) -> Numbers:
    column = list(values)
    return [finite(column[row - 1]) for row in rows]
