"""Server-sent events as bytes: what an event bears is written and compressed once, for everybody who watches.

A compressed stream is one zlib stream (RFC 1950), put together from pieces that refer to nothing before them: a body's piece is the
same in every viewer's stream, and the few bytes around it go uncompressed. So 200 viewers cost one compression, and the line carries a
third of the bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Header
from fastapi.sse import KEEPALIVE_COMMENT
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from server.encode import LEVEL

MEDIA_TYPE = "text/event-stream"

ADLER = 65521
"""The largest prime below 2^16, modulo which RFC 1950 takes its checksum's two sums."""

BEGIN = b"\x78\x01"
END = b"\x01\x00\x00\xff\xff"
"""A last piece that is empty; the checksum follows."""


@dataclass(frozen=True, slots=True)
class Body:
    """What an event bears, JSON on one line: as it is, as a piece of any deflate stream, and its Adler-32 checksum."""

    plain: bytes
    piece: bytes
    checksum: int

    @classmethod
    def of(cls, json: bytes, level: int = LEVEL) -> Body:
        deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        return cls(json, deflate.compress(json) + deflate.flush(zlib.Z_FULL_FLUSH), zlib.adler32(json))


class Named(NamedTuple):
    """An event of a stream; without a body it only says that the line is alive."""

    name: str = ""
    body: Body | None = None
    id: int | str | None = None


class Plain:
    """A viewer's stream as it stands."""

    begin = b""

    def event(self, before: bytes, body: Body, after: bytes) -> bytes:
        return before + body.plain + after

    def text(self, text: bytes) -> bytes:
        return text

    def end(self) -> bytes:
        return b""


class Deflated:
    """A viewer's stream, compressed."""

    begin = BEGIN

    def __init__(self) -> None:
        self.checksum = 1

    def event(self, before: bytes, body: Body, after: bytes) -> bytes:
        start = self.text(before)
        self.checksum = joined(self.checksum, body.checksum, len(body.plain))
        return start + body.piece + self.text(after)

    def text(self, text: bytes) -> bytes:
        """Up to 65,535 bytes as a stored piece (RFC 1951, 3.2.4)."""
        self.checksum = zlib.adler32(text, self.checksum)
        size = len(text)
        return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + text

    def end(self) -> bytes:
        return END + self.checksum.to_bytes(4, "big")


def joined(first: int, second: int, size: int) -> int:
    """The Adler-32 checksum of two texts in a row, from theirs and the second one's size."""
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + size * ((first & 0xFFFF) - 1)
    return (high % ADLER) << 16 | low % ADLER


def takes_deflate(accept_encoding: str) -> bool:
    """Whether a client's Accept-Encoding has deflate, and not with the weight 0."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "deflate":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


async def _stream(
    accept_encoding: Annotated[str, Header(description="with deflate, the stream comes compressed")] = "",
) -> Plain | Deflated:
    return Deflated() if takes_deflate(accept_encoding) else Plain()


class Streaming(StreamingResponse):
    """An answer of server-sent events, which end with it: a viewer that has gone away is none any more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


DESCRIBED: dict[int | str, dict[str, Any]] = {200: {
    "description": "a stream of server-sent events", "content": {MEDIA_TYPE: {"itemSchema": {
        "type": "object", "properties": {name: {"type": "string"} for name in ("event", "data", "id")}}}}}}
"""What OpenAPI says of such an answer."""

StreamDep = Annotated[Plain | Deflated, Depends(_stream)]


def respond(events: AsyncGenerator[Named], stream: Plain | Deflated) -> Streaming:
    """The answer that streams these events."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
    if isinstance(stream, Deflated):
        headers["Content-Encoding"] = "deflate"
    return Streaming(_written(events, stream), media_type=MEDIA_TYPE, headers=headers)


async def _written(events: AsyncGenerator[Named], stream: Plain | Deflated) -> AsyncGenerator[bytes]:
    yield stream.begin
    async with aclosing(events):
        async for name, body, place in events:
            if body is None:
                yield stream.text(KEEPALIVE_COMMENT)
            else:
                yield stream.event(f"event: {name}\ndata: ".encode(), body, b"\n\n" if place is None else f"\nid: {place}\n\n".encode())
    yield stream.end()
