"""What glibc's malloc keeps of the memory that was freed. Of another C library's malloc nothing is asked."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""As malloc.h has them."""

ARENAS = 2
"""Of their own the server's threads would have sixteen, each with what it had at its most: a run that goes out whole, a page of frames."""

LARGE, KEPT = 32 * 2**20, 256 * 2**20
"""A worker's next network finds this much of the last one's memory where it was; a page that is fresh takes as long as its 1,024 numbers
take to draw. What is large is given back at once."""


def few_arenas() -> None:
    """Before the first thread."""
    _tell(M_ARENA_MAX, ARENAS)


def keep_freed() -> None:
    """Tensors up to `LARGE` bytes come from memory of which `KEPT` bytes stay when they are freed."""
    _tell(M_MMAP_THRESHOLD, LARGE)
    _tell(M_TRIM_THRESHOLD, KEPT)


def _tell(what: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(what, value)
