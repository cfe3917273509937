"""A tail: the newest frames and the record of one run, followed in the store for all who watch it.

While somebody watches it asks the store every few milliseconds whether anything was written, keeps the newest frames as they go out,
and wakes its viewers.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field

import orjson
from anyio import CapacityLimiter, to_thread

from server import encode
from server.encode import View
from server.records import RunRecord
from server.sse import Body
from server.store import Store, is_over

KEPT = 32
"""Frames that a tail holds."""

PAGE = 32
"""Frames read from the store at once."""

TOGETHER = 8
"""Viewers who are told at once: each takes the loop for half a millisecond, and it has others to answer."""

PING_S = 15.0
"""Silence after which a viewer is told that the line is alive."""

PROGRESS_S, PROGRESS_EACH_S = 0.1, 0.005
"""How often the viewers are told that a run has got on, beside its frames: a few ten times a second, 200 once."""

WAITING_GROWTH, WAITING_MOST = 1.2, 8
"""A run that waits in the queue is looked at less and less often, down to one look in so many intervals: twenty that wait beside one that
trains would otherwise take its time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A stored frame, ready to go out: for each view that is asked for, made once."""

    seq: int
    packed: bytes
    bodies: dict[View, Body] = field(default_factory=dict)

    def body(self, view: View) -> Body:
        if view not in self.bodies:
            self.bodies[view] = self._made(view)
        return self.bodies[view]

    def _made(self, view: View) -> Body:
        """As it is stored where all of it is wanted: to compress it anew takes longer than all else that is done here."""
        json, stored = encode.unpack(self.packed), encode.piece(self.packed)
        return Body(json, *stored) if stored and view == View() else Body.of(encode.viewed(json, view), view.level)


class Tail:
    """The newest frames and the record of one run, followed in the store."""

    def __init__(self, store: Store, record: RunRecord, interval_s: float, threads: CapacityLimiter) -> None:
        self.store = store
        self.record: RunRecord | None = record
        self.said: Body | None = body_of(record)
        self.told_at = -math.inf
        self.woken_at = time.monotonic()
        self.interval_s = interval_s
        self.threads = threads
        self.frames: deque[Frame] = deque(maxlen=KEPT)
        self.wanted: Counter[View] = Counter()
        self.newest = -1
        self.waiting: list[asyncio.Future[None]] = []
        self.task: asyncio.Task[None] | None = None
        self.error: Exception | None = None

    @property
    def viewers(self) -> int:
        return self.wanted.total()

    async def follow(self) -> None:
        """Looks until the run is over or gone, and every frame of it is known; where that fails, its viewers meet the error."""
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for news would wait for ever
            self.error = error
            await self._wake()

    async def _follow(self) -> None:
        run_id = self.record.id if self.record else ""
        pause_s = self.interval_s
        seen: int | None = None
        while self.record is not None:
            version, more = self.store.version(), False
            if version is None or version != seen:
                more = await self._catch_up(run_id)
                seen = None if more else version
            if time.monotonic() > self.woken_at + PING_S:
                await self._wake()
            if self.record is None or (is_over(self.record) and self.newest >= self.record.frames - 1):
                return
            pause_s = min(pause_s * WAITING_GROWTH, self.interval_s * WAITING_MOST) if self.record.status == "queued" else self.interval_s
            if not more:
                await asyncio.sleep(pause_s)

    async def _catch_up(self, run_id: str) -> bool:
        """What is new, if anything, goes to the viewers; the answer is whether there may be more of it."""
        found, record = await to_thread.run_sync(self._look, run_id, limiter=self.threads)
        if self._note(record) or found:
            self.frames.extend(found)
            self.newest = found[-1].seq if found else self.newest
            await self._wake()
        return len(found) == PAGE

    def _look(self, run_id: str) -> tuple[list[Frame], RunRecord | None]:
        """Frames after the newest known, then the record: so that the last frame is never behind the end."""
        record = self.store.get(run_id)
        return read(self.store, run_id, self.newest, self.wanted), record

    def _note(self, record: RunRecord | None) -> bool:
        """Keeps a record that says something new, written once for all viewers; of one that only gets on, not every one where many look."""
        now = time.monotonic()
        pause_s = max(PROGRESS_S, PROGRESS_EACH_S * self.viewers)
        if record == self.record or (now < self.told_at + pause_s and _gets_on(self.record, record)):
            return False
        self.record, self.told_at = record, now
        self.said = None if record is None else body_of(record)
        return True

    async def news(self) -> None:
        """Waits until there is something new."""
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]
        if self.error is not None:
            raise self.error.with_traceback(None)

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


def _gets_on(before: RunRecord | None, after: RunRecord | None) -> bool:
    """Whether nothing but the numbers that grow with every step and frame has changed."""
    return (before is not None and after is not None
            and before == after.model_copy(update={name: getattr(before, name) for name in ("steps_done", "frames", "bytes")}))


def read(store: Store, run_id: str, after: int, wanted: Collection[View]) -> list[Frame]:
    """A run's stored frames after this one, a page of them, made ready for these views."""
    frames = [Frame(seq, packed) for seq, packed in store.frames(run_id, after, PAGE)]
    for frame in frames:
        for view in tuple(wanted):
            frame.body(view)
    return frames


def body_of(record: RunRecord) -> Body:
    """The record as it goes out."""
    return Body.of(orjson.dumps(record.model_dump(mode="json")))
