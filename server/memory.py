"""How this process's memory is kept: tells glibc's malloc how much freed memory to keep (with another C library nothing is done), and the
garbage collector what it need not look at."""

from __future__ import annotations

import ctypes
import gc

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Parameters of mallopt, as in malloc.h."""

ARENAS = 2
"""Pools of memory for all threads of the server together. By default its threads would have up to sixteen, each of which keeps what it once
needed most: a whole run that is exported, a page of frames."""

LARGE, KEPT = 32 * 2**20, 256 * 2**20
"""Bytes. A worker keeps up to KEPT of freed memory for its next network: a fresh page of 4 KiB takes the system as long as drawing the
1,024 numbers in it. Tensors above LARGE are given back at once."""


def few_arenas() -> None:
    """Lets all threads share ARENAS pools of memory. To be called before the first thread is started."""
    _tell(M_ARENA_MAX, ARENAS)


def keep_freed() -> None:
    """Keeps up to KEPT bytes of the memory of freed tensors, of those of at most LARGE bytes."""
    _tell(M_MMAP_THRESHOLD, LARGE)
    _tell(M_TRIM_THRESHOLD, KEPT)


def keep_loaded() -> None:
    """Takes all that is loaded by now out of the garbage collector's sight. It stays, and each full collection would walk through it: for
    some 100 ms where PyTorch is loaded."""
    gc.freeze()


def _tell(what: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(what, value)
