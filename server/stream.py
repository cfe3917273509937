"""The stream: one tail of the store a run, however many viewers; each viewer keeps its own place.

A tail looks into the store every few milliseconds while somebody watches, keeps the newest frames unpacked, and wakes its
viewers. A viewer that has fallen behind what the tail keeps reads the store itself, so nothing is ever skipped and nothing
queues up in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
from anyio import CapacityLimiter, to_thread

from server import encode
from server.records import RunRecord
from server.store import Store, is_over

KEPT = 32
"""Unpacked frames that a tail holds."""

PAGE = 32
"""Frames read from the store at once."""

THREADS = 8
"""That look into the store for viewers: of their own, so that a class that submits its runs does not keep frames from those who watch."""

WAITING_GROWTH, WAITING_MOST = 1.2, 8
"""A run that waits in the queue is looked at less and less often, down to one look in so many intervals: twenty that wait beside one that
trains would otherwise take its time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its JSON, and its id where it is a frame."""

    kind: Literal["status", "frame", "end"]
    data: str
    seq: int | None = None


class Tail:
    """The newest frames and the record of one run, followed in the store."""

    def __init__(self, store: Store, record: RunRecord, interval_s: float, threads: CapacityLimiter) -> None:
        self.store = store
        self.record: RunRecord | None = record
        self.said = _json(record)
        self.interval_s = interval_s
        self.threads = threads
        self.frames: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self.newest = -1
        self.viewers = 0
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Looks until the run is over or gone, and every frame of it is known."""
        run_id = self.record.id if self.record else ""
        pause_s = self.interval_s
        while self.record is not None:
            found, record = await to_thread.run_sync(self._look, run_id, limiter=self.threads)
            if found or record != self.record:
                self.frames.extend(found)
                self.newest = found[-1][0] if found else self.newest
                self._note(record)
                self._wake()
            if record is not None and is_over(record) and self.newest >= record.frames - 1:
                return
            waits = record is not None and record.status == "queued"
            pause_s = min(pause_s * WAITING_GROWTH, self.interval_s * WAITING_MOST) if waits else self.interval_s
            if len(found) < PAGE:
                await asyncio.sleep(pause_s)

    def _look(self, run_id: str) -> tuple[list[tuple[int, bytes]], RunRecord | None]:
        """Frames after the newest known, then the record: so that the last frame is never behind the end."""
        record = self.store.get(run_id)
        found = self.store.frames(run_id, self.newest, PAGE)
        return [(seq, encode.unpack(data)) for seq, data in found], record

    def _note(self, record: RunRecord | None) -> None:
        """Keeps a record that says something new, written once for all viewers."""
        if record != self.record:
            self.record = record
            self.said = "" if record is None else _json(record)

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def kept_after(self, seq: int) -> list[tuple[int, bytes]] | None:
        """The frames after `seq` if they are all at hand, else None."""
        if seq >= self.newest:
            return []
        if self.frames and self.frames[0][0] <= seq + 1:
            return [frame for frame in self.frames if frame[0] > seq]
        return None


class Streams:
    """The tails of all runs that are watched."""

    def __init__(self, store: Store, interval_s: float) -> None:
        self.store = store
        self.interval_s = interval_s
        self.threads = CapacityLimiter(THREADS)
        self.tails: dict[str, Tail] = {}

    async def events(self, record: RunRecord, after: int, quantities: Collection[str] | None) -> AsyncGenerator[Event]:
        """The run from the frame after `after` to its end: status, frames in order, end."""
        tail = self._join(record)
        try:
            async for event in _watch(tail, record, after, quantities):
                yield event
        finally:
            self._leave(record.id, tail)

    async def several(
        self, records: Sequence[RunRecord], after: Sequence[int], quantities: Collection[str] | None,
    ) -> AsyncIterator[tuple[int, Event]]:
        """Several runs at once, each from its own place to its end: (which run, event) as they come."""
        sources = [self.events(record, start, quantities) for record, start in zip(records, after, strict=True)]
        waiting = {asyncio.ensure_future(anext(source)): which for which, source in enumerate(sources)}
        try:
            while waiting:
                for done in (await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))[0]:
                    which = waiting.pop(done)
                    with contextlib.suppress(StopAsyncIteration):
                        yield which, done.result()
                        waiting[asyncio.ensure_future(anext(sources[which]))] = which
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            for source in sources:
                await source.aclose()

    @property
    def viewers(self) -> int:
        """Streams that are open; one of several runs counts for each."""
        return sum(tail.viewers for tail in self.tails.values())

    def _join(self, record: RunRecord) -> Tail:
        tail = self.tails.get(record.id)
        if tail is None:
            tail = self.tails[record.id] = Tail(self.store, record, self.interval_s, self.threads)
            tail.newest = max(-1, record.frames - 1 - KEPT)
            tail.task = asyncio.create_task(tail.follow())
        tail.viewers += 1
        return tail

    def _leave(self, run_id: str, tail: Tail) -> None:
        tail.viewers -= 1
        if tail.viewers == 0:
            if tail.task is not None:
                tail.task.cancel()
            if self.tails.get(run_id) is tail:
                del self.tails[run_id]


async def _watch(tail: Tail, record: RunRecord, after: int, quantities: Collection[str] | None) -> AsyncIterator[Event]:
    shown: RunRecord | None = None
    while True:
        changed = tail.changed
        latest, said = tail.record, tail.said
        if latest is None:  # deleted while it was watched
            yield Event("end", _json((shown or record).model_copy(update={"status": "cancelled", "error": "the run was deleted"})))
            return
        if latest is not shown:
            yield Event("status", said)
            shown = latest
        frames = tail.kept_after(after)
        if frames is None:
            frames = await to_thread.run_sync(_read, tail.store, record.id, after, limiter=tail.threads)
        for seq, data in frames:
            yield Event("frame", encode.only(data, quantities).decode(), seq)
            after = seq
        if is_over(latest) and after >= latest.frames - 1:
            yield Event("end", said)
            return
        if not frames and latest is tail.record:
            await changed.wait()


def _read(store: Store, run_id: str, after: int) -> list[tuple[int, bytes]]:
    return [(seq, encode.unpack(data)) for seq, data in store.frames(run_id, after, PAGE)]


def _json(record: RunRecord) -> str:
    return orjson.dumps(record.model_dump(mode="json")).decode()
