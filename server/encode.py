"""Frames on the wire and in the store: JSON, compressed. NaN and infinities never get here: a frame has None for them."""

from __future__ import annotations

import zlib
from typing import Any, Literal, NamedTuple

import orjson

from server.compact import compact

LEVEL = 1
"""zlib level: a 50-layer frame shrinks to a third in 2 ms; level 6 takes four times as long for a tenth less."""


def dumps(value: Any) -> bytes:
    """JSON of plain values and numpy-free containers."""
    return orjson.dumps(value)


LAST = b"\x03\x00"
"""The last piece of a stored frame, which is empty."""


def pack(frame: Any) -> bytes:
    """A frame as the store keeps it: a zlib stream (RFC 1950) of one piece that fits into any other deflate stream, and an empty one."""
    deflate = zlib.compressobj(LEVEL)
    return deflate.compress(dumps(frame)) + deflate.flush(zlib.Z_FULL_FLUSH) + deflate.flush()


def piece(data: bytes) -> tuple[bytes, int] | None:
    """The piece of a stored frame and its Adler-32 checksum; None of one that was stored by a version that knew of no pieces."""
    if data[-10:-4] != b"\x00\x00\xff\xff" + LAST:
        return None
    return data[2:-6], int.from_bytes(data[-4:], "big")


def unpack(data: bytes) -> bytes:
    """The JSON of a stored frame."""
    return zlib.decompress(data)


Form = Literal["full", "compact"]


class View(NamedTuple):
    """What a client wants of a frame: some quantities (None: all of them), in which form (server/compact.py)."""

    quantities: frozenset[str] | None = None
    form: Form = "full"

    @property
    def level(self) -> int:
        """zlib's: a compact frame has few bytes left, which level 6 takes in 1.5 ms; the fifth that level 1 leaves would be seen."""
        return LEVEL if self.form == "full" else 6


def viewed(frame_json: bytes, view: View) -> bytes:
    """The JSON of a frame as it is viewed."""
    if view == View():
        return frame_json
    frame = orjson.loads(frame_json)
    if view.quantities is not None:
        frame["quantities"] = {name: found for name, found in frame["quantities"].items() if name in view.quantities}
    return orjson.dumps(formed(frame, view.form))


def formed(frame: Any, form: Form) -> Any:
    """A frame in this form, to be written as JSON."""
    return compact(frame) if form == "compact" else frame
