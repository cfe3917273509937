"""What the store may hold: where it is more, the oldest runs that nobody has pinned go first."""

from __future__ import annotations

import logging
from pathlib import Path

from models.words import say
from server import weights
from server.errors import Unavailable
from server.records import Storage
from server.settings import GIB, Settings
from server.store import Store

log = logging.getLogger("sigprop")


def storage(store: Store, settings: Settings) -> Storage:
    """What is stored, and the limits."""
    frames, size = store.stored()
    return Storage(frames=frames, bytes=size, max_frames=settings.max_stored_frames, max_bytes=int(settings.max_stored_gib * GIB))


def make_room(store: Store, settings: Settings) -> list[str]:
    """Removes runs until the store is within its limits, or only pinned and unfinished ones are left; the ids of the removed."""
    removed = []
    while storage(store, settings).full > 1 and (run_id := store.oldest_unpinned()):
        forget(store, settings.places.weights, run_id)
        log.warning("run %s was removed: the store holds more than its limits, and it was the oldest that is not pinned", run_id,
                    extra={"run_id": run_id})
        removed.append(run_id)
    return removed


def forget(store: Store, weights_folder: Path, run_id: str) -> None:
    """Removes a run with its frames and the weights that it kept."""
    store.delete(run_id)
    weights.forget(weights_folder, run_id)


def require_room(store: Store, settings: Settings) -> None:
    """Raises Unavailable where the store is full and nothing in it may be removed."""
    if (found := storage(store, settings)).full > 1 and store.oldest_unpinned() is None:
        raise Unavailable(say("The store is full ({frames} of {max_frames} frames, {size:.3g} of {max_size:.3g} GiB), and every run in it "
                              "is pinned or not over: unpin or delete some.", frames=found.frames, max_frames=found.max_frames,
                              size=found.bytes / GIB, max_size=found.max_bytes / GIB))
