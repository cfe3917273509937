"""The shapes of the API's answers."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, computed_field, model_validator

from models.choices import Strict
from models.config import RunConfig
from models.cost import LayerInfo
from models.diagnosis import Finding
from models.frame import Frame
from models.theory import Theory
from models.words import Text, Worded, say
from server.compact import CompactFrame

Status = Literal["queued", "running", "finished", "diverged", "cancelled", "failed"]
TERMINAL: frozenset[str] = frozenset({"finished", "diverged", "cancelled", "failed"})


Kind = Literal["run", "sweep"]
"""What was computed: a network in training, or a map of networks, whose rows are stored and streamed as a run's frames are."""


MAX_TITLE = 120
"""Characters of a run's title."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that a title may not have: controls, formats (direction overrides among them), surrogates, and
separators of lines and paragraphs."""

JOINERS = frozenset({"\u200c", "\u200d"})
"""Format characters that a title may have, as spelling needs them: in Persian, and in emoji."""


class Fetching(BaseModel):
    """A data set on its way: the file that is being fetched, and the bytes of all its files together."""

    name: str
    file: str
    done_bytes: int
    total_bytes: int

    @property
    def percent(self) -> int:
        return int(100 * self.done_bytes / max(1, self.total_bytes))


class RunRecord(Worded):
    """A run as the store knows it. Times are seconds since 1970 (UTC)."""

    id: str
    kind: Kind
    url: str = Field(description="path of the page that shows the run; of a map, where the API has it")
    status: Status
    config: dict[str, Any]
    version: str = Field(description="version of the package that computed it")
    device: str | None = Field(description="where it was computed; null before it starts")
    created_at: float
    started_at: float | None
    finished_at: float | None
    steps_done: int
    steps_total: int
    frames: int = Field(description="frames stored so far")
    error: Text | None = Field(description="what happened, in a sentence, if it failed")
    layers: list[LayerInfo]
    findings: list[Finding]
    queue_position: int | None = Field(description="runs before this one, if it waits")
    title: str | None = Field(None, description="what a person called it")
    bytes: int = Field(0, description="what its frames take in the store")
    pinned: bool = Field(False, description="whether it stays when the store is full")
    fetching: Fetching | None = Field(None, description="how far its data set is, if it waits for one")


def _plain(title: str) -> str:
    """The title; raises ValueError for a character of UNSEEN."""
    for place, character in enumerate(title, 1):
        if character not in JOINERS and unicodedata.category(character) in UNSEEN:
            raise ValueError(say("character {place} (U+{code:04X}) is a control or formatting character; leave it out",
                                 place=place, code=ord(character)))
    return title


class RunPatch(Strict):
    """What can be changed of a run: its title (text only; null or blank takes it away), and whether it is pinned."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "50 tanh layers", "pinned": True}]})

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TITLE), AfterValidator(_plain)] | None = None
    pinned: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> RunPatch:
        if not self.model_fields_set:
            raise ValueError(say("nothing to change; give title, pinned or both"))
        return self


class Storage(BaseModel):
    """What is stored, and the limits beyond which the oldest goes that is neither pinned nor needed by another run."""

    frames: int
    bytes: int = Field(description="of all frames, and of the weights that were uploaded or kept")
    weights_bytes: int = Field(description="how much of it is weights")
    max_frames: int
    max_bytes: int

    @computed_field(description="share of the limit that is nearer; above 1, runs are removed")  # type: ignore[prop-decorator]
    @property
    def full(self) -> float:
        return max(self.frames / self.max_frames, self.bytes / self.max_bytes)

    def plus(self, frames: int = 0, bytes: int = 0) -> Storage:
        """The same with so many more frames and bytes, or fewer."""
        return self.model_copy(update={"frames": self.frames + frames, "bytes": self.bytes + bytes})


class RunList(BaseModel):
    """A page of runs, newest first; `next_cursor` asks for the page after it."""

    runs: list[RunRecord]
    next_cursor: str | None
    storage: Storage | None = Field(None, description="how full the store is, where runs are listed")


class FrameList(BaseModel):
    """Frames of a run in order."""

    frames: list[Frame | CompactFrame]


class Preview(BaseModel):
    """A network at initialization: its configuration with all defaults, its layers, one frame, theory and findings."""

    config: RunConfig
    layers: list[LayerInfo]
    frame: Frame | CompactFrame
    theory: Theory
    findings: list[Finding]


class Health(BaseModel):
    """That the server lives, whether it is ready, and what it is busy with: null where its store cannot say. While it loads, `device` may
    not be known yet."""

    status: Literal["ok"]
    ready: bool
    version: str
    device: str | None
    engine: str
    queued: int | None
    running: int | None


class Catalog(BaseModel):
    """Every choice, control, default and limit, and the JSON Schema of RunConfig."""

    version: str
    sections: list[dict[str, Any]]
    choices: dict[str, Any]
    json_schema: dict[str, Any] = Field(alias="schema", serialization_alias="schema")
    defaults: dict[str, Any]
    limits: dict[str, float]
    lessons: list[dict[str, Any]]
