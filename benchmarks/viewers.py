"""Many viewers of one run, in a process of their own: `python -m benchmarks.viewers URL RUN COUNT [RUNS]` prints what they saw as JSON.
So many other RUNS are submitted meanwhile, all at once.

Plain sockets: a viewer costs this process as little as can be, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
import zlib
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

READ_BYTES = 1024 * 1024

SHORT = {"network": {"depth": 3, "width": 32}, "training": {"steps": 5}}


class Seen(NamedTuple):
    """What one viewer saw: the seconds until its stream began, when that was, when each frame came, and when the end did."""

    wait_s: float
    began: float
    frames: dict[bytes, float]
    end: float


async def view(host: str, port: int, run: str) -> Seen:
    """Reads the run's stream to its end."""
    asked, frames = time.monotonic(), dict[bytes, float]()
    reader, writer = await asyncio.open_connection(host, port)
    # HTTP/1.0: the body comes as it is, not in chunks. Compressed, and of the form that the page asks for.
    writer.write(f"GET /api/runs/{run}/events?form=compact HTTP/1.0\r\nHost: {host}\r\nAccept-Encoding: deflate\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    began = time.monotonic()
    inflate, text, event = zlib.decompressobj(), b"", b""
    while event != b"end" and (data := await reader.read(READ_BYTES)):
        *lines, text = (text + inflate.decompress(data)).split(b"\n")
        for line in lines:
            if line.startswith(b"event: "):
                event = line[7:]
            elif line.startswith(b"id: ") and event == b"frame":
                frames[line[4:]] = time.monotonic()
    writer.close()
    return Seen(began - asked, began, frames, time.monotonic())


async def submit(client: httpx.AsyncClient, seed: int) -> tuple[int, bool, float]:
    """The status of a new run's answer, whether it says when to come back, and the seconds that it took."""
    begun = time.monotonic()
    answer = await client.post("/api/runs", params={"fresh": True}, json={**SHORT, "seed": seed})
    return answer.status_code, "retry-after" in answer.headers, time.monotonic() - begun


async def main(url: str, run: str, count: int, runs: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    begun = time.monotonic()
    viewers = asyncio.gather(*(view(parts.hostname, parts.port, run) for _ in range(count)))
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None)) as client:
        submitted = await asyncio.gather(*(submit(client, seed) for seed in range(runs)))
    seen = await viewers
    # Behind the viewer who had it first; what was there before a stream began comes with its beginning.
    known = {frame for viewer in seen for frame in viewer.frames}
    first = {frame: min(viewer.frames.get(frame, math.inf) for viewer in seen) for frame in known}
    lags = [at - max(first[frame], viewer.began) for viewer in seen for frame, at in viewer.frames.items()]
    print(json.dumps({"run_s": max(viewer.end for viewer in seen) - begun, "frames": len(lags), "lags_s": lags,
                      "waits_s": [viewer.wait_s for viewer in seen], "submitted": submitted}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0))
