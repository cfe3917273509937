"""Frames in the store and on their way to clients: as JSON, compressed. A frame holds no NaN or infinity, but None (models/frame.py)."""

from __future__ import annotations

import zlib
from typing import Any, Literal, NamedTuple

import orjson

from server.compact import compact

LEVEL = 1
"""zlib level: a 50-layer frame shrinks to a third in 2 ms; level 6 takes four times as long for a tenth less."""


LAST = b"\x03\x00"
"""An empty deflate block that is marked as the last one: the end of a stored frame."""


def dumps(value: Any) -> bytes:
    """JSON of plain Python values."""
    return orjson.dumps(value)


def pack(frame: Any) -> bytes:
    """A frame as the store keeps it: a zlib stream (RFC 1950) of two pieces. The first holds the JSON and is complete by itself, so that it
    can be put into any other deflate stream (server/sse.py) without being compressed anew; the second is LAST."""
    deflate = zlib.compressobj(LEVEL)
    return deflate.compress(dumps(frame)) + deflate.flush(zlib.Z_FULL_FLUSH) + deflate.flush()


def piece(data: bytes) -> tuple[bytes, int] | None:
    """The first piece of a stored frame and its Adler-32 checksum. None where an earlier version stored the frame, whose streams cannot be
    taken apart."""
    if data[-10:-4] != b"\x00\x00\xff\xff" + LAST:
        return None
    return data[2:-6], int.from_bytes(data[-4:], "big")


def unpack(data: bytes) -> bytes:
    """The JSON of a stored frame."""
    return zlib.decompress(data)


Form = Literal["full", "compact"]


class View(NamedTuple):
    """What a client wants of a frame: which quantities (None: all), and in which form (compact: server/compact.py)."""

    quantities: frozenset[str] | None = None
    form: Form = "full"

    @property
    def level(self) -> int:
        """zlib's level for such a frame. A compact one is small enough for level 6, which takes 1.5 ms; level 1 leaves a fifth more."""
        return LEVEL if self.form == "full" else 6


def viewed(frame_json: bytes, view: View) -> bytes:
    """The JSON of what a client wants of a frame."""
    if view == View():
        return frame_json
    frame = orjson.loads(frame_json)
    if view.quantities is not None:
        frame["quantities"] = {name: found for name, found in frame["quantities"].items() if name in view.quantities}
    return orjson.dumps(formed(frame, view.form))


def formed(frame: Any, form: Form) -> Any:
    """The frame (plain values) in this form."""
    return compact(frame) if form == "compact" else frame
