"""What glibc's malloc keeps of the memory that threads have freed."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8
"""As malloc.h has it."""

ARENAS = 2
"""Of their own the server's threads would have sixteen, each with what it had at its most: a run that goes out whole, a page of frames."""


def few_arenas() -> None:
    """Before the first thread; of another C library's malloc nothing is asked."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)
