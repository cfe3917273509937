"""All benchmarks, by name."""

from __future__ import annotations

from benchmarks import network, page, service
from benchmarks.timing import Case

CASES: dict[str, Case] = {**network.CASES, **service.CASES, **page.CASES}
