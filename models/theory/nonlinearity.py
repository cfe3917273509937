"""An activation as theory sees it: phi and phi' on numpy arrays, and where they need finer quadrature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.activations import ACTIVATIONS
from models.activations import Array as Array
from models.choices import Params

Key = tuple[tuple[str, object], ...]


@dataclass(frozen=True, eq=False)
class Nonlinearity:
    """phi(x + shift), elementwise in float64; instances are shared, so that tables can be kept for each.

    kinks:    points x where phi(x + shift) is not smooth
    centres:  points x around which the smooth features of phi(x + shift) lie
    scale, slow: those of the catalogue's entry (models/activations.py)
    slope:    the entry's slope_below, where nothing is shifted; else None
    bounded:  phi has two finite limits
    """

    name: str
    phi: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    kinks: tuple[float, ...]
    centres: tuple[float, ...]
    scale: float
    slope: float | None
    bounded: bool
    slow: bool


def nonlinearity(name: str, params: Params, shift: float = 0.0) -> Nonlinearity:
    """The activation `name` with these parameters, its argument shifted by a constant bias; the same object each time."""
    return _nonlinearity(name, tuple(sorted(params.items())), float(shift))


@lru_cache(maxsize=64)
def _nonlinearity(name: str, key: Key, shift: float) -> Nonlinearity:
    entry, params = ACTIVATIONS[name], dict(key)
    return Nonlinearity(
        name=name,
        phi=_shifted(lambda x: entry.phi(x, params), shift),
        derivative=_shifted(lambda x: entry.derivative(x, params), shift),
        kinks=tuple(kink - shift for kink in sorted(set(entry.kinks(params)))),
        centres=(-shift,),
        scale=entry.scale(params),
        slope=entry.slope_below(params) if shift == 0.0 else None,
        bounded=entry.limits(params) is not None,
        slow=entry.slow,
    )


def _shifted(function: Callable[[Array], Array], shift: float) -> Callable[[Array], Array]:
    def evaluate(x: Array) -> Array:
        with np.errstate(over="ignore", under="ignore"):
            return function(x + shift if shift else x)

    return evaluate
