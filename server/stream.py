"""The stream: one tail of the store a run, however many viewers; each viewer keeps its own place.

A tail looks into the store every few milliseconds while somebody watches, keeps the newest frames as they go out, and wakes its
viewers. A viewer that has fallen behind what the tail keeps reads the store itself, so nothing is ever skipped and nothing
queues up in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

import orjson
from anyio import CapacityLimiter, to_thread

from server import encode
from server.records import RunRecord
from server.sse import Body, Named
from server.store import Store, is_over

KEPT = 32
"""Frames that a tail holds."""

PAGE = 32
"""Frames read from the store at once."""

THREADS = 8
"""That look into the store for viewers: of their own, so that a class that submits its runs does not keep frames from those who watch."""

TOGETHER = 8
"""Viewers who are told at once: each takes the loop for half a millisecond, and it has others to answer."""

PING_S = 15.0
"""Silence after which a viewer is told that the line is alive."""

PROGRESS_S = 0.005
"""Times the viewers: how often they are told that a run has got on, beside its frames. One is told at every look, 200 once a second."""

WAITING_GROWTH, WAITING_MOST = 1.2, 8
"""A run that waits in the queue is looked at less and less often, down to one look in so many intervals: twenty that wait beside one that
trains would otherwise take its time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run: the record, or a frame with its number. A ping has nothing to tell."""

    kind: Literal["status", "frame", "end", "ping"]
    body: Body | None = None
    seq: int | None = None


Choice = frozenset[str] | None
"""The quantities that a viewer wants of a frame; None is all of them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A stored frame, ready to go out: for each choice of quantities that is asked for, made once."""

    seq: int
    packed: bytes
    bodies: dict[Choice, Body] = field(default_factory=dict)

    def body(self, quantities: Choice) -> Body:
        if quantities not in self.bodies:
            self.bodies[quantities] = Body.of(encode.only(encode.unpack(self.packed), quantities))
        return self.bodies[quantities]


class Tail:
    """The newest frames and the record of one run, followed in the store."""

    def __init__(self, store: Store, record: RunRecord, interval_s: float, threads: CapacityLimiter) -> None:
        self.store = store
        self.record: RunRecord | None = record
        self.said: Body | None = _body(record)
        self.told_at = -math.inf
        self.woken_at = time.monotonic()
        self.interval_s = interval_s
        self.threads = threads
        self.frames: deque[Frame] = deque(maxlen=KEPT)
        self.wanted: Counter[Choice] = Counter()
        self.newest = -1
        self.waiting: list[asyncio.Future[None]] = []
        self.task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        return self.wanted.total()

    async def follow(self) -> None:
        """Looks until the run is over or gone, and every frame of it is known."""
        run_id = self.record.id if self.record else ""
        pause_s = self.interval_s
        while self.record is not None:
            found, record = await to_thread.run_sync(self._look, run_id, limiter=self.threads)
            if self._note(record) or found:
                self.frames.extend(found)
                self.newest = found[-1].seq if found else self.newest
                await self._wake()
            elif time.monotonic() > self.woken_at + PING_S:
                await self._wake()
            if record is not None and is_over(record) and self.newest >= record.frames - 1:
                return
            waits = record is not None and record.status == "queued"
            pause_s = min(pause_s * WAITING_GROWTH, self.interval_s * WAITING_MOST) if waits else self.interval_s
            if len(found) < PAGE:
                await asyncio.sleep(pause_s)

    def _look(self, run_id: str) -> tuple[list[Frame], RunRecord | None]:
        """Frames after the newest known, then the record: so that the last frame is never behind the end."""
        record = self.store.get(run_id)
        return read(self.store, run_id, self.newest, self.wanted), record

    def _note(self, record: RunRecord | None) -> bool:
        """Keeps a record that says something new, written once for all viewers; of one that only gets on, not every one where many look."""
        now = time.monotonic()
        if record == self.record or (now < self.told_at + PROGRESS_S * self.viewers and _gets_on(self.record, record)):
            return False
        self.record, self.told_at = record, now
        self.said = None if record is None else _body(record)
        return True

    async def news(self) -> None:
        """Waits until there is something new."""
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]

    async def _wake(self) -> None:
        """Tells everybody who waits, a few at a time: others whom the server has to answer come in between."""
        self.woken_at = time.monotonic()
        told, self.waiting = self.waiting, []
        for start in range(0, len(told), TOGETHER):
            for viewer in told[start:start + TOGETHER]:
                if not viewer.done():  # it may have gone away
                    viewer.set_result(None)
            await asyncio.sleep(0)

    def kept_after(self, seq: int) -> list[Frame] | None:
        """The frames after `seq` if they are all at hand, else None."""
        if seq >= self.newest:
            return []
        if self.frames and self.frames[0].seq <= seq + 1:
            return [frame for frame in self.frames if frame.seq > seq]
        return None


class Streams:
    """The tails of all runs that are watched."""

    def __init__(self, store: Store, interval_s: float) -> None:
        self.store = store
        self.interval_s = interval_s
        self.threads = CapacityLimiter(THREADS)
        self.tails: dict[str, Tail] = {}

    async def events(self, record: RunRecord, after: int, quantities: Choice) -> AsyncGenerator[Event]:
        """The run from the frame after `after` to its end: status, frames in order, end."""
        tail = self._join(record, quantities)
        try:
            async for event in _watch(tail, record, after, quantities):
                yield event
        finally:
            self._leave(record.id, tail, quantities)

    async def several(
        self, records: Sequence[RunRecord], after: Sequence[int], quantities: Choice,
    ) -> AsyncGenerator[tuple[int, Event]]:
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

    def watched(self, run_id: str) -> RunRecord | None:
        """The record as its viewers have it; None where nobody watches."""
        tail = self.tails.get(run_id)
        return None if tail is None else tail.record

    @property
    def viewers(self) -> int:
        """Streams that are open; one of several runs counts for each."""
        return sum(tail.viewers for tail in self.tails.values())

    def _join(self, record: RunRecord, quantities: Choice) -> Tail:
        tail = self.tails.get(record.id)
        if tail is None:
            tail = self.tails[record.id] = Tail(self.store, record, self.interval_s, self.threads)
            tail.newest = max(-1, record.frames - 1 - KEPT)
            tail.task = asyncio.create_task(tail.follow())
        tail.wanted[quantities] += 1
        return tail

    def _leave(self, run_id: str, tail: Tail, quantities: Choice) -> None:
        tail.wanted[quantities] -= 1
        tail.wanted += Counter()  # without what nobody wants any more
        if tail.viewers == 0:
            if tail.task is not None:
                tail.task.cancel()
            if self.tails.get(run_id) is tail:
                del self.tails[run_id]


async def alone(events: AsyncGenerator[Event], frames_are: str = "frame") -> AsyncGenerator[Named]:
    """A single run's events as they go out."""
    async with aclosing(events):
        async for event in events:
            yield Named(frames_are if event.kind == "frame" else event.kind, event.body, event.seq)


async def _watch(tail: Tail, record: RunRecord, after: int, quantities: Choice) -> AsyncIterator[Event]:
    shown: RunRecord | None = None
    while True:
        latest, said = tail.record, tail.said
        if latest is None:  # deleted while it was watched
            yield Event("end", _body((shown or record).model_copy(update={"status": "cancelled", "error": "the run was deleted"})))
            return
        if latest is not shown:
            yield Event("status", said)
            shown = latest
        frames = tail.kept_after(after)
        if frames is None:
            frames = await to_thread.run_sync(read, tail.store, record.id, after, {quantities}, limiter=tail.threads)
        for frame in frames:
            yield Event("frame", frame.body(quantities), frame.seq)
            after = frame.seq
        if is_over(latest) and after >= latest.frames - 1:
            yield Event("end", said)
            return
        if not frames and latest is tail.record and after >= tail.newest:
            await tail.news()
            if latest is tail.record and after >= tail.newest:
                yield Event("ping")


def _gets_on(before: RunRecord | None, after: RunRecord | None) -> bool:
    """Whether nothing but the numbers that grow with every step and frame has changed."""
    return (before is not None and after is not None
            and before == after.model_copy(update={name: getattr(before, name) for name in ("steps_done", "frames", "bytes")}))


def read(store: Store, run_id: str, after: int, wanted: Collection[Choice]) -> list[Frame]:
    """A run's stored frames after this one, a page of them, made ready for these choices."""
    frames = [Frame(seq, packed) for seq, packed in store.frames(run_id, after, PAGE)]
    for frame in frames:
        for quantities in tuple(wanted):
            frame.body(quantities)
    return frames


def _body(record: RunRecord) -> Body:
    return Body.of(orjson.dumps(record.model_dump(mode="json")))
