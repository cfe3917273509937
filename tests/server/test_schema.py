"""Databases that are new, old, too new, damaged or not to be written: what becomes of each."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from sqlalchemy import create_engine, event, inspect

from server import schema
from server.records import RunRecord
from server.store import Store, metadata
from tests.conftest import ROOT

FIRST_RELEASE = """
CREATE TABLE runs (id VARCHAR(32) NOT NULL, number INTEGER NOT NULL, kind VARCHAR(8) NOT NULL, fingerprint VARCHAR(32) NOT NULL,
  status VARCHAR(16) NOT NULL, config TEXT NOT NULL, version VARCHAR(32) NOT NULL, device VARCHAR(128), created_at FLOAT NOT NULL,
  started_at FLOAT, finished_at FLOAT, steps_done INTEGER NOT NULL, steps_total INTEGER NOT NULL, frames INTEGER NOT NULL, error TEXT,
  layers TEXT NOT NULL, findings TEXT NOT NULL, cancel_requested INTEGER NOT NULL, PRIMARY KEY (id), UNIQUE (number));
CREATE INDEX ix_runs_status ON runs (status);
CREATE INDEX ix_runs_fingerprint ON runs (fingerprint);
CREATE INDEX ix_runs_kind ON runs (kind);
CREATE TABLE frames (run_id VARCHAR(32) NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (run_id, seq),
  FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE);
CREATE INDEX frames_in_order ON frames (run_id, seq);
INSERT INTO runs VALUES ('abc', 1, 'run', 'abc', 'finished', '{"seed": 3}', '0.1.0', 'cpu', 1.0, 2.0, 3.0, 5, 5, 1, NULL, '[]', '[]', 0);
INSERT INTO frames VALUES ('abc', 0, x'00');
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sigprop.db"


def tables_of(engine):
    """Every table's columns: name, type, whether it may be empty; and the indices."""
    found = inspect(engine)
    return {table: ([(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)],
                    sorted(index["name"] for index in found.get_indexes(table)))
            for table in found.get_table_names() if table != "alembic_version"}


def test_the_migrations_make_what_the_store_declares(path, tmp_path):
    migrated, declared = create_engine(f"sqlite:///{path}"), create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    schema.bring_up_to_date(migrated)
    metadata.create_all(declared)
    assert tables_of(migrated) == tables_of(declared)


@pytest.mark.parametrize("before", [None, 500])
def test_a_page_of_runs_is_read_in_its_order(path, before):
    """Not all runs are sorted for it: of 10,000 that took 0.2 s."""
    store, queries = Store(f"sqlite:///{path}"), []
    store.open()
    event.listen(store.engine, "before_cursor_execute", lambda *said: queries.append(said[2:4]))
    store.page(None, 50, before)
    store.close()
    (query, values), *_ = [asked for asked in queries if asked[0].startswith("SELECT")]
    with closing(sqlite3.connect(path)) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert plan and not any("ORDER BY" in step for step in plan)


def test_a_database_of_the_first_release_keeps_its_runs(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST_RELEASE)
    connection.close()
    store = Store(f"sqlite:///{path}")
    store.open()
    record = store.get("abc")
    assert isinstance(record, RunRecord) and record.config == {"seed": 3} and record.status == "finished"
    assert store.frames("abc", -1, 10) == [(0, b"\x00")]
    store.open()  # a second start changes nothing
    assert store.get("abc") == record
    store.close()


KILLED = """
import os, signal, sys
from sqlalchemy import create_engine, event
from server import schema

engine, left = create_engine(sys.argv[1]), int(sys.argv[2])

@event.listens_for(engine, "after_cursor_execute")
def count(connection, cursor, statement, *more):
    global left
    left -= statement.split()[0] in ("ALTER", "CREATE", "INSERT", "UPDATE")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

schema.bring_up_to_date(engine)
"""


@pytest.mark.parametrize("statement", [1, 2, 6, 11])
@pytest.mark.parametrize("first", ["", FIRST_RELEASE], ids=["new", "of the first release"])
def test_a_server_that_is_killed_while_it_makes_the_tables_leaves_what_was_there(path, tmp_path, first, statement):
    with sqlite3.connect(path) as connection:
        connection.executescript(first)
    connection.close()
    killed = subprocess.run([sys.executable, "-c", KILLED, f"sqlite:///{path}", str(statement)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    with closing(Store(f"sqlite:///{path}")) as store:
        store.open()
        assert store.frames("abc", -1, 10) == ([(0, b"\x00")] if first else [])
    declared = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    metadata.create_all(declared)
    assert tables_of(create_engine(f"sqlite:///{path}")) == tables_of(declared)


def test_a_newer_versions_database_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(schema.CannotOpen, match=r"newer version.*9999"):
        schema.bring_up_to_date(create_engine(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_what_is_no_database_is_left_alone(path):
    path.write_bytes(b"not a database at all" * 100)
    before = path.read_bytes()
    with pytest.raises(schema.CannotOpen, match="no database, or a damaged one"):
        schema.bring_up_to_date(create_engine(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_a_database_that_somebody_else_holds(path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.2})
    with pytest.raises(schema.CannotOpen, match=r"cannot be written.*locked"):
        schema.bring_up_to_date(engine)
    holder.close()
