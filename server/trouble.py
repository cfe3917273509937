"""When the store cannot be used: its disk is full or broken, another program holds it, or its file is damaged."""

from __future__ import annotations

import errno

from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

from models.words import Text, say

TROUBLE = (DatabaseError,)
"""What is nobody's mistake, and may be mended while the server runs. (A damaged SQLite file is a DatabaseError and no kind of it.)"""

MISTAKES = (DataError, IntegrityError, InternalError, NotSupportedError, ProgrammingError)
"""Kinds of DatabaseError that are the server's own: a request that meets one has met a bug."""


DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM})
"""What the system says of a disk that is full, broken, or not to be written."""


class StoreFailed(Exception):
    """The store could not be used, as a worker process tells it: errors of the database hold what pickle cannot take along."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def is_disks(error: Exception) -> bool:
    """Whether the disk of the data directory is why."""
    return isinstance(error, OSError) and error.errno in DISK


def sentence(error: Exception) -> Text:
    """On a store that cannot be read or written just now; `error` is one of TROUBLE, or the disk's."""
    if isinstance(error, OSError):
        return say("A file in the data directory cannot be written or read: {problem}. Whoever runs this server should see to its disk "
                   "(room, permissions).", problem=error.strerror)
    assert isinstance(error, DatabaseError)
    if isinstance(error, OperationalError):
        return say("The store cannot be used: {problem}. Nothing that is in it is lost; whoever runs this server should see to the disk "
                   "of its data directory (room, permissions, other programs that hold the database).", problem=error.orig)
    return say("The store cannot be used, and may be damaged: {problem}. Whoever runs this server should stop it and put a backup back.",
               problem=error.orig)
