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
"""Errors that are nobody's mistake and may go away while the server runs. (For a damaged SQLite file DatabaseError itself is raised, none
of its subclasses.)"""

MISTAKES = (DataError, IntegrityError, InternalError, NotSupportedError, ProgrammingError)
"""Subclasses of DatabaseError that are the server's own mistakes: a request that meets one has met a bug."""


DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM})
"""The system's error numbers for a disk that is full, broken, or not to be written."""


class StoreFailed(Exception):
    """The store could not be used. Workers raise it in the place of the database's own errors, which cannot be pickled for the server."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def is_disks(error: Exception) -> bool:
    """Whether the error comes from the disk of the data directory."""
    return isinstance(error, OSError) and error.errno in DISK


def sentence(error: Exception) -> Text:
    """What to tell people of a store that cannot be read or written just now. error: one of TROUBLE, or an OSError."""
    if isinstance(error, OSError):
        return say("A file in the data directory cannot be written or read: {problem}. Whoever runs this server should see to its disk "
                   "(room, permissions).", problem=error.strerror)
    assert isinstance(error, DatabaseError)
    if isinstance(error, OperationalError):
        return say("The store cannot be used: {problem}. Nothing that is in it is lost; whoever runs this server should see to the disk "
                   "of its data directory (room, permissions, other programs that hold the database).", problem=error.orig)
    return say("The store cannot be used, and may be damaged: {problem}. Whoever runs this server should stop it and put a backup back.",
               problem=error.orig)
