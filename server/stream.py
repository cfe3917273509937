"""The streams of events. However many viewers a run has, one tail follows it in the store (server/tail.py); each viewer keeps its own
place.

A viewer that falls behind the frames that the tail keeps reads them from the store itself: so no frame is skipped, and none queue up in
memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Literal

from anyio import CapacityLimiter, to_thread

from models.words import say
from server import trouble
from server.encode import View
from server.records import RunRecord
from server.sse import Body, Named
from server.store import Store, is_over
from server.tail import KEPT, Tail, body_of, read
from server.trouble import TROUBLE

log = logging.getLogger("sigprop")

THREADS = 8
"""Threads that read the store for viewers. They have threads of their own, so that frames still arrive while many runs are submitted."""

DELETED = say("The run was deleted.")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run. `body` is the record or the frame, None for a ping; `seq` the frame's number; `more` says that another event is
    there already, so that both may be sent together."""

    kind: Literal["status", "frame", "end", "ping"]
    body: Body | None = None
    seq: int | None = None
    more: bool = False


class Streams:
    """The tails of all runs that are watched."""

    def __init__(self, store: Store, interval_s: float) -> None:
        self.store = store
        self.interval_s = interval_s
        self.threads = CapacityLimiter(THREADS)
        self.tails: dict[str, Tail] = {}

    async def events(self, record: RunRecord, after: int, view: View) -> AsyncGenerator[Event]:
        """The run's events: a status whenever the record changes, the frames after seq `after` in order, and the end."""
        tail = self._join(record, view)
        try:
            async for event in _watch(tail, record, after, view):
                yield event
        finally:
            self._leave(record.id, tail, view)

    async def several(
        self, records: Sequence[RunRecord], after: Sequence[int], view: View,
    ) -> AsyncGenerator[tuple[int, Event]]:
        """The events of several runs, each with the run's index, as they come; `after` has a seq for each run."""
        sources = [self.events(record, start, view) for record, start in zip(records, after, strict=True)]
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

    def watched(self, run_id: str) -> RunRecord | None:
        """The run's record as its viewers have it; None where nobody watches it."""
        tail = self.tails.get(run_id)
        return None if tail is None or tail.error is not None else tail.record

    @property
    def viewers(self) -> int:
        """Open streams; one of several runs is counted for each of them."""
        return sum(tail.viewers for tail in self.tails.values())

    def _join(self, record: RunRecord, view: View) -> Tail:
        tail = self.tails.get(record.id)
        if tail is None or tail.error is not None:
            tail = self.tails[record.id] = Tail(self.store, record, self.interval_s, self.threads)
            tail.newest = max(-1, record.frames - 1 - KEPT)
            tail.task = asyncio.create_task(tail.follow())
        tail.wanted[view] += 1
        return tail

    def _leave(self, run_id: str, tail: Tail, view: View) -> None:
        tail.wanted[view] -= 1
        tail.wanted += Counter()  # removes the views that nobody wants any more
        if tail.viewers == 0:
            if tail.task is not None:
                tail.task.cancel()
            if self.tails.get(run_id) is tail:
                del self.tails[run_id]


async def alone(events: AsyncGenerator[Event], frames_are: str = "frame") -> AsyncGenerator[Named]:
    """The events of a single run as they are sent; `frames_are` is the name of those with a frame."""
    async with aclosing(events):
        with until_trouble():
            async for event in events:
                yield Named(frames_are if event.kind == "frame" else event.kind, event.body, event.seq, event.more)


@contextmanager
def until_trouble() -> Iterator[None]:
    """Within it, a stream ends without its `end` event where the store cannot be read: the client connects again, and is told why."""
    try:
        yield
    except TROUBLE as error:
        log.error("a stream breaks off: %s", trouble.sentence(error))


async def _watch(tail: Tail, record: RunRecord, after: int, view: View) -> AsyncIterator[Event]:
    shown: RunRecord | None = None
    while True:
        latest, said = tail.record, tail.said
        if latest is None:  # deleted while it was watched
            yield Event("end", _deleted(shown or record))
            return
        frames = tail.kept_after(after)
        if latest is not shown:
            yield Event("status", said, more=bool(frames))
            shown = latest
        if frames is None:
            frames = await to_thread.run_sync(read, tail.store, record.id, after, {view}, limiter=tail.threads)
        for frame in frames:
            yield Event("frame", frame.body(view), frame.seq)
            after = frame.seq
        if is_over(latest) and after >= latest.frames - 1:
            yield Event("end", said)
            return
        if not frames and latest is tail.record and after >= tail.newest:
            await tail.news()
            if latest is tail.record and after >= tail.newest:
                yield Event("ping")


def _deleted(record: RunRecord) -> Body:
    """The record that is sent at the end of a run that was deleted while it was watched."""
    known = {name: value for name, value in dict(record).items() if name != "words"}  # they belong to the former error
    return body_of(RunRecord(**{**known, "status": "cancelled", "error": DELETED}))
