"""A run out of the dashboard: the whole of it as JSON, its per-layer numbers as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson

from models.frame import QUANTITIES
from models.moments import COUNTERS, MOMENTS
from server import encode
from server.records import RunRecord
from server.store import Store

PAGE = 50
"""Frames read from the store at once."""

COLUMNS = ("run", "step", "layer", "quantity", "statistic", "value")
STATISTICS = (*MOMENTS, *COUNTERS, "ratio", "dead", "saturated")


def packed_frames(store: Store, run_id: str) -> Iterator[bytes]:
    """The JSON of every stored frame, in order."""
    after = -1
    while page := store.frames(run_id, after, PAGE):
        yield from (encode.unpack(data) for _, data in page)
        after = page[-1][0]


def as_json(store: Store, record: RunRecord) -> Iterator[bytes]:
    """{"run": the record, "frames": [...]}, piece by piece."""
    yield b'{"run":' + orjson.dumps(record.model_dump(mode="json")) + b',"frames":['
    for number, frame in enumerate(packed_frames(store, record.id)):
        yield (b"," if number else b"") + frame
    yield b"]}"


def as_csv(store: Store, record: RunRecord) -> Iterator[str]:
    """The tidy table run, step, layer, quantity, statistic, value; the frame's own numbers have no layer, and an empty
    value is a number that is not finite."""
    yield _lines([COLUMNS])
    for data in packed_frames(store, record.id):
        yield _lines(_rows(record.id, orjson.loads(data)))


def _rows(run: str, frame: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    step = frame["step"]
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        yield run, step, None, "training", name, frame[name]
    for quantity in (name for name in QUANTITIES if name in frame["quantities"]):
        found = frame["quantities"][quantity]
        for statistic in (name for name in STATISTICS if name in found):
            for layer, value in zip(frame["layers"], found[statistic], strict=True):
                yield run, step, layer, quantity, statistic, value


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
