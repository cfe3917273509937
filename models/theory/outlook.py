"""What the verdict judges a configuration by: how theory says that signal, gradient and the difference of two inputs end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.config import RunConfig
from models.theory.answer import start_of, usual_correlations
from models.theory.applies import why_not
from models.theory.backward import gradient_factors
from models.theory.chain import Correlations, chain
from models.theory.gaussian import averages
from models.theory.layers import Plan, plan
from models.theory.shared import counted

SMALLEST = 1e-300
"""Stands for 0 where a logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Over all hidden rows, for inputs of mean square 1.

    signal:   decades from the first row's mean square to the last's, of what the layers hand on
    gradient: decades from the last row's mean square of the pre-activation gradient back to the first's
    gap:      1 - correlation of two inputs in the last row
    told:     how well two inputs can be told apart under dropout: by how much more two inputs differ in the output row than two passes of
              one input do, relative to the latter. Dropout's masks differ in both cases, so that both differences go to the same 1 - c*
              (Schoenholz et al. 2017, 1611.01232). Infinite without dropout, and where one input's passes are not followed: in images,
              behind a batch normalization, and where the signal overflows or is 0
    """

    signal: float
    gradient: float
    gap: float
    told: float


def outlook(config: RunConfig) -> Outlook | None:
    """The outlook; None where theory does not apply, or has the gradient wrong (Plan.flat). It is kept, as training, capture and seed
    change nothing in it."""
    return _outlook(start_of(config))


@lru_cache(maxsize=1024)
def _outlook(config: RunConfig) -> Outlook | None:
    facts = plan(config)
    usual = usual_correlations(config)
    if facts.flat or why_not(config, facts, usual.pixels is not None):
        return None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rows = chain(facts, 1.0, usual)
        at = averages(facts.nl, np.array(rows.q[:-1]) - facts.nl.centres[0] ** 2)
        factors = counted(facts, rows, at, gradient_factors(facts, rows, at, exact=True))[0][:-1]
        gradient = float(np.nansum(np.log10(factors[factors > 0])))
        told = _told(facts, rows.one_minus_c[-1])
    return Outlook(_decades(rows.p[0], rows.p[-2]), gradient, rows.one_minus_c[-2], told)


def _told(facts: Plan, gap: float) -> float:
    if facts.keep == 1.0 or facts.config.network.kind == "cnn" or facts.config.network.normalization.name == "batch":
        return math.inf
    passes = chain(facts, 1.0, Correlations(1.0)).one_minus_c[-1]
    return (gap - passes) / passes if passes > 0.0 and math.isfinite(gap) else math.inf


def _decades(first: float, last: float) -> float:
    return math.log10(min(max(last, SMALLEST), 1e300)) - math.log10(min(max(first, SMALLEST), 1e300))
