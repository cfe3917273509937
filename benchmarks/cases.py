"""All benchmarks, by name."""

from __future__ import annotations

from functools import partial

from benchmarks import load, memory, network, page, service
from benchmarks.timing import Case


def cases(soak_minutes: float) -> dict[str, Case]:
    return {**network.CASES, **memory.CASES, **service.CASES, **load.CASES, "soak": partial(load.soak, minutes=soak_minutes), **page.CASES}
