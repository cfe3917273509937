"""What a benchmark is, and how two things are timed beside each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report: a value, its baseline, their ratio, and the most that is aimed at (None: for the record)."""

    name: str
    value: float
    baseline: float
    unit: str
    goal: float | None

    @property
    def ratio(self) -> float:
        return self.value / self.baseline


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def beside(name: str, call: Callable[[], object], baseline: Callable[[], object], goal: float | None, repeats: int) -> Result:
    """Both are called once to warm up, then in turn; medians of `repeats` calls."""
    call(), baseline()
    pairs = [(seconds(call), seconds(baseline)) for _ in range(repeats)]
    mine, base = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Result(name, 1e3 * mine, 1e3 * base, "ms", goal)
