"""Many viewers of one run, in a process of their own: `python -m benchmarks.viewers URL RUN COUNT` prints what they saw as JSON.

Plain sockets: a viewer costs this process as little as can be, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from urllib.parse import urlsplit

LINE_BYTES = 64 * 1024 * 1024


async def view(host: str, port: int, run: str, seen: dict[bytes, list[float]]) -> float:
    """Reads the run's stream to its end, notes when each frame came, and says when the end did."""
    reader, writer = await asyncio.open_connection(host, port, limit=LINE_BYTES)
    writer.write(f"GET /api/runs/{run}/events HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode())
    event = b""
    while line := await reader.readline():
        if line.startswith(b"event: "):
            event = line[7:].strip()
        elif line.startswith(b"id: ") and event == b"frame":
            seen[line[4:].strip()].append(time.monotonic())
        if event == b"end":
            break
    writer.close()
    return time.monotonic()


async def main(url: str, run: str, count: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    begun, seen = time.monotonic(), defaultdict[bytes, list[float]](list)
    ends = await asyncio.gather(*(view(parts.hostname, parts.port, run, seen) for _ in range(count)))
    lags = [time - min(times) for times in seen.values() for time in times]
    print(json.dumps({"run_s": max(ends) - begun, "frames": len(lags), "lags_s": lags}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
