"""The store: runs and their frames in a database, through SQLAlchemy: SQLite (in WAL mode), or any other by its URL.

Workers write what they compute, and the server reads it: processes exchange nothing else about a run.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    bindparam,
    case,
    create_engine,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from models import words
from server import schema
from server.records import TERMINAL, Fetching, Kind, RunRecord, Status

Search = Callable[[str, str | None, Mapping[str, Any]], bool]
"""(id, title, configuration) -> whether such a run is searched for."""

UNLIMITED = -1
"""Connections beyond the five that are kept open. Every thread can have one, so that a thread that reads never waits for those that wait to
write. The number of threads is limited elsewhere (server/deps.py)."""

PLACES: dict[str, str] = {"run": "/runs/", "sweep": "/api/sweeps/"}
"""Where each kind is found, by its id."""

READ_AT_ONCE = 100
"""Rows that a search reads from the database at once."""

metadata = MetaData()

runs = Table(
    "runs", metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("fingerprint", String(32), nullable=False, index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("config", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Column("device", String(128)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("steps_done", Integer, nullable=False, default=0),
    Column("steps_total", Integer, nullable=False),
    Column("frames", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("layers", Text, nullable=False),
    Column("findings", Text, nullable=False, default="[]"),
    Column("cancel_requested", Integer, nullable=False, default=0),
    Column("title", Text),
    Column("fetching", Text),
    Column("heartbeat_at", Float),
    Column("bytes", Integer, nullable=False, default=0),
    Column("pinned", Integer, nullable=False, default=0),
    Index("runs_newest_first", "kind", "number"),
)

frames = Table(
    "frames", metadata,
    Column("run_id", String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Index("frames_in_order", "run_id", "seq"),
)

ADD_FRAME = insert(frames)
COUNT_FRAME = update(runs).where(runs.c.id == bindparam("run")).values(
    frames=bindparam("count"), steps_done=bindparam("step"), bytes=runs.c.bytes + bindparam("size"))
"""These two statements are made only once: a run may store fifty frames a second."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run as it is submitted: `config` is its canonical JSON, `layers` those of models.cost.layers."""

    id: str
    kind: Kind
    fingerprint: str
    config: str
    version: str
    steps_total: int
    layers: Sequence[Any]


class Size(NamedTuple):
    """What a run takes in the store.

    stays:  whether it must not be removed: it is pinned or not over
    config: its configuration if it starts from trained weights, else empty
    """

    id: str
    created_at: float
    frames: int
    bytes: int
    stays: bool
    config: Mapping[str, Any]


class Store:
    """Reads and writes runs and frames; every method in one transaction.

    submitting: a lock for whoever looks for a run and makes it where there is none: it is held from the look until the run is made
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.submitting = threading.Lock()
        self.engine = create_engine(url, max_overflow=UNLIMITED, pool_pre_ping=not url.startswith("sqlite"))
        if url.startswith("sqlite"):
            event.listen(self.engine, "connect", _configure_sqlite)
        self._pulse: Connection | None = None

    def open(self) -> None:
        """Brings the database to this version's schema. Raises schema.CannotOpen where it cannot be used."""
        looking = create_engine(self.url)  # without our settings: asking for WAL would write into a file that may not be ours
        try:
            schema.bring_up_to_date(looking)
        finally:
            looking.dispose()

    def close(self) -> None:
        if self._pulse is not None:
            self._pulse.close()
        self.engine.dispose()

    def version(self) -> int | None:
        """A number that changes when anybody commits anything; None where the database has none, or cannot say now. For one thread only.

        It takes a tenth of the time of the shortest query for a run, so it can be asked often while waiting for news.
        """
        if self.engine.dialect.name != "sqlite":
            return None
        try:
            if self._pulse is None:
                self._pulse = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._pulse.exec_driver_sql("PRAGMA busy_timeout=0")
            found: int = self._pulse.exec_driver_sql("PRAGMA data_version").scalar_one()
        except OperationalError:
            return None
        return found

    # ---- runs -------------------------------------------------------------------------------------------------------

    def create(self, new: NewRun) -> RunRecord:
        """Adds a run, queued."""
        with self.engine.begin() as connection:
            # A subquery of the insert, so that two that are made at once cannot get the same number.
            number = select(func.coalesce(func.max(runs.c.number), 0) + 1).scalar_subquery()
            connection.execute(insert(runs).values(
                id=new.id, kind=new.kind, number=number, fingerprint=new.fingerprint, status="queued", config=new.config,
                version=new.version, created_at=time.time(), steps_total=new.steps_total, layers=json.dumps(new.layers)))
            return _require(_read(connection, new.id))

    def get(self, run_id: str) -> RunRecord | None:
        """The run's record, None where there is no such run."""
        with self.engine.connect() as connection:
            return _read(connection, run_id)

    def newest(self, fingerprint: str) -> RunRecord | None:
        """The newest run of a configuration."""
        query = select(runs.c.id).where(runs.c.fingerprint == fingerprint).order_by(runs.c.number.desc()).limit(1)
        with self.engine.connect() as connection:
            found = connection.scalar(query)
            return _read(connection, found) if found else None

    def page(self, status: str | None, limit: int, before: int | None, wanted: Search | None = None) -> tuple[list[RunRecord], int | None]:
        """(up to `limit` records, newest first, what to give as `before` for the next page or None): of runs that have this status, are
        older than number `before`, and are `wanted`."""
        known = select(runs.c.number, runs.c.id, runs.c.title, runs.c.config).where(runs.c.kind == "run").order_by(runs.c.number.desc())
        if status is not None:
            known = known.where(runs.c.status == status)
        if before is not None:
            known = known.where(runs.c.number < before)
        if wanted is None:
            known = known.limit(limit + 1)
        with self.engine.connect() as connection:
            rows = connection.execute(known.execution_options(yield_per=READ_AT_ONCE))
            found = (row.number for row in rows if wanted is None or wanted(row.id, row.title, json.loads(row.config)))
            numbers = list(islice(found, limit + 1))
            rows.close()
            page = connection.execute(select(runs).where(runs.c.number.in_(numbers[:limit])).order_by(runs.c.number.desc())).all()
            return [_record(connection, row) for row in page], numbers[limit - 1] if len(numbers) > limit else None

    def count(self, status: Status) -> int:
        """How many runs and maps have this status."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(runs).where(runs.c.status == status)) or 0

    def unfinished(self) -> list[RunRecord]:
        """Runs that wait or run, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(runs).where(runs.c.status.in_(("queued", "running"))).order_by(runs.c.number)).all()
            return [_record(connection, row) for row in rows]

    def rename(self, run_id: str, title: str | None) -> None:
        """Gives the run a title, or with None takes it away."""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(title=title))

    def pin(self, run_id: str, pinned: bool) -> None:
        """Pins the run, so that it is not removed when the store is full, or unpins it."""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(pinned=int(pinned)))

    def stored(self) -> tuple[int, int]:
        """Frames, and their bytes, of all runs together."""
        query = select(func.coalesce(func.sum(runs.c.frames), 0), func.coalesce(func.sum(runs.c.bytes), 0))
        with self.engine.connect() as connection:
            frames, size = connection.execute(query).one()
            return int(frames), int(size)

    def sizes(self) -> list[Size]:
        """What every run takes, and whether it may be removed."""
        query = select(runs.c.id, runs.c.created_at, runs.c.frames, runs.c.bytes,
                       or_(runs.c.pinned != 0, runs.c.status.not_in(TERMINAL)),
                       case((runs.c.config.contains('"pretrained"'), runs.c.config)))
        with self.engine.connect() as connection:
            return [Size(name, since, frames, size, bool(stays), json.loads(config or "{}"))
                    for name, since, frames, size, stays, config in connection.execute(query)]

    def delete(self, run_id: str) -> None:
        """Removes the run, if there is one, with its frames."""
        with self.engine.begin() as connection:
            connection.execute(delete(frames).where(frames.c.run_id == run_id))
            connection.execute(delete(runs).where(runs.c.id == run_id))

    # ---- a run's life -----------------------------------------------------------------------------------------------

    def note_fetching(self, run_id: str, fetching: Fetching | None) -> None:
        """Writes how far the data set is that a queued run waits for; None once it is here."""
        self._change(run_id, ("queued",), fetching=None if fetching is None else fetching.model_dump_json())

    def start(self, run_id: str, device: str, steps_total: int) -> bool:
        """Marks a queued run as running. False where it is no longer queued or is cancelled. (Its number of steps may have changed, as it
        follows from the data set, which the worker has read by now.)"""
        return self._change(run_id, ("queued",), runs.c.cancel_requested == 0, status="running", device=device,
                            started_at=time.time(), heartbeat_at=time.time(), steps_total=steps_total, fetching=None)

    def finish(self, run_id: str, status: Status, error: words.Text | None = None, steps_done: int | None = None) -> bool:
        """Ends the run; False where it had ended already. Without `error`, the reason given to `request_cancel` is kept."""
        told = {"error": None if error is None else error.dump(), "steps_done": steps_done}
        known = {name: value for name, value in told.items() if value is not None}
        return self._change(run_id, ("queued", "running"), status=status, finished_at=time.time(), **known)

    def progress(self, run_id: str, steps_done: int) -> bool:
        """Writes the progress of a running run, and says whether it `goes_on`."""
        self._change(run_id, ("running",), steps_done=steps_done)
        return self.goes_on(run_id)

    def goes_on(self, run_id: str) -> bool:
        """Whether the run is running. False where it should stop: it is cancelled, ended or deleted."""
        with self.engine.connect() as connection:
            found = connection.execute(select(runs.c.status, runs.c.cancel_requested).where(runs.c.id == run_id)).first()
        return found is not None and found.status == "running" and not found.cancel_requested

    def request_cancel(self, run_id: str, reason: words.Text | None = None) -> None:
        """Asks the run's worker to stop (`goes_on` tells it). reason: becomes the record's error."""
        self._change(run_id, ("queued", "running"), cancel_requested=1, error=None if reason is None else reason.dump())

    def beat(self, run_id: str) -> None:
        """Writes a sign of life of the run's worker."""
        self._change(run_id, ("running",), heartbeat_at=time.time())

    def heartbeats(self) -> dict[str, float]:
        """The last sign of life of each running run, in seconds since 1970."""
        query = select(runs.c.id, runs.c.heartbeat_at).where(runs.c.status == "running", runs.c.heartbeat_at.is_not(None))
        with self.engine.connect() as connection:
            return {row.id: row.heartbeat_at for row in connection.execute(query)}

    def hold_waiting(self, held: bool) -> None:
        """Keeps all queued runs from being started, or with False lets them be started again. (Needed while a server stops: a worker may be
        about to start one.)"""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.status == "queued").values(cancel_requested=int(held)))

    def _change(self, run_id: str, expected: Sequence[str], *more: ColumnElement[bool], **values: Any) -> bool:
        query = update(runs).where(runs.c.id == run_id, runs.c.status.in_(expected), *more).values(**values)
        with self.engine.begin() as connection:
            return connection.execute(query).rowcount == 1

    # ---- frames -----------------------------------------------------------------------------------------------------

    def append_frame(self, run_id: str, seq: int, step: int, data: bytes, findings: Sequence[Any] | None = None) -> None:
        """Stores a packed frame (server.encode.pack) and counts it; also the run's findings, where they are given."""
        counted = {"run": run_id, "count": seq + 1, "step": step, "size": len(data)}
        with self.engine.begin() as connection:
            connection.execute(ADD_FRAME, {"run_id": run_id, "seq": seq, "data": data})
            connection.execute(COUNT_FRAME, counted)
            if findings is not None:
                connection.execute(update(runs).where(runs.c.id == run_id).values(findings=json.dumps(findings, allow_nan=False)))

    def frames(self, run_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(seq, packed frame) of up to `limit` frames with a seq above `after`, in order."""
        query = select(frames.c.seq, frames.c.data).where(frames.c.run_id == run_id, frames.c.seq > after)
        with self.engine.connect() as connection:
            return [(row.seq, row.data) for row in connection.execute(query.order_by(frames.c.seq).limit(limit))]


def _configure_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:
    """Readers do not wait for the writer (WAL); a second writer waits up to 15 s. What is deleted is not overwritten with zeros, which
    takes as much room in the log as it frees, and a deletion on a full disk has little."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000", "foreign_keys=ON", "secure_delete=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _read(connection: Connection, run_id: str) -> RunRecord | None:
    row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    return _record(connection, row) if row is not None else None


def _require(record: RunRecord | None) -> RunRecord:
    if record is None:
        raise LookupError("the run that was just written is not there")
    return record


def _record(connection: Connection, row: Row[Any]) -> RunRecord:
    """The API's record of a row; `queue_position` counts the runs that wait before it."""
    ahead = None
    if row.status == "queued":
        waiting = select(func.count()).select_from(runs).where(runs.c.status == "queued", runs.c.number < row.number)
        ahead = connection.scalar(waiting)
    values = {name: value for name, value in row._mapping.items() if name in RunRecord.model_fields}
    parsed = {name: json.loads(values[name]) for name in ("config", "layers", "findings")}
    fetching = json.loads(row.fetching) if row.fetching and row.status == "queued" else None
    error = None if row.error is None else words.Text.load(row.error)
    return RunRecord(**{**values, **parsed, "error": error, "url": PLACES[row.kind] + row.id, "queue_position": ahead,
                        "fetching": fetching})


def is_over(record: RunRecord) -> bool:
    """Whether the run has ended."""
    return record.status in TERMINAL
