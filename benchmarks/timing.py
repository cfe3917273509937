"""What a benchmark is, and how two things are timed beside each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report.

    value, baseline: in `unit`; where there is a baseline their ratio counts, else the value itself
    goal:            the most that is aimed at, of what counts (None: for the record)
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: float | None = None

    @property
    def counts(self) -> float:
        return self.value if self.baseline is None else self.value / self.baseline


Case = Callable[[bool], list[Result]]
"""A benchmark: takes whether it should be quick (run once on something small), and gives its lines."""


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def beside(name: str, call: Callable[[], object], baseline: Callable[[], object], goal: float | None, repeats: int) -> Result:
    """Both are called once to warm up, then in turn; medians of `repeats` calls. Once only is for looking whether they run: cold."""
    if repeats > 1:
        call(), baseline()
    pairs = [(seconds(call), seconds(baseline)) for _ in range(repeats)]
    mine, base = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Result(name, 1e3 * mine, "ms", 1e3 * base, goal)


def quantile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
