"""Where the recursion q -> f(q) = sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2 comes to rest, and what happens around there.

    q*    = f(q*), the stable one that the given q runs into       xi_q = -1 / ln |f'(q*)|
    chi   = sigma_w^2 E[phi'(sqrt(q*) z)^2]: a layer's factor on the mean square of the gradient; 1 is the edge of chaos
    c*    = the correlation that two inputs run into               xi_c = -1 / ln |dc_{l+1} / dc_l at c*|
Units: layers. Schoenholz et al. 2017 (1611.01232), equations 7 and 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.theory.gaussian import Averages, averages, second_moment
from models.theory.nonlinearity import Array, Nonlinearity
from models.theory.pair import gap

TRAINABLE_SCALES = 6.0
"""A network trains up to about so many depth scales (Schoenholz et al. 2017, section 5)."""

SCAN = 10.0 ** np.linspace(-18, 18, 289)
ROUNDING = 1e-12
"""(f(q) - q) / q that may be rounding alone: with sigma_w^2 = 2 and no bias ELU has f(q) = q + 1 at large q, which grows without end."""


@lru_cache(maxsize=32)
def scanned(nl: Nonlinearity) -> Averages:
    """The averages on SCAN, kept for each activation."""
    return averages(nl, SCAN)


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """q*, chi there, 1 - c*, depth scales in layers; None where there is none, infinity where nothing decays."""

    q: float | None
    chi: float
    one_minus_c: float | None
    depth_scale_q: float
    depth_scale_c: float


@dataclass(frozen=True, slots=True)
class Map:
    """One hidden layer as maps: q -> weight E[phi^2] / keep + bias."""

    nl: Nonlinearity
    weight: float
    bias: float
    keep: float = 1.0

    def next_q(self, q: float) -> float:
        return self.weight * second_moment(self.nl, q)[0] / self.keep + self.bias

    def next_gap(self, q: float, one_minus_c: float) -> float:
        """1 - c of the next layer, at a fixed q; dropout's masks differ between the inputs."""
        spread = second_moment(self.nl, q)[0] * (1.0 / self.keep - 1.0) if self.keep < 1 else 0.0
        return self.weight * (gap(self.nl, q, one_minus_c) + spread) / q


def fixed_point(layer: Map, q: float) -> FixedPoint:
    """The fixed point that q runs into, with chi and depth scales there."""
    nl, keep = layer.nl, layer.keep
    found = rest(layer, q)
    where = max(found if found is not None else float(SCAN[-1]), 1e-30)
    at = averages(nl, where)
    chi = layer.weight * float(at.slope_square) / keep
    slope = layer.weight * float(at.even) / (2 * where) / keep
    one_minus_c, slope_c = (None, chi) if found is None else _correlation(layer, where, chi, at)
    return FixedPoint(found, chi, one_minus_c, depth_scale(slope), depth_scale(slope_c))


def depth_scale(slope: float) -> float:
    """-1 / ln |slope|, positive: layers in which a perturbation changes by e; infinite at 1 up to the quadrature's error, 0 at 0."""
    if slope == 0 or not math.isfinite(slope):
        return 0.0
    rate = abs(math.log(abs(slope)))
    return 1.0 / rate if rate > 1e-8 else math.inf


def rest(layer: Map, q: float) -> float | None:
    """The stable fixed point that q runs into: the next sign change of f(q) - q in the direction of the flow.

    ReLU's family has f(q) = a q + sigma_b^2 and is solved exactly: on its critical line without bias every q rests.
    None where q grows without end.
    """
    slope = layer.nl.slope
    if slope is not None:
        factor = layer.weight * (1 + slope * slope) / 2 / layer.keep
        if abs(factor - 1) < 1e-12 and layer.bias == 0:
            return q
        return layer.bias / (1 - factor) if factor < 1 - 1e-12 else None
    drift = layer.weight * scanned(layer.nl).square / layer.keep + layer.bias - SCAN
    found = _next_zero(lambda value: layer.next_q(value) - value, drift, q)
    return 0.0 if found is not None and found < 1e-12 and layer.next_q(0.0) == 0 else found


def _next_zero(drift: Callable[[float], float], on_scan: Array, q: float) -> float | None:
    """The zero of the drift that q flows to, bracketed on SCAN and then refined; 0 below the scan, None above it."""
    here = drift(q)
    if abs(here) <= 1e-13 * q:
        return q
    position = int(np.searchsorted(SCAN, q))
    if here > 0:
        above = [index for index in range(position, SCAN.size) if on_scan[index] < -ROUNDING * SCAN[index]]
        rising = [float(SCAN[index]) for index in range(position, above[0]) if on_scan[index] > 0] if above else []
        return bracketed_zero(drift, rising[-1] if rising else max(q, 1e-300), SCAN[above[0]]) if above else None
    below = [index for index in range(position - 1, -1, -1) if on_scan[index] >= 0]
    return bracketed_zero(drift, SCAN[below[0]], min(q, SCAN[min(below[0] + 1, SCAN.size - 1)])) if below else 0.0


def bracketed_zero(drift: Callable[[float], float], low: float, high: float) -> float:
    """The zero between low (drift >= 0) and high (drift <= 0), to rounding, by false position in log q (Illinois)."""
    a, b, at_a, at_b = math.log(low), math.log(high), drift(low), drift(high)
    for _ in range(100):
        if at_a == at_b or b - a < 1e-14:
            break
        middle = (a * at_b - b * at_a) / (at_b - at_a)
        value = drift(math.exp(middle))
        if abs(value) <= 1e-15 * math.exp(middle):
            return math.exp(middle)
        if value > 0:
            a, at_a, at_b = middle, value, at_b / 2
        else:
            b, at_b, at_a = middle, value, at_a / 2
    return math.exp((a * at_b - b * at_a) / (at_b - at_a)) if at_a != at_b else math.exp(a)


def _correlation(layer: Map, q: float, chi: float, at: Averages) -> tuple[float, float]:
    """1 - c* and the slope of c's map there. c = 1 is stable for chi <= 1 without dropout; an odd phi without biases leaves c = 0 as it
    is, with slope sigma_w^2 E[phi']^2 (E[phi z]^2 / E[phi^2] <= 1: stable); else by secant steps."""
    if layer.nl.slope is not None and layer.bias == 0 and layer.keep == 1:
        return 0.0, chi  # c -> 1 slower than any exponential (Hayou et al. 2019); what decays is q, with chi
    if chi <= 1 + 1e-9 and layer.keep == 1:
        return 0.0, chi
    if layer.bias == 0 and float(at.mean) == 0.0:
        return 1.0, layer.weight * float(at.slope) ** 2
    first, second = 0.9, min(1.0, layer.next_gap(q, 0.9))
    rest_first, rest_second = layer.next_gap(q, first) - first, layer.next_gap(q, second) - second
    for _ in range(40):
        if rest_second == rest_first or abs(rest_second) < 1e-13:
            break
        step = second - rest_second * (second - first) / (rest_second - rest_first)
        first, rest_first = second, rest_second
        second = step if 0 < step < 2 else second / 2
        rest_second = layer.next_gap(q, second) - second
    return second, _slope(lambda gap: layer.next_gap(q, gap), second)


STENCIL = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))
"""Weights of f(x + k h) - f(x - k h) in h f'(x): exact for polynomials of degree 8."""


def _slope(function: Callable[[float], float], at: float) -> float:
    """The derivative at a gap in (0, 2) by nine points: their distance is large, since tables are known to 1e-9 only."""
    h = 0.08 * min(at, 2 - at)
    return sum(weight * (function(at + k * h) - function(at - k * h)) for k, weight in STENCIL) / h
