"""A tail follows one run in the store for all who watch it: it has the run's record and its newest frames.

While somebody watches, it asks the store several times a second whether anything was written, prepares new frames once for all viewers, and
wakes them.
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
"""How many of the newest frames a tail keeps in memory."""

PAGE = 32
"""Frames read from the store at once."""

TOGETHER = 8
"""Viewers that are woken at once: each takes the event loop half a millisecond, and other requests have to be answered in between."""

PING_S = 15.0
"""Seconds without news after which viewers are sent a ping, so that nothing on the way takes the connection for dead."""

PROGRESS_S, PROGRESS_EACH_S = 0.1, 0.005
"""Seconds between two records that only say how far a run is (beside its frames): PROGRESS_S, or with many viewers PROGRESS_EACH_S for each
of them. That is ten times a second for a few viewers, and once a second for 200."""

WAITING_GROWTH, WAITING_MOST = 1.2, 8
"""For a queued run, each interval between two looks into the store is WAITING_GROWTH times the one before, up to WAITING_MOST times the
usual one: looking at twenty queued runs would otherwise take time from the one that trains."""


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A stored frame, and what is sent of it for each view that viewers ask for, made once."""

    seq: int
    packed: bytes
    bodies: dict[View, Body] = field(default_factory=dict)

    def body(self, view: View) -> Body:
        """What is sent of the frame for this view."""
        if view not in self.bodies:
            self.bodies[view] = self._made(view)
        return self.bodies[view]

    def _made(self, view: View) -> Body:
        """Where the whole frame is wanted, its compressed form is taken from the store: compressing takes longer than all else here."""
        json, stored = encode.unpack(self.packed), encode.piece(self.packed)
        return Body(json, *stored) if stored and view == View() else Body.of(encode.viewed(json, view), view.level)


class Tail:
    """Follows one run in the store.

    record:   the run's, None once it is deleted
    said:     the record as it is sent
    told_at:  when the record was last given to viewers      woken_at: when viewers were last woken (time.monotonic)
    wanted:   how many viewers want each view
    newest:   seq of the newest frame that is known
    waiting:  a future for each viewer that waits for news
    error:    why following failed; viewers meet it
    """

    def __init__(self, store: Store, record: RunRecord, interval_s: float, threads: CapacityLimiter) -> None:
        self.store = store
        self.record: RunRecord | None = record
        self.said: Body | None = body_of(record)
        self.told_at = -math.inf
        self.woken_at = time.monotonic()
        self.interval_s = interval_s
        self.threads = threads
        self.frames: deque[StoredFrame] = deque(maxlen=KEPT)
        self.wanted: Counter[View] = Counter()
        self.newest = -1
        self.waiting: list[asyncio.Future[None]] = []
        self.task: asyncio.Task[None] | None = None
        self.error: Exception | None = None

    @property
    def viewers(self) -> int:
        """How many watch the run."""
        return self.wanted.total()

    async def follow(self) -> None:
        """Follows the run until it is over, with every frame known, or deleted. Where that fails, viewers are given the error."""
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
        """Reads what is new in the store and wakes viewers if there is something. Whether there may be more of it."""
        found, record = await to_thread.run_sync(self._look, run_id, limiter=self.threads)
        if self._note(record) or found:
            self.frames.extend(found)
            self.newest = found[-1].seq if found else self.newest
            await self._wake()
        return len(found) == PAGE

    def _look(self, run_id: str) -> tuple[list[StoredFrame], RunRecord | None]:
        """(new frames, record). The record is read first: so there are never fewer frames than it says, and none is missing at the end."""
        record = self.store.get(run_id)
        return read(self.store, run_id, self.newest, self.wanted), record

    def _note(self, record: RunRecord | None) -> bool:
        """Takes over the record if viewers should be told of it, and says whether. One that only says how far the run is may come too soon
        after the last one (PROGRESS_S)."""
        now = time.monotonic()
        pause_s = max(PROGRESS_S, PROGRESS_EACH_S * self.viewers)
        if record == self.record or (now < self.told_at + pause_s and _gets_on(self.record, record)):
            return False
        self.record, self.told_at = record, now
        self.said = None if record is None else body_of(record)
        return True

    async def news(self) -> None:
        """Waits until there is something new, or a ping is due. Raises the error that following met."""
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]
        if self.error is not None:
            raise self.error.with_traceback(None)

    async def _wake(self) -> None:
        """Wakes all viewers that wait, TOGETHER at a time, so that other requests are answered in between."""
        self.woken_at = time.monotonic()
        told, self.waiting = self.waiting, []
        for start in range(0, len(told), TOGETHER):
            for viewer in told[start:start + TOGETHER]:
                if not viewer.done():  # it may have gone away
                    viewer.set_result(None)
            await asyncio.sleep(0)

    def kept_after(self, seq: int) -> list[StoredFrame] | None:
        """The frames after `seq` if this tail still has them all, else None."""
        if seq >= self.newest:
            return []
        if self.frames and self.frames[0].seq <= seq + 1:
            return [frame for frame in self.frames if frame.seq > seq]
        return None


def _gets_on(before: RunRecord | None, after: RunRecord | None) -> bool:
    """Whether only those numbers have changed that grow with every step and frame."""
    return (before is not None and after is not None
            and before == after.model_copy(update={name: getattr(before, name) for name in ("steps_done", "frames", "bytes")}))


def read(store: Store, run_id: str, after: int, wanted: Collection[View]) -> list[StoredFrame]:
    """Up to PAGE of a run's frames with a seq above `after`, prepared for these views."""
    frames = [StoredFrame(seq, packed) for seq, packed in store.frames(run_id, after, PAGE)]
    for frame in frames:
        for view in tuple(wanted):
            frame.body(view)
    return frames


def body_of(record: RunRecord) -> Body:
    """The record as it is sent."""
    return Body.of(orjson.dumps(record.model_dump(mode="json")))
