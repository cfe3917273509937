"""What a benchmark is, and how two things are timed beside each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report.

    value:    what was measured, in `unit`
    baseline: what it is compared with, in `unit`; None where there is nothing to compare with
    goal:     the largest `counts` that is aimed at; None where the number is only for the record
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: float | None = None

    @property
    def counts(self) -> float:
        """What is compared with the goal: value over baseline, or the value where there is no baseline."""
        return self.value if self.baseline is None else self.value / self.baseline


WARM_UP_S = 2.0
"""Seconds of calls before any are timed: a server that has just started loads some of its modules meanwhile."""

Case = Callable[[bool], list[Result]]
"""A benchmark: (whether to run it once on something small) -> its lines of the report."""


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def beside(name: str, call: Callable[[], object], baseline: Callable[[], object], goal: float | None, repeats: int) -> Result:
    """Medians of `repeats` calls of either, made in turn, after WARM_UP_S of such calls. (With one repeat, which only shows whether they
    run, there is no warm-up.)"""
    warm = time.perf_counter() + WARM_UP_S
    while repeats > 1 and time.perf_counter() < warm:
        call(), baseline()
    pairs = [(seconds(call), seconds(baseline)) for _ in range(repeats)]
    mine, base = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Result(name, 1e3 * mine, "ms", 1e3 * base, goal)


def quantile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
