"""The store: runs and their frames, in SQLAlchemy over SQLite (WAL) or any database by URL.

Workers append, the server reads: whoever watches a run watches the store.
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
"""Whether a run with this id, title and configuration is wanted."""

UNLIMITED = -1
"""Connections beyond the five that are kept: whoever has a thread has one, so that who reads does not wait for those who wait to write.
Threads are limited already (server/deps.py)."""

READ_AT_ONCE = 100
"""Rows that a search reads from the database at once."""

metadata = MetaData()

runs = Table(
    "runs", metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(8), nullable=False, index=True),
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
"""Made once: a run may store fifty frames a second."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is when it is submitted."""

    id: str
    kind: Kind
    fingerprint: str
    config: str
    version: str
    steps_total: int
    layers: Sequence[Any]


class Size(NamedTuple):
    """What a run takes; `stays`: it is pinned or not over; `config` is its configuration if that may name trained weights, else empty."""

    id: str
    created_at: float
    frames: int
    bytes: int
    stays: bool
    config: Mapping[str, Any]


class Store:
    """All reading and writing of runs. Every method is one transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.submitting = threading.Lock()
        """Held from the look for what there is to the run that is made of it."""
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
        """Another number once anybody has committed anything; None where that cannot be said. For one thread only.

        A tenth of what the shortest look at a run takes, so that whoever waits for news can ask this instead.
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
        """Adds a run that waits to be started."""
        with self.engine.begin() as connection:
            # Within the insert, so that two at once cannot read the same last number.
            number = select(func.coalesce(func.max(runs.c.number), 0) + 1).scalar_subquery()
            connection.execute(insert(runs).values(
                id=new.id, kind=new.kind, number=number, fingerprint=new.fingerprint, status="queued", config=new.config,
                version=new.version, created_at=time.time(), steps_total=new.steps_total, layers=json.dumps(new.layers)))
            return _require(_read(connection, new.id))

    def get(self, run_id: str) -> RunRecord | None:
        with self.engine.connect() as connection:
            return _read(connection, run_id)

    def newest(self, fingerprint: str) -> RunRecord | None:
        """The newest run of a configuration."""
        query = select(runs.c.id).where(runs.c.fingerprint == fingerprint).order_by(runs.c.number.desc()).limit(1)
        with self.engine.connect() as connection:
            found = connection.scalar(query)
            return _read(connection, found) if found else None

    def page(self, status: str | None, limit: int, before: int | None, wanted: Search | None = None) -> tuple[list[RunRecord], int | None]:
        """So many runs that are `wanted`, newest first, older than number `before`; with the number to go on from."""
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
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(runs).where(runs.c.status == status)) or 0

    def unfinished(self) -> list[RunRecord]:
        """Runs that wait or run, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(runs).where(runs.c.status.in_(("queued", "running"))).order_by(runs.c.number)).all()
            return [_record(connection, row) for row in rows]

    def rename(self, run_id: str, title: str | None) -> None:
        """Gives the run a title of its own, or takes it away."""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(title=title))

    def pin(self, run_id: str, pinned: bool) -> None:
        """Says whether the run stays when the store is full."""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(pinned=int(pinned)))

    def stored(self) -> tuple[int, int]:
        """Frames, and their bytes, of all runs together."""
        query = select(func.coalesce(func.sum(runs.c.frames), 0), func.coalesce(func.sum(runs.c.bytes), 0))
        with self.engine.connect() as connection:
            frames, size = connection.execute(query).one()
            return int(frames), int(size)

    def sizes(self) -> list[Size]:
        """What every run takes, and whether it may go."""
        query = select(runs.c.id, runs.c.created_at, runs.c.frames, runs.c.bytes,
                       or_(runs.c.pinned != 0, runs.c.status.not_in(TERMINAL)),
                       case((runs.c.config.contains('"pretrained"'), runs.c.config)))
        with self.engine.connect() as connection:
            return [Size(name, since, frames, size, bool(stays), json.loads(config or "{}"))
                    for name, since, frames, size, stays, config in connection.execute(query)]

    def delete(self, run_id: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(frames).where(frames.c.run_id == run_id))
            connection.execute(delete(runs).where(runs.c.id == run_id))

    # ---- a run's life -----------------------------------------------------------------------------------------------

    def note_fetching(self, run_id: str, fetching: Fetching | None) -> None:
        """How far the data set is that a run waits for; None: it is here."""
        self._change(run_id, ("queued",), fetching=None if fetching is None else fetching.model_dump_json())

    def start(self, run_id: str, device: str, steps_total: int) -> bool:
        """A worker takes the run, and knows its steps now that it has the data; False where the run is no longer waiting."""
        return self._change(run_id, ("queued",), runs.c.cancel_requested == 0, status="running", device=device,
                            started_at=time.time(), heartbeat_at=time.time(), steps_total=steps_total, fetching=None)

    def finish(self, run_id: str, status: Status, error: words.Text | None = None, steps_done: int | None = None) -> bool:
        """The run ends; False where it had ended already. Without an error, the reason stands that it was cancelled for."""
        told = {"error": None if error is None else error.dump(), "steps_done": steps_done}
        known = {name: value for name, value in told.items() if value is not None}
        return self._change(run_id, ("queued", "running"), status=status, finished_at=time.time(), **known)

    def progress(self, run_id: str, steps_done: int) -> bool:
        """Notes the progress of a running run; False where it should stop: cancelled, ended or deleted."""
        self._change(run_id, ("running",), steps_done=steps_done)
        with self.engine.connect() as connection:
            found = connection.execute(select(runs.c.status, runs.c.cancel_requested).where(runs.c.id == run_id)).first()
        return found is not None and found.status == "running" and not found.cancel_requested

    def request_cancel(self, run_id: str, reason: words.Text | None = None) -> None:
        self._change(run_id, ("queued", "running"), cancel_requested=1, error=None if reason is None else reason.dump())

    def beat(self, run_id: str) -> None:
        """A sign of life from the run's worker."""
        self._change(run_id, ("running",), heartbeat_at=time.time())

    def heartbeats(self) -> dict[str, float]:
        """The last sign of life of every run that is running, in seconds since 1970."""
        query = select(runs.c.id, runs.c.heartbeat_at).where(runs.c.status == "running", runs.c.heartbeat_at.is_not(None))
        with self.engine.connect() as connection:
            return {row.id: row.heartbeat_at for row in connection.execute(query)}

    def hold_waiting(self, held: bool) -> None:
        """Keeps every run that waits from being started, or lets them again: a worker may have a run in hand that it has not begun."""
        with self.engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.status == "queued").values(cancel_requested=int(held)))

    def _change(self, run_id: str, expected: Sequence[str], *more: ColumnElement[bool], **values: Any) -> bool:
        query = update(runs).where(runs.c.id == run_id, runs.c.status.in_(expected), *more).values(**values)
        with self.engine.begin() as connection:
            return connection.execute(query).rowcount == 1

    # ---- frames -----------------------------------------------------------------------------------------------------

    def append_frame(self, run_id: str, seq: int, step: int, data: bytes, findings: Sequence[Any] | None = None) -> None:
        """Stores one packed frame and counts it; with it the run's findings, where they are given."""
        counted = {"run": run_id, "count": seq + 1, "step": step, "size": len(data)}
        with self.engine.begin() as connection:
            connection.execute(ADD_FRAME, {"run_id": run_id, "seq": seq, "data": data})
            connection.execute(COUNT_FRAME, counted)
            if findings is not None:
                connection.execute(update(runs).where(runs.c.id == run_id).values(findings=json.dumps(findings, allow_nan=False)))

    def frames(self, run_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Packed frames with a seq above `after`, in order."""
        query = select(frames.c.seq, frames.c.data).where(frames.c.run_id == run_id, frames.c.seq > after)
        with self.engine.connect() as connection:
            return [(row.seq, row.data) for row in connection.execute(query.order_by(frames.c.seq).limit(limit))]


def _configure_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:
    """Readers and one writer at a time; a writer waits for another up to 15 s."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000", "foreign_keys=ON"):
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
    return RunRecord(**{**values, **parsed, "error": error, "url": f"/runs/{row.id}", "queue_position": ahead, "fetching": fetching})


def is_over(record: RunRecord) -> bool:
    """Whether the run has ended."""
    return record.status in TERMINAL
