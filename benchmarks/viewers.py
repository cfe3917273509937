"""Many viewers of one run, in a process of their own: `python -m benchmarks.viewers URL RUN COUNT [RUNS]` prints what they saw as JSON.
So many other RUNS are submitted meanwhile, all at once.

Plain sockets: a viewer costs this process as little as can be, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import zlib
from collections import defaultdict
from urllib.parse import urlsplit

import httpx

READ_BYTES = 1024 * 1024

SHORT = {"network": {"depth": 3, "width": 32}, "training": {"steps": 5}}


async def view(host: str, port: int, run: str, seen: dict[bytes, list[float]]) -> float:
    """Reads the run's stream to its end, notes when each frame came, and says when the end did."""
    reader, writer = await asyncio.open_connection(host, port)
    # HTTP/1.0: the body comes as it is, not in chunks. Compressed, as browsers ask for it.
    writer.write(f"GET /api/runs/{run}/events HTTP/1.0\r\nHost: {host}\r\nAccept-Encoding: deflate\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    inflate, text, event = zlib.decompressobj(), b"", b""
    while event != b"end" and (data := await reader.read(READ_BYTES)):
        *lines, text = (text + inflate.decompress(data)).split(b"\n")
        for line in lines:
            if line.startswith(b"event: "):
                event = line[7:]
            elif line.startswith(b"id: ") and event == b"frame":
                seen[line[4:]].append(time.monotonic())
    writer.close()
    return time.monotonic()


async def submit(client: httpx.AsyncClient, seed: int) -> tuple[int, bool, float]:
    """The status of a new run's answer, whether it says when to come back, and the seconds that it took."""
    begun = time.monotonic()
    answer = await client.post("/api/runs", params={"fresh": True}, json={**SHORT, "seed": seed})
    return answer.status_code, "retry-after" in answer.headers, time.monotonic() - begun


async def main(url: str, run: str, count: int, runs: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    begun, seen = time.monotonic(), defaultdict[bytes, list[float]](list)
    viewers = asyncio.gather(*(view(parts.hostname, parts.port, run, seen) for _ in range(count)))
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None)) as client:
        submitted = await asyncio.gather(*(submit(client, seed) for seed in range(runs)))
    ends = await viewers
    lags = [time - min(times) for times in seen.values() for time in times]
    print(json.dumps({"run_s": max(ends) - begun, "frames": len(lags), "lags_s": lags, "submitted": submitted}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0))
