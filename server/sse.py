"""Server-sent events as bytes: the data of an event is written and compressed once, for all viewers.

A compressed stream is one zlib stream (RFC 1950), put together from pieces that refer to nothing before them. So the compressed data of an
event is the same in every viewer's stream; the few bytes around it, which differ, are not compressed. 200 viewers take one compression, and
a third of the bytes are sent.
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

from server.codings import takes
from server.encode import LEVEL

MEDIA_TYPE = "text/event-stream"

ADLER = 65521
"""The largest prime below 2^16: the modulus of both sums in RFC 1950's checksum."""

BEGIN = b"\x78\x01"
"""The header of a zlib stream."""

END = b"\x01\x00\x00\xff\xff"
"""The last piece, which is empty; the checksum follows."""


@dataclass(frozen=True, slots=True)
class Body:
    """The data of an event: JSON on one line; the same as a piece that fits into any deflate stream; and its Adler-32 checksum."""

    plain: bytes
    piece: bytes
    checksum: int

    @classmethod
    def of(cls, json: bytes, level: int = LEVEL) -> Body:
        """The body with this JSON, compressed at zlib's level."""
        deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        return cls(json, deflate.compress(json) + deflate.flush(zlib.Z_FULL_FLUSH), zlib.adler32(json))


class Named(NamedTuple):
    """An event as it is sent; without a body it is a comment that keeps the connection alive. `more` says that another one is there
    already: they are sent together, as each sending costs more than what is sent."""

    name: str = ""
    body: Body | None = None
    id: int | str | None = None
    more: bool = False


class Plain:
    """Writes a viewer's stream uncompressed."""

    begin = b""
    """The stream's first bytes."""

    def event(self, before: bytes, body: Body, after: bytes) -> bytes:
        """The bytes of an event: its data between the lines before and after."""
        return before + body.plain + after

    def text(self, text: bytes) -> bytes:
        return text

    def end(self) -> bytes:
        return b""


class Deflated:
    """Writes a viewer's stream as one zlib stream."""

    begin = BEGIN

    def __init__(self) -> None:
        self.checksum = 1

    def event(self, before: bytes, body: Body, after: bytes) -> bytes:
        start = self.text(before)
        self.checksum = joined(self.checksum, body.checksum, len(body.plain))
        return start + body.piece + self.text(after)

    def text(self, text: bytes) -> bytes:
        """Up to 65,535 bytes as an uncompressed piece (RFC 1951, 3.2.4)."""
        self.checksum = zlib.adler32(text, self.checksum)
        size = len(text)
        return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + text

    def end(self) -> bytes:
        return END + self.checksum.to_bytes(4, "big")


def joined(first: int, second: int, size: int) -> int:
    """The Adler-32 checksum of two texts, one after the other, from their checksums and the size of the second."""
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + size * ((first & 0xFFFF) - 1)
    return (high % ADLER) << 16 | low % ADLER


async def _stream(
    accept_encoding: Annotated[str, Header(description="with deflate, the stream comes compressed")] = "",
) -> Plain | Deflated:
    return Deflated() if takes("deflate", accept_encoding) else Plain()


class Streaming(StreamingResponse):
    """An answer of server-sent events. It closes their generator when it ends, so that a client that went away is no longer a viewer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


DESCRIBED: dict[int | str, dict[str, Any]] = {200: {
    "description": "a stream of server-sent events", "content": {MEDIA_TYPE: {"itemSchema": {
        "type": "object", "properties": {name: {"type": "string"} for name in ("event", "data", "id")}}}}}}
"""Such an answer in the OpenAPI document."""

StreamDep = Annotated[Plain | Deflated, Depends(_stream)]


def respond(events: AsyncGenerator[Named], stream: Plain | Deflated) -> Streaming:
    """The answer that streams these events."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
    if isinstance(stream, Deflated):
        headers["Content-Encoding"] = "deflate"
    return Streaming(_written(events, stream), media_type=MEDIA_TYPE, headers=headers)


async def _written(events: AsyncGenerator[Named], stream: Plain | Deflated) -> AsyncGenerator[bytes]:
    kept = stream.begin
    async with aclosing(events):
        async for event in events:
            kept += _event(event, stream)
            if not event.more:
                yield kept
                kept = b""
    yield kept + stream.end()


def _event(event: Named, stream: Plain | Deflated) -> bytes:
    if event.body is None:
        return stream.text(KEEPALIVE_COMMENT)
    after = b"\n\n" if event.id is None else f"\nid: {event.id}\n\n".encode()
    return stream.event(f"event: {event.name}\ndata: ".encode(), event.body, after)
