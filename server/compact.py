"""A frame for the page: less than half of its bytes, without what nobody can see of it.

What a page draws of a histogram is a sample's, so that a count c is not known better than to its standard error sqrt(c): its
square root is sent in steps of half, which are one standard error each (Anscombe 1948: sqrt(c) has variance 1/4 whatever c is). Moments go
as float32, the precision of the values that they summarize. The frame with every count stays in the store, and is what everybody
else gets. `frontend/js/compact.js` reads this form.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from models.frame import Counted, Look

COLUMNS = ("mean", "std", "min", "max")
"""Go as they are; `mean_square`, `norm` and the linear bins' `low` and `high` follow from them."""

ZERO = ord("#")
"""Stands for no value; no character between it and the one for 3,000 values is escaped in JSON but one."""

MOST = 0xD7FF - ZERO
"""The last character that can stand alone: a bin of 7e8 values or more looks like one of 7e8."""


class CompactLinear(TypedDict):
    """Bins of equal width between each row's smallest and largest value."""

    counts: str


class CompactLog10(TypedDict):
    """Bins of log10|x|, the same for all rows."""

    low: float
    high: float
    counts: str


class CompactQuantity(Counted, total=False):
    """One quantity of every row, its moments and counts as text."""

    moments: str
    linear: CompactLinear
    log10: CompactLog10


class CompactFrame(Look):
    """One look at the whole network, in the form compact."""

    quantities: dict[str, CompactQuantity]


def compact(frame: Any) -> CompactFrame:
    """The frame (models.frame.Frame, as JSON has it) in the form compact."""
    found: CompactFrame = frame | {"quantities": {name: _quantity(quantity) for name, quantity in frame["quantities"].items()}}
    return found


def _quantity(quantity: Any) -> CompactQuantity:
    linear, log10 = quantity["linear"], quantity["log10"]
    counted: Any = {name: value for name, value in quantity.items() if name in Counted.__annotations__}
    found: CompactQuantity = counted | {
        "moments": _planes(np.array([quantity[name] for name in COLUMNS], dtype=np.float32)),
        "linear": {"counts": _text(linear["counts"])},
        "log10": {"low": log10["low"], "high": log10["high"], "counts": _text(log10["counts"])},
    }
    return found


def _planes(numbers: NDArray[np.float32]) -> str:
    """Base64 of the numbers' first bytes (little-endian), then of their second ones, and so on: alike bytes stand together."""
    return base64.b64encode(np.ascontiguousarray(numbers.astype("<f4").view(np.uint8).reshape(-1, 4).T).tobytes()).decode()


def _text(counts: list[list[int]]) -> str:
    """A character a bin, row by row: 2 sqrt(count), rounded, above the one for none."""
    steps = np.rint(2.0 * np.sqrt(np.array(counts, dtype=np.float64)))
    return (np.minimum(steps, MOST).astype("<u4") + ZERO).tobytes().decode("utf-32-le")
