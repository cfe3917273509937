"""Fetches the data sets that come as files when they are first wanted, checks them, and keeps them.

They lie in DATA_DIR/datasets/NAME. However many runs wait for a data set, it is fetched once. Files that are there already are checked too:
without a mirror against the published hashes, with one against MIRROR/NAME/SHA256SUMS. So the settings decide what is computed with, not
what an earlier server left there.
"""

from __future__ import annotations

import fcntl
import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import httpx

from models.datasets import SOURCES
from models.images import HomeFile, ImageSet, Stamp, stamp
from models.words import say
from server import fetch
from server.errors import FieldError, Unavailable
from server.fetch import FetchError, Stopped, WrongContent
from server.files import put_in_place
from server.records import Fetching

log = logging.getLogger("sigprop")

SUMS = "SHA256SUMS"
SUMS_LINE = re.compile(r"^([0-9a-fA-F]{64}) [ *](.+)$", re.MULTILINE)
TRIES = 2
"""How often one address is asked for a file whose content is wrong."""

Watcher = Callable[[Fetching], None]


class Job:
    """One data set on its way. `future` ends when its files are there and right, or with the error; `now` is how far it is."""

    def __init__(self) -> None:
        self.future: Future[None] = Future()
        self.now: Fetching | None = None
        self.watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Calls the watcher with every progress from now on, and at once with the latest one."""
        self.watchers.append(watcher)
        if self.now is not None:
            watcher(self.now)

    def tell(self, now: Fetching) -> None:
        self.now = now
        for watcher in list(self.watchers):
            watcher(now)


class Downloads:
    """Fetches for the whole server, in a thread for each data set that is on its way.

    jobs:  the newest job of each data set
    right: the stamps of the files that this server has checked
    """

    def __init__(self, folder: Path, mirror: str | None) -> None:
        self.folder = folder
        self.mirror = mirror.rstrip("/") if mirror else None
        self.jobs: dict[str, Job] = {}
        self.right: dict[str, Stamp] = {}
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    def want(self, name: str, watcher: Watcher | None = None) -> Job:
        """The job that brings the data set, which is begun if need be. It is done already where the files are there and right."""
        with self.lock:
            job = self.jobs.get(name)
            if job is None or job.future.done():
                job = self.jobs[name] = Job()
                if _needs_none(name) or self._is_right(name):
                    job.future.set_result(None)
                else:
                    threading.Thread(target=self._work, args=(name, job), name=f"fetch {name}", daemon=True).start()
        if watcher is not None:
            job.watch(watcher)
        return job

    def ready(self, name: str, patience_s: float) -> Job:
        """The job that brings the data set, after waiting for it up to `patience_s`: `future.done()` says whether it is here.

        Raises Unavailable where it cannot be had.
        """
        job = self.want(name)
        try:
            job.future.result(patience_s)
        except TimeoutError:
            pass  # it is on its way
        except Stopped as error:
            raise Unavailable(say("The server is shutting down."), retry_after_s=5) from error
        return job

    def close(self) -> None:
        """Stops all fetching. The bytes that are here are kept, and the next server goes on from there."""
        self.stopping.set()

    def _work(self, name: str, job: Job) -> None:
        image_set = SOURCES[name].images
        assert image_set is not None
        try:
            self._bring(image_set, job)
        except OSError as error:
            job.future.set_exception(self._unobtainable(image_set, error.filename or "a file", [str(error)]))
        except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
            job.future.set_exception(error)
        else:
            job.future.set_result(None)

    def _bring(self, image_set: ImageSet, job: Job) -> None:
        folder = self.folder / image_set.name
        folder.mkdir(parents=True, exist_ok=True)
        with fetch.new_client() as client, _alone(folder):
            sums = self._sums(client, image_set)
            faults = {file: _faults(folder / file.name, sums[file.name]) for file in image_set.files}
            missing = [file for file, found in faults.items() if found is not None]
            progress = Progress(image_set.name, missing, job.tell)
            for file in missing:
                self._fetch(client, image_set, file, sums[file.name], progress, faults[file] or [])
        self.right[image_set.name] = stamp(image_set, folder)

    def _fetch(self, client: httpx.Client, image_set: ImageSet, file: HomeFile, sha256: str, progress: Progress,
               faults: list[str]) -> None:
        """Asks one address after the other. A file whose content is wrong is refused and asked for once more. faults: what is already known
        to be wrong, for the error."""
        sources = image_set.homes if self.mirror is None else (f"{self.mirror}/{image_set.name}",)
        problems = list(faults)
        for source in sources:
            for _ in range(TRIES):
                try:
                    return fetch.fetch(client, f"{source}/{file.name}", self.folder / image_set.name / file.name, sha256,
                                       progress.of(file), self.stopping.is_set)
                except WrongContent as error:
                    log.warning("refused: %s", error)
                    problems.append(str(error))
                except FetchError as error:
                    problems.append(str(error))
                    break
        raise self._unobtainable(image_set, file.name, problems)

    def _sums(self, client: httpx.Client, image_set: ImageSet) -> dict[str, str]:
        """The SHA-256 that each file must have: the published one, or what the mirror says (or last said, where it does not answer)."""
        if self.mirror is None:
            return {file.name: file.sha256 for file in image_set.files}
        kept = self.folder / image_set.name / SUMS
        try:
            text = _read_text(client, f"{self.mirror}/{image_set.name}/{SUMS}")
        except FetchError as error:
            if not kept.exists():
                raise self._unobtainable(image_set, SUMS, [str(error)]) from error
            log.warning("%s; its sums as they were are used", error)
            text = kept.read_text()
        sums = {name: digits.lower() for digits, name in SUMS_LINE.findall(text)}
        for file in image_set.files:
            if file.name not in sums:
                raise self._unobtainable(image_set, file.name, [f"{self.mirror}/{image_set.name}/{SUMS} has no line for it"])
        part = kept.with_name(f"{SUMS}.part")
        part.write_text(text)
        put_in_place(part, kept)
        return sums

    def _is_right(self, name: str) -> bool:
        image_set = SOURCES[name].images
        try:
            return image_set is None or self.right.get(name) == stamp(image_set, self.folder / name)
        except FileNotFoundError:
            return False

    def _unobtainable(self, image_set: ImageSet, file: str, problems: list[str]) -> Unavailable:
        """The error, with everything that helps: which file, why, where to put it by hand, and which data sets work without it."""
        place = (self.folder / image_set.name).absolute()
        others = [name for name in SOURCES if _needs_none(name)]
        names = [*(file.name for file in image_set.files), *([SUMS] if self.mirror else [])]
        missing = [name for name in names if not (place / name).exists()] or [file]
        detail = say("{file} of {name} could not be fetched ({problems}). Put {missing} into {place} by hand, or start the server with "
                     "--dataset-mirror; {others} need no network.", file=file, name=image_set.name, place=place,
                     problems="; ".join(dict.fromkeys(problems)), missing=", ".join(missing), others=", ".join(others))
        short = say("{name} is not on this server yet and could not be fetched", name=image_set.name)
        return Unavailable(detail, errors=[FieldError(loc="data.name", msg=short)], retry_after_s=30,
                           file=file, missing=missing, place=str(place), without_network=others)


class Progress:
    """Adds up the bytes of all files that are to be fetched. Their sizes are the published ones until an address says its own."""

    def __init__(self, name: str, files: list[HomeFile], tell: Watcher) -> None:
        self.name = name
        self.totals = {file.name: file.bytes for file in files}
        self.done = dict.fromkeys(self.totals, 0)
        self.tell = tell
        self.said: tuple[str, int] | None = None
        for file in files[:1]:
            self._say(file.name)

    def of(self, file: HomeFile) -> fetch.OnBytes:
        """What to call with the bytes of this file."""
        def seen(done: int, total: int | None) -> None:
            self.done[file.name] = done
            self.totals[file.name] = max(done, file.bytes if total is None else total)
            self._say(file.name)
        return seen

    def _say(self, file: str) -> None:
        """Tells each percent only once: a listener writes it to the database."""
        now = Fetching(name=self.name, file=file, done_bytes=sum(self.done.values()), total_bytes=sum(self.totals.values()))
        if self.said != (file, now.percent):
            self.said = file, now.percent
            self.tell(now)


def _needs_none(name: str) -> bool:
    return SOURCES[name].images is None


def _faults(path: Path, sha256: str) -> list[str] | None:
    """None where the file is right. Else it has to be fetched, and the list says why: it is empty where there is no file; one with wrong
    content is removed."""
    if not path.exists():
        return []
    found = fetch.digest(path)
    if found == sha256:
        return None
    fault = f"{path} had the SHA-256 {found}, and {sha256} is what it should have"
    log.warning("refused: %s; it is fetched again", fault)
    path.unlink()
    return [fault]


def _read_text(client: httpx.Client, source: str) -> str:
    try:
        if fetch.is_address(source):
            return client.get(source).raise_for_status().text
        return Path(source).read_text()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise FetchError(f"{source}: {type(error).__name__}: {error}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two servers that share a data directory fetch one after the other; the second finds everything there."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
