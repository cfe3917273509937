"""The lessons: for each lesson and language one JSON file in frontend/lessons, which is checked when the server lists them.

A teacher adds a lesson by adding a file ID.LANGUAGE.json in the form of `Lesson`; the page finds it in the catalogue and fetches it. A file
that has another form is left out, and the log says what is wrong with it.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from models.choices import Strict
from models.config import RunConfig
from server.frontend import FRONTEND

log = logging.getLogger("sigprop")

FOLDER = FRONTEND / "lessons"

NonEmpty = Annotated[str, Field(min_length=1)]


class Place(Strict):
    """Where the number that a question asks for stands; the tests compare it with the run's own.

    field:    of the frame, or of its `quantity`, which may also be "normalization"
    frame:    index of the frame in its run; -1 is the last one
    layer:    1-based number of the row, for a quantity
    run:      index among the runs that the step compares
    """

    field: NonEmpty
    frame: int
    quantity: str | None = None
    layer: int | None = None
    run: int = 0


class Choice(Strict):
    """A question with answers to choose from; `answer` is the index of the right one."""

    ask: NonEmpty
    choices: list[NonEmpty] = Field(min_length=2, max_length=6)
    answer: int = Field(ge=0)
    why: NonEmpty

    @model_validator(mode="after")
    def _there_is_such_an_answer(self) -> Self:
        if self.answer >= len(self.choices):
            raise ValueError(f"answer: {self.answer} is none of the {len(self.choices)} choices, counted from 0")
        return self


class Number(Strict):
    """A question for a number that is read off the page: right from `low` to `high`."""

    ask: NonEmpty
    low: float
    high: float
    why: NonEmpty
    source: Place = Field(alias="from")


class Contestant(Strict):
    """One of the runs that a step shows together."""

    label: NonEmpty
    config: RunConfig


class Cell(Strict):
    """One network of a table; pressing the cell puts it on the page."""

    text: NonEmpty
    config: RunConfig


class Row(Strict):
    """A row of a table."""

    label: NonEmpty
    cells: list[Cell]


class Grid(Strict):
    """A table of networks."""

    title: NonEmpty
    columns: list[NonEmpty] = Field(min_length=1, max_length=6)
    rows: list[Row] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _rows_are_full(self) -> Self:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"rows: {row.label} has {len(row.cells)} cells under {len(self.columns)} columns")
        return self


class Step(Strict):
    """One step: what to read, what is shown, and a question."""

    title: NonEmpty
    text: list[NonEmpty] = Field(min_length=1)
    look: NonEmpty
    question: Choice | Number
    config: RunConfig | None = None
    compare: list[Contestant] | None = Field(None, min_length=2, max_length=6)
    table: Grid | None = None
    view: dict[str, str | int | bool] = Field(default_factory=dict)
    train: bool = False

    @model_validator(mode="after")
    def _something_is_shown(self) -> Self:
        if self.config is None and self.compare is None:
            raise ValueError("config: a step needs a configuration, or several to compare")
        return self


class Lesson(Strict):
    """A lesson in one language; `controls` are the only ones that the page leaves to move, all where it is empty."""

    order: int
    title: NonEmpty
    summary: NonEmpty
    steps: list[Step] = Field(min_length=1)
    controls: list[NonEmpty] = Field(default_factory=list)


class Entry(BaseModel):
    """A lesson in the catalogue's list."""

    id: str
    language: Literal["en", "zh"]
    order: int
    title: str
    summary: str
    steps: int
    url: str


class BadLesson(Exception):
    """A lesson's file is not one: which, and why."""


def read(path: Path) -> Lesson:
    """The lesson of a file. Raises BadLesson with the file's name where it cannot be one."""
    try:
        return Lesson.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadLesson(f"{path}: {_faults(error)}") from error


def entries() -> list[dict[str, Any]]:
    """Every lesson that there is now, in order."""
    found = [entry for path in FOLDER.glob("*.json") if (entry := _entry(path, path.stat().st_mtime_ns)) is not None]
    return [entry.model_dump() for entry in sorted(found, key=lambda entry: (entry.order, entry.id, entry.language))]


@cache
def _entry(path: Path, changed_ns: int) -> Entry | None:
    """The lesson's entry in the list; None, with a line in the log, where the file is no lesson. Kept until the file's time of change,
    which is asked for only so that it is part of the key, is another one."""
    try:
        return _listed(path)
    except BadLesson as error:
        log.error("left out: %s", error)
        return None


def _listed(path: Path) -> Entry:
    name, _, language = path.stem.rpartition(".")
    lesson = read(path)
    try:
        return Entry.model_validate({"id": name, "language": language, "order": lesson.order, "title": lesson.title,
                                     "summary": lesson.summary, "steps": len(lesson.steps), "url": f"/static/lessons/{path.name}"})
    except ValidationError as error:
        raise BadLesson(f"{path}: a lesson's file is named ID.en.json or ID.zh.json") from error


def _faults(error: ValidationError) -> str:
    """Each fault with its place, in one line."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
