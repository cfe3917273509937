"""Fetches one file from an address or a folder: streamed, resumed after a lost connection, checked, and put in its place whole.

FetchError      the file could not be had; the message is a sentence
  WrongContent  it was had, and is not what it should be
Stopped         it is no longer wanted; the bytes so far are kept
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from server.files import put_in_place

CHUNK_BYTES = 256 * 1024
TIMEOUT_S = httpx.Timeout(20.0, connect=5.0)
FRUITLESS = 2
"""Attempts in a row without a single new byte, after which an address is given up. As long as bytes arrive, connections may be lost any
number of times."""
PAUSE_S = 0.5
"""Seconds between two attempts."""

OnBytes = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes of the whole file (None: the address does not say)."""


class FetchError(Exception):
    pass


class WrongContent(FetchError):
    pass


class Stopped(Exception):
    pass


def is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def new_client() -> httpx.Client:
    """A client for large files: it waits long for the next bytes, but not for a connection."""
    return httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, headers={"Accept-Encoding": "identity", "User-Agent": "sigprop"})


def fetch(client: httpx.Client, source: str, target: Path, sha256: str, seen: OnBytes, stopped: Callable[[], bool]) -> None:
    """Fetches `source`, an address or a path, to `target`. Until the file is whole and checked its name ends in ".part".

    sha256:  of the right content, as hexadecimal digits
    seen:    called whenever bytes have arrived
    stopped: asked before bytes are written
    Raises FetchError, WrongContent (then the file is thrown away) or Stopped.
    """
    part = target.with_name(f"{target.name}.part")
    if is_address(source):
        _download(client, source, part, seen, stopped)
    else:
        _copy(Path(source), part, seen, stopped)
    found = digest(part)
    if found != sha256:
        part.unlink()
        raise WrongContent(f"{source} has the SHA-256 {found}, and {sha256} is what it should have")
    put_in_place(part, target)


def digest(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, part: Path, seen: OnBytes, stopped: Callable[[], bool]) -> None:
    try:
        with source.open("rb") as file:
            _write(part, "wb", iter(lambda: file.read(CHUNK_BYTES), b""), 0, source.stat().st_size, seen, stopped)
    except OSError as error:
        raise FetchError(f"{source}: {error.strerror or error}") from error


def _download(client: httpx.Client, url: str, part: Path, seen: OnBytes, stopped: Callable[[], bool]) -> None:
    """Makes attempts that each go on where the last one was cut, until the file is whole or FRUITLESS of them brought nothing."""
    fruitless = 0
    while True:
        before = _size(part)
        try:
            return _go_on(client, url, part, seen, stopped)
        except httpx.InvalidURL as error:
            raise FetchError(f"{url}: {error}") from error
        except httpx.HTTPError as error:
            fruitless = fruitless + 1 if _size(part) <= before else 0
            if fruitless == FRUITLESS:
                raise FetchError(f"{url}: {type(error).__name__}: {error}") from error
            time.sleep(PAUSE_S)


def _go_on(client: httpx.Client, url: str, part: Path, seen: OnBytes, stopped: Callable[[], bool]) -> None:
    have = _size(part)
    with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as answer:
        if answer.status_code == 416:  # there is no more of it, or it has become shorter: the check will tell
            return
        if answer.status_code not in (200, 206):
            raise FetchError(f"{url} answered {answer.status_code} {answer.reason_phrase}")
        if answer.status_code == 200 or _begins_at(answer) != have:
            have = 0
            if answer.status_code == 206:
                part.unlink()
                raise httpx.RemoteProtocolError("another range than the one asked for")
        length = answer.headers.get("content-length", "")
        total = have + int(length) if length.isdigit() else None
        # In pieces as they arrive: gathered into larger ones, those before a cut would be lost.
        _write(part, "ab" if have else "wb", answer.iter_raw(), have, total, seen, stopped)


def _begins_at(answer: httpx.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", answer.headers.get("content-range", ""))
    return int(found[1]) if found else None


def _write(part: Path, mode: str, chunks: Iterator[bytes], have: int, total: int | None,
           seen: OnBytes, stopped: Callable[[], bool]) -> None:
    with part.open(mode) as file:
        for chunk in chunks:
            if stopped():
                raise Stopped
            file.write(chunk)
            have += len(chunk)
            seen(have, total)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
