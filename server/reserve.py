"""Room on the disk that is given up when a deletion needs it: SQLite cannot free room without writing a few pages first."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy.exc import OperationalError

SIZE_BYTES = 512 * 1024
"""SQLite writes 4 kB for each 4 MB that it frees, and the pages of the tables themselves."""


def keep(path: Path) -> None:
    """Takes the room, where there is as much and it is not taken yet."""
    if path.exists():
        return
    try:
        path.write_bytes(bytes(SIZE_BYTES))
    except OSError:
        give_up(path)


def give_up(path: Path) -> None:
    """Leaves the room to whoever writes next."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def is_full(error: OperationalError) -> bool:
    """Whether the store lacks room on its disk."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
