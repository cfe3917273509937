"""Submitting runs and maps: one that there is already is shared, a new one is checked, stored and queued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from fastapi import Response

from server.downloads import Downloads
from server.engine import Engine
from server.records import RunRecord
from server.store import NewRun, Store

SUBMITTING = CapacityLimiter(2)
"""Submissions that are worked on at the same time: while a whole class submits its runs, those who watch still get their frames."""

FETCH_PATIENCE_S = 1.0
"""Seconds that the answer waits to hear that a data set cannot be had."""

GIVEN_UP = ("cancelled", "failed")
"""Statuses in which a map, or one of a network's seeds, is not shared but computed anew."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A run or a map that somebody submits.

    data:  the name of its data set
    known: the record of an earlier one that is shared; None where there is none
    check: raises OverLimit or BadWeights where the server will not compute it
    start: stores and queues it
    """

    data: str
    known: Callable[[], RunRecord | None]
    check: Callable[[], object]
    start: Callable[[], RunRecord]


async def submitted(submission: Submission, response: Response, store: Store, engine: Engine, downloads: Downloads) -> RunRecord:
    """The record of the submission, shared (with status 200) or new."""
    shared = await to_thread.run_sync(_known_or_allowed, submission, limiter=SUBMITTING)
    if shared is not None:
        record, is_new = shared, False
    else:
        await to_thread.run_sync(downloads.ready, submission.data, FETCH_PATIENCE_S)  # it may wait: not within SUBMITTING
        record, is_new = await to_thread.run_sync(_known_or_started, submission, store, engine, limiter=SUBMITTING)
    if not is_new:
        response.status_code = 200
    return record


def _known_or_allowed(submission: Submission) -> RunRecord | None:
    """The record that is shared; None where a new one is needed and allowed."""
    record = submission.known()
    if record is None:
        submission.check()
    return record


def _known_or_started(submission: Submission, store: Store, engine: Engine) -> tuple[RunRecord, bool]:
    """(the record, whether it is new). It is looked for again: somebody may have submitted the same meanwhile."""
    with store.submitting:
        if (record := submission.known()) is not None:
            return record, False
        engine.admit(1)
        return submission.start(), True


def start(new: NewRun, store: Store, engine: Engine) -> RunRecord:
    """Stores a new run or map, and queues it."""
    record = store.create(new)
    engine.submit(new.id, new.kind, new.config)
    return store.get(new.id) or record
