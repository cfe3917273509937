"""Many viewers of one run, in a process of their own: `python -m benchmarks.viewers URL CONFIG COUNT [RUNS]` submits the configuration, has
COUNT viewers watch its run to the end, and prints what they saw as JSON. So many other RUNS are submitted meanwhile, all at once.

A viewer is another machine's work, so that here it costs as little as can be: what it is sent is kept, and decoded when the run is over.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
import zlib
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httpx

SHORT = {"network": {"depth": 3, "width": 32}, "training": {"steps": 5}}


class Seen(NamedTuple):
    """What one viewer saw: the seconds until its stream began, when that was, and when each frame came."""

    wait_s: float
    began: float
    frames: dict[bytes, float]


class Viewer(asyncio.Protocol):
    """A connection that asks for a run's stream, and keeps what comes and when."""

    def __init__(self, host: str, run: str) -> None:
        # HTTP/1.0: the body comes as it is, not in chunks. Compressed, and of the form that the page asks for.
        self.request = f"GET /api/runs/{run}/events?form=compact HTTP/1.0\r\nHost: {host}\r\nAccept-Encoding: deflate\r\n\r\n".encode()
        self.asked = time.monotonic()
        self.pieces: list[tuple[float, bytes]] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(self.request)

    def data_received(self, data: bytes) -> None:
        self.pieces.append((time.monotonic(), data))

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set_result(None)

    def seen(self) -> Seen:
        """What was in the pieces."""
        inflate, text, event = zlib.decompressobj(), b"", b""
        frames: dict[bytes, float] = {}
        (began, first), *later = self.pieces  # the head comes before there is a body
        for at, data in [(began, first.partition(b"\r\n\r\n")[2]), *later]:
            *lines, text = (text + inflate.decompress(data)).split(b"\n")
            for line in lines:
                if line.startswith(b"event: "):
                    event = line[7:]
                elif line.startswith(b"id: ") and event == b"frame":
                    frames[line[4:]] = at
        assert event == b"end", first
        return Seen(began - self.asked, began, frames)


async def view(host: str, port: int, run: str) -> Viewer:
    """A viewer, when its stream has ended."""
    _, viewer = await asyncio.get_running_loop().create_connection(lambda: Viewer(host, run), host, port)
    await viewer.ended
    return viewer


async def submit(client: httpx.AsyncClient, seed: int) -> tuple[int, bool, float]:
    """The status of a new run's answer, whether it says when to come back, and the seconds that it took."""
    begun = time.monotonic()
    answer = await client.post("/api/runs", params={"fresh": True}, json={**SHORT, "seed": seed})
    return answer.status_code, "retry-after" in answer.headers, time.monotonic() - begun


async def main(url: str, config: str, count: int, runs: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None)) as client:
        answer = await client.post("/api/runs", params={"fresh": True}, json=json.loads(config))
        run = answer.raise_for_status().json()["id"]
        watching = asyncio.gather(*(view(parts.hostname, parts.port, run) for _ in range(count)))
        submitted = await asyncio.gather(*(submit(client, seed) for seed in range(runs)))
        seen = [viewer.seen() for viewer in await watching]
        record = (await client.get(f"/api/runs/{run}")).json()
    # Behind the viewer who had it first; what was there before a stream began comes with its beginning.
    known = {frame for viewer in seen for frame in viewer.frames}
    first = {frame: min(viewer.frames.get(frame, math.inf) for viewer in seen) for frame in known}
    lags = [at - max(first[frame], viewer.began) for viewer in seen for frame, at in viewer.frames.items()]
    print(json.dumps({"record": record, "frames": len(lags), "lags_s": lags, "waits_s": [viewer.wait_s for viewer in seen],
                      "submitted": submitted}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0))
