"""Random configurations, for the studies of many networks: remedies and bands."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from models.config import RunConfig


def valid(seed: int, drawn: Callable[[random.Random], dict[str, Any]]) -> Iterator[RunConfig]:
    """Valid configurations without end, by `drawn`; those that do not fit together are left out."""
    draw = random.Random(seed)
    while True:
        try:
            yield RunConfig.model_validate(drawn(draw))
        except ValidationError:
            continue


def log_uniform(draw: random.Random, low: float, high: float) -> float:
    return float(low * (high / low) ** draw.random())
