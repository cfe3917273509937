"""The compact form of a frame, for the page: less than half the bytes, and nothing less to see. `frontend/js/compact.js` reads it.

Histograms are counted from a sample, so a count c is known only up to its standard error sqrt(c). Therefore sqrt(c) is sent, in steps of
1/2: one step is one standard error whatever c is, as sqrt(c) has the variance 1/4 (Anscombe 1948). Moments are sent as float32, the
precision of the values that they summarize. The store keeps the full frame, which every other client gets.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from models.frame import Counted, Look

COLUMNS = ("mean", "std", "min", "max")
"""The moments that are sent; `mean_square`, `norm` and the linear bins' `low` and `high` follow from them and `n`."""

ZERO = ord("#")
"""The character for an empty bin; a bin of s steps has the one s places further. Of all of these, only the backslash is escaped in JSON."""

MOST = 0xD7FF - ZERO
"""The most steps that one character can say (beyond come surrogates): a bin of 7e8 values or more looks like one of 7e8."""


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
    """One look at the whole network, in the compact form."""

    quantities: dict[str, CompactQuantity]


def compact(frame: Any) -> CompactFrame:
    """The frame (models.frame.Frame, as it is read from JSON) in the compact form."""
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
    """Base64 of all numbers' first bytes (little-endian float32), then all second ones, and so on: that way alike bytes are neighbours,
    which compresses better."""
    return base64.b64encode(np.ascontiguousarray(numbers.astype("<f4").view(np.uint8).reshape(-1, 4).T).tobytes()).decode()


def _text(counts: list[list[int]]) -> str:
    """A character for each bin, row by row: 2 sqrt(count), rounded, added to ZERO."""
    steps = np.rint(2.0 * np.sqrt(np.array(counts, dtype=np.float64)))
    return (np.minimum(steps, MOST).astype("<u4") + ZERO).tobytes().decode("utf-32-le")
