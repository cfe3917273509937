"""A run out of the dashboard: the whole of it as JSON, its per-layer numbers as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson

from models.frame import COUNTERS, MOMENTS, NORMALIZED, QUANTITIES
from server import encode
from server.records import RunRecord
from server.store import Store

PAGE = 50
"""Frames read from the store at once."""

COLUMNS = ("run", "step", "layer", "quantity", "statistic", "value")
STATISTICS = (*MOMENTS, *COUNTERS, "ratio", "dead", "saturated")
TRAINING = ("loss", "accuracy", "validation_loss", "validation_accuracy", "evaluation_loss", "evaluation_accuracy")


def stored_frames(store: Store, run_id: str) -> Iterator[bytes]:
    """The JSON of each stored frame of a run, in order."""
    after = -1
    while page := store.frames(run_id, after, PAGE):
        yield from (encode.unpack(data) for _, data in page)
        after = page[-1][0]


def as_json(store: Store, record: RunRecord) -> Iterator[bytes]:
    """{"run": the record, "frames": [...]}, piece by piece."""
    yield b'{"run":' + orjson.dumps(record.model_dump(mode="json")) + b',"frames":['
    for number, frame in enumerate(stored_frames(store, record.id)):
        yield (b"," if number else b"") + frame
    yield b"]}"


def as_csv(store: Store, record: RunRecord) -> Iterator[str]:
    """The tidy table run, step, layer, quantity, statistic, value.

    Beside a frame's quantities, the column `quantity` has "normalization" (models.frame.Normalized) and, with an empty layer, "training"
    (every step's loss, and what else a frame says of the whole network) and "input" (the batch's moments). An empty value stands for a
    number that is not finite or not known.
    """
    yield _lines([COLUMNS])
    for data in stored_frames(store, record.id):
        yield _lines(_rows(record.id, orjson.loads(data)))


def _rows(run: str, frame: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    step = frame["step"]
    yield from ((run, at, None, "training", "loss", loss) for at, loss in _losses_before(frame))
    yield from ((run, step, None, "training", name, frame.get(name)) for name in TRAINING)
    yield from ((run, step, None, "input", name, value) for name, value in frame["input"].items())
    for quantity, statistic, values in _columns(frame):
        for layer, value in zip(frame["layers"], values, strict=True):
            yield run, step, layer, quantity, statistic, value


def _losses_before(frame: dict[str, Any]) -> Iterator[tuple[int, float | None]]:
    """(step, loss) of the steps since the frame before, without the frame's own step, whose loss is among TRAINING."""
    losses = frame["losses"]
    yield from zip(range(frame["step"] - len(losses) + 1, frame["step"]), losses[:-1], strict=True)


def _columns(frame: dict[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """(quantity, statistic, its values row by row) for all that a frame has layer by layer. Frames of earlier versions may lack some."""
    for quantity in (name for name in QUANTITIES if name in frame["quantities"]):
        found = frame["quantities"][quantity]
        yield from ((quantity, statistic, found[statistic]) for statistic in STATISTICS if statistic in found)
    yield "preactivation", "correlation", frame["correlation"]
    held = frame.get("normalization") or {}
    yield from (("normalization", name, held[name]) for name in NORMALIZED if name in held)


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
