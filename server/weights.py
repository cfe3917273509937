"""Trained weights on disk: DATA_DIR/weights/SOURCE.safetensors, where SOURCE is a run's id, an upload's name or any name given by hand.

`path_of` refuses every name that `models.initializers.source_problem` refuses, so no name leads out of the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors
from starlette.concurrency import run_in_threadpool

from models.config import RunConfig
from models.initializers import source_problem
from models.words import Text, say
from server.errors import Problem, TooLarge, at_field
from server.files import ENDING, put_in_place, weights_file
from server.store import Store, is_over

PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""The first bytes of a file of torch.save: a zip with a pickle in it, or a bare pickle."""

OURS = re.compile(r"(upload-)?[0-9a-f]{16,32}(-[0-9a-f]+)?")
"""The names that this server gives to uploads and runs. Files with other names were put here by hand: they can be used, but are neither
counted against the limits nor removed."""

CUT_S = 3600
"""A half-written file that nobody has written to for so many seconds was left by a server that was killed."""


class BadWeights(Problem):
    status = 422


def path_of(folder: Path, source: str) -> Path:
    """The file of a source's weights, which need not exist. Raises BadWeights for a name that is not allowed."""
    if problem := source_problem(source):
        raise _refused(problem)
    return weights_file(folder, source)


def name_of(source: str) -> str:
    """The name of the weights: the source without its ending, with which it may be given."""
    return source.removesuffix(ENDING)


def start_of(config: Mapping[str, Any]) -> str | None:
    """The name of the weights that a configuration's network starts from, None where it starts from no weights."""
    init = config.get("init", {})
    return name_of(init["source"]) if init.get("name") == "pretrained" else None


def require(config: RunConfig, folder: Path, store: Store) -> None:
    """Raises BadWeights where the configuration asks for weights that are not here or whose file cannot be read."""
    if config.init.name != "pretrained":
        return
    source = config.init.params["source"]
    if not source:
        raise _refused(say("is empty: name a run that kept its weights (capture.weights), an uploaded file, or one in the weights folder"))
    try:
        check(path_of(folder, source))
    except FileNotFoundError as error:
        raise _refused(_why_missing(source, store)) from error


def check(path: Path) -> dict[str, list[int]]:
    """The shapes of a file's tensors. Raises BadWeights where it is no safetensors file."""
    with path.open("rb") as file:
        begin = file.read(4)
    if begin.startswith(PICKLES):
        raise _refused(say("is a pickle file (torch.save): loading one runs whatever code it holds, so pickles are refused. "
                           "Save the tensors with safetensors.torch.save_file(model.state_dict(), NAME) instead"))
    try:
        with safetensors.safe_open(path, framework="np") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except safetensors.SafetensorError as error:
        raise _refused(say("is no safetensors file: {problem}", problem=error)) from error


def forget(folder: Path, name: str) -> None:
    """Removes the weights of this name, if there are any."""
    path_of(folder, name).unlink(missing_ok=True)


async def receive(folder: Path, chunks: AsyncIterator[bytes], limit_bytes: int,
                  admit: Callable[[int], None]) -> tuple[str, dict[str, list[int]]]:
    """Keeps an uploaded file, and gives its source, a name made from its content, with the shapes of its tensors.

    admit: called with the file's size in bytes; raises where there is no room for it
    Raises TooLarge beyond `limit_bytes`, BadWeights where the file is no safetensors file, and what `admit` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit_bytes:
                    raise TooLarge(say("The file is larger than this server's limit of {limit} bytes (--max-upload-bytes).",
                                       limit=limit_bytes))
                digest.update(chunk)
                file.write(chunk)
        shapes = check(part)
        source = f"upload-{digest.hexdigest()[:16]}{ENDING}"
        if not (folder / source).exists():
            await run_in_threadpool(admit, size)
        put_in_place(part, folder / source)
    finally:
        part.unlink(missing_ok=True)
    return source, shapes


def kept(folder: Path) -> dict[str, os.stat_result]:
    """The files of weights that this server has made (OURS), by the names of the weights."""
    return {name_of(file): about for file, about in _files(folder).items() if OURS.fullmatch(name_of(file))}


def remove_unfinished(folder: Path) -> None:
    """Removes files that an earlier server had only half written when it was killed."""
    for part in folder.glob("*.part"):
        if time.time() - part.stat().st_mtime > CUT_S:
            part.unlink()


def listing(folder: Path) -> list[tuple[str, int]]:
    """The weights that can be started from, newest first: their sources, and their sizes in bytes."""
    files = sorted(_files(folder).items(), key=lambda file: file[1].st_mtime, reverse=True)
    return [(name, about.st_size) for name, about in files if source_problem(name) is None]


def _files(folder: Path) -> dict[str, os.stat_result]:
    """The folder's files of weights by name; none where there is no folder."""
    found = {}
    for file in folder.glob(f"*{ENDING}"):
        with suppress(FileNotFoundError):  # somebody has just removed it
            found[file.name] = file.stat()
    return found


def _why_missing(source: str, store: Store) -> Text:
    record = None if source.endswith(ENDING) else store.get(source)
    if source.endswith(ENDING):
        return say("{source!r} is not here: upload it (POST /api/weights), or put it into the folder weights of the data directory",
                   source=source)
    if record is None:
        return say("{source!r} is no run on this server; GET /api/weights lists what there is", source=source)
    if not is_over(record):
        return say("run {source} is {status}, and its weights are kept when it is finished", source=source, status=record.status)
    return say("run {source} ({status}) kept no weights: run it with capture.weights true", source=source, status=record.status)


def _refused(what: Text) -> BadWeights:
    return BadWeights(**at_field("init.source", what))
