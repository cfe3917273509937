"""Keeps the store and the folder of weights within their limits: beyond them the oldest goes first, of runs that are over and not pinned
and of uploaded weights, but never weights from which a run that is still there starts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from sqlalchemy.exc import OperationalError

from models.words import say
from server import reserve, weights
from server.errors import Conflict, NotFound, Unavailable
from server.records import Storage
from server.settings import GIB, Settings
from server.store import Store

log = logging.getLogger("sigprop")


@dataclass(frozen=True, slots=True)
class Held:
    """What is removed as one: a run with its frames and the weights that it kept, or uploaded weights.

    name:   the run's id, or the name of the weights
    since:  when it was made or uploaded, in seconds since 1970
    frames: how many it has
    bytes:  of its frames and weights
    stays:  whether it must not be removed: a run that is pinned or not over
    start:  the name of the weights that its network started from, None where it started from no weights
    """

    name: str
    since: float
    frames: int
    bytes: int
    stays: bool
    start: str | None


def storage(store: Store, settings: Settings) -> Storage:
    """What is stored, and the limits."""
    frames, size = store.stored()
    kept = sum(file.st_size for file in weights.kept(settings.places.weights).values())
    return Storage(frames=frames, bytes=size + kept, weights_bytes=kept, max_frames=settings.max_stored_frames,
                   max_bytes=int(settings.max_stored_gib * GIB))


def held(store: Store, settings: Settings) -> list[Held]:
    """Everything that is stored: each run with the weights that it kept, and uploaded weights."""
    files = weights.kept(settings.places.weights)
    runs = [Held(run.id, run.created_at, run.frames, run.bytes + (file.st_size if (file := files.pop(run.id, None)) else 0), run.stays,
                 weights.start_of(run.config)) for run in store.sizes()]
    return [*runs, *(Held(name, file.st_mtime, 0, file.st_size, stays=False, start=None) for name, file in files.items())]


def removable(everything: Sequence[Held]) -> Iterator[Held]:
    """What may be removed, in the order of removal: the oldest first, but weights only after every run that starts from them."""
    known = {one.name: one for one in everything}
    users = Counter(one.start for one in everything)
    ready = [(one.since, one.name) for one in everything if not one.stays and not users[one.name]]
    heapify(ready)
    while ready:
        one = known[heappop(ready)[1]]
        yield one
        users[one.start] -= 1
        start = known.get(one.start or "")
        if start is not None and not start.stays and not users[start.name]:
            heappush(ready, (start.since, start.name))


def make_room(store: Store, settings: Settings) -> list[str]:
    """Removes what may be removed, until the limits hold. The names of what was removed."""
    removed: list[str] = []
    if storage(store, settings).full <= 1:
        return removed
    for one in removable(held(store, settings)):
        forget(store, settings, one.name)
        log.warning("%s was removed: more is stored than the limits allow, and it was the oldest that is neither pinned nor needed",
                    one.name, extra={"run_id": one.name})
        removed.append(one.name)
        if storage(store, settings).full <= 1:
            break
    return removed


def forget(store: Store, settings: Settings, name: str) -> None:
    """Removes a run with its frames and the weights that it kept, or uploaded weights; on a full disk too, by the room held in reserve."""
    try:
        store.delete(name)
    except OperationalError as error:
        if not reserve.is_full(error):
            raise
        reserve.give_up(settings.reserve)
        store.delete(name)
    weights.forget(settings.places.weights, name)
    reserve.keep(settings.reserve)


def forget_weights(store: Store, settings: Settings, source: str) -> None:
    """Removes weights alone. Raises NotFound where there are none, and Conflict where a run that waits or trains starts from them."""
    if not weights.path_of(settings.places.weights, source).exists():
        raise NotFound(say("There are no weights {source!r} on this server; GET /api/weights lists those there are.", source=source))
    name = weights.name_of(source)
    for run in store.unfinished():
        if weights.start_of(run.config) == name:
            raise Conflict(say("Run {id} is {status} and starts from these weights; cancel it first, or wait until it is over.",
                               id=run.id, status=run.status))
    weights.forget(settings.places.weights, source)


def require_room(store: Store, settings: Settings, more_bytes: int = 0) -> None:
    """Raises Unavailable where `more_bytes` would not fit even if everything were removed that may be."""
    found = storage(store, settings).plus(bytes=more_bytes)
    if found.full <= 1:
        return
    going = list(removable(held(store, settings)))
    left = found.plus(frames=-sum(one.frames for one in going), bytes=-sum(one.bytes for one in going))
    if left.full > 1:
        raise Unavailable(say("The store is full: {frames} of {max_frames} frames and {size:.3g} of {max_size:.3g} GiB (weights and what "
                              "was to come among them) cannot go, because runs are pinned, not over, or start from them. Unpin or delete "
                              "some, or start the server with larger --max-stored-frames or --max-stored-gib.", frames=left.frames,
                              max_frames=left.max_frames, size=left.bytes / GIB, max_size=left.max_bytes / GIB))
