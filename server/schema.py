"""The database's schema: when the server starts, Alembic brings a database of any earlier release to this one's.

A database that cannot be used is left as it is, and the error says what is wrong with it and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

MIGRATIONS = Path(__file__).with_name("migrations")
FIRST = "0001"
HEAD = "0005"
"""The newest revision in migrations/versions."""


class CannotOpen(Exception):
    """The database cannot be used: a sentence on why, and what to do."""


def bring_up_to_date(engine: Engine) -> None:
    """Makes the tables, or upgrades those of an older release. Where it cannot, it changes nothing and raises CannotOpen."""
    where = engine.url.render_as_string()
    with opening(where):
        with engine.connect() as connection:
            revision = _revision(connection)
        if revision != HEAD:
            _upgrade(engine, revision, where)


@contextmanager
def opening(where: str) -> Iterator[None]:
    """Within it, errors of the database are raised as CannotOpen; `where` is the database's address. (Also used for what is read after the
    schema: only that may show that the database is damaged.)"""
    try:
        yield
    except OperationalError as error:
        raise CannotOpen(f"{where} cannot be written: {error.orig}. Check that the folder exists, that this user may write to it, that the "
                         "disk is not full and that no other program holds the file.") from error
    except DatabaseError as error:
        raise CannotOpen(f"{where} is no database, or a damaged one: {error.orig}. Move the file away, or put a copy back; "
                         "the server makes a new one where there is none.") from error


def _revision(connection: Connection) -> str | None:
    """The schema's revision; FIRST for the first release, which wrote none; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return FIRST if "runs" in tables else None


def _upgrade(engine: Engine, revision: str | None, where: str) -> None:
    from alembic import command  # these take a third of a second, and most starts need none of them
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise CannotOpen(f"{where} was written by a newer version of this program (schema {revision}; this one knows up to {HEAD}). "
                         "Use that version, or another data directory.")
    with _all_or_nothing(engine) as connection:
        config.attributes["connection"] = connection
        if _revision(connection) == FIRST:  # looked up anew: another server may have been quicker
            command.stamp(config, FIRST)
        command.upgrade(config, "head")


@contextmanager
def _all_or_nothing(engine: Engine) -> Iterator[Connection]:
    """A transaction that includes the creation of tables. Python's driver for SQLite does not begin one for that by itself: a server that
    was killed meanwhile would leave half of the tables, with which no server could start."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
