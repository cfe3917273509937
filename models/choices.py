"""Parameters, and choices in tables: what the catalogue is made of.

A `Parameter` is one number, switch or word that a person can set. The pydantic field that validates it, the JSON Schema that documents it
and the control that the page draws all come from it, so that a name, a bound or a default stands in one place.
A `Choice` is one entry of a table (an activation, an initializer, ...) with everything known about it; a `Table` finds it by name.
A `Selection` is a choice that somebody made: its name with values for its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import or_
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, PydanticKnownError

from models.words import NOTHING, Text, say

Kind = Literal["mlp", "cnn"]
Params = Mapping[str, Any]

LONGEST_TEXT = 128
MOST_ERRORS = 50
"""Errors that are told of one model or request: for a body of nothing but unknown fields they would take seconds, and 16 times its size."""

KINDS: tuple[Kind, ...] = ("mlp", "cnn")


def _number(kind: Literal["int", "float"], value: Any) -> Any:
    """What JSON has as a number: pydantic would take true for 1, and "3" for 3, which the published schema refuses."""
    if isinstance(value, bool | str):
        raise PydanticKnownError("int_type" if kind == "int" else "float_type")
    return value


def _unsigned(value: float) -> float:
    """0 for -0, which is no other configuration, and to numpy no standard deviation."""
    return value or abs(value)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that can be set.

    name:     as in torch (`negative_slope`, `std`, ...)
    type:     "float", "int", "bool", "choice" or "text"
    low/high: what is allowed, both ends included unless `above` (then `low` itself is refused)
    slider:   the part of the range that the page's slider covers (numbers beyond it can be typed)
    log:      the slider moves on a logarithmic scale
    choices:  the values allowed, of type "choice"
    special:  values allowed beside those of the type: "auto", "all" or None
    unit:     in words, as the page shows it
    kinds:    the kinds of network it applies to
    """

    name: str
    type: Literal["float", "int", "bool", "choice", "text"]
    default: Any
    label: str
    help: str = ""
    low: float | None = None
    high: float | None = None
    above: bool = False
    slider: tuple[float, float] | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()
    special: tuple[str | None, ...] = ()
    unit: str = ""
    kinds: tuple[Kind, ...] = KINDS

    def annotation(self) -> Any:
        """The type that pydantic validates: bounds inside, special values beside it."""
        base: Any
        if self.type == "choice":
            base = Literal[self.choices]
        elif self.type == "bool":
            base = Annotated[bool, Field(strict=True)]
        elif self.type == "text":
            base = Annotated[str, Field(max_length=LONGEST_TEXT)]
        else:
            bounds: dict[str, Any] = {"gt" if self.above else "ge": self.low, "le": self.high}
            kind = int if self.type == "int" else float
            base = Annotated[kind, Field(**bounds), AfterValidator(_unsigned), BeforeValidator(partial(_number, self.type))]
        words = tuple(word for word in self.special if word is not None)
        if words:
            base = base | Literal[words]
        return base | None if None in self.special else base

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """`Annotated[int, PARAMETER]` validates as the parameter says, whatever the static type in front of it."""
        return handler.generate_schema(self.annotation())

    def field(self) -> Any:
        """The pydantic field: default, title and description; `control` is what the page draws."""
        return Field(default=self.default, title=self.label, description=self.help or self.label,
                     json_schema_extra={"control": self.control()})

    def control(self) -> dict[str, Any]:
        """The parameter as JSON, for the page."""
        return {
            "name": self.name, "type": self.type, "default": self.default, "label": self.label, "help": self.help,
            "low": self.low, "high": self.high, "above": self.above, "slider": self.slider, "log": self.log,
            "choices": list(self.choices), "special": list(self.special), "unit": self.unit, "kinds": list(self.kinds),
        }


class Strict(BaseModel):
    """What people write down, as a configuration or a lesson: frozen, nothing unknown, nothing infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _names_its_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """The error of an unknown field says which there are, as pydantic's own does not."""
        try:
            return handler(data)
        except ValidationError as error:
            problem = say("there is no such field; choose one of {fields}", fields=", ".join(cls.model_fields))
            raise ValidationError.from_exception_data(
                error.title, [_named(each, problem) for each in error.errors(include_url=False)[:MOST_ERRORS]]) from None


def _named(error: ErrorDetails, problem: Text) -> InitErrorDetails:
    """The error once more, with this sentence if it is of an unknown field of the model itself."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden" and len(error["loc"]) == 1:
        context = {"problem": problem}
    return {"type": PydanticCustomError(kind, "{problem}", context) if "problem" in context else kind,
            "loc": error["loc"], "input": error["input"], "ctx": context}


class Selection(Strict):
    """A choice that was made: its name and its parameters. Each entry of a table has a subclass of its own (`Choice.selection`)."""

    name: str

    @cached_property
    def params(self) -> Params:
        """The values of its parameters, by name."""
        return MappingProxyType({key: value for key, value in self if key != "name"})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What every entry of every table has.

    formula:    plain text with Unicode, as the page shows it
    source:     the paper or the documentation it comes from
    note:       a sentence that the page shows below the formula
    parameters: its own, beside those that the table's entries share
    kinds:      the kinds of network it can be used in
    check:      values of its parameters -> a sentence on what does not fit together, None where all does
    plain:      the page shows none of the table's shared parameters, which change nothing here
    """

    name: str
    label: str
    formula: str
    source: str
    note: Text = NOTHING
    parameters: tuple[Parameter, ...] = ()
    kinds: tuple[Kind, ...] = KINDS
    check: Callable[[Params], Text | None] | None = None
    plain: bool = False

    def with_shared(self, shared: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        """Its own parameters and the table's shared ones; one of its own stands in for a shared one of the same name."""
        own = {parameter.name for parameter in self.parameters}
        return (*self.parameters, *(parameter for parameter in shared if parameter.name not in own))

    def card(self, shared: tuple[Parameter, ...]) -> dict[str, Any]:
        """The entry as JSON, for the page; its parameters are its own and the table's shared ones."""
        return {
            "name": self.name, "label": self.label, "formula": self.formula, "source": self.source, "note": self.note,
            "kinds": list(self.kinds), "parameters": [parameter.control() for parameter in self.with_shared(shared)],
            "words": {"note": self.note.parts},
        }

    def selection(self, table: str, shared: tuple[Parameter, ...] = ()) -> type[Selection]:
        """The pydantic model of this choice: `name` fixed, its parameters and the table's `shared` ones as fields."""
        fields: dict[str, Any] = {"name": (Literal[self.name], Field(default=self.name, title=self.label))}
        for parameter in self.with_shared(shared):
            fields[parameter.name] = (parameter.annotation(), parameter.field())
        made: type[Selection] = create_model(
            f"{table}_{self.name}", __base__=Selection, __validators__=self._validators(), __doc__=f"{self.label}: {self.formula}",
            **fields,
        )
        return made

    def _validators(self) -> dict[str, Any]:
        if self.check is None:
            return {}
        check = self.check

        def fits(made: Selection) -> Selection:
            if problem := check(made.params):
                raise PydanticCustomError("does_not_fit", "{problem}", {"problem": problem})
            return made

        return {"fits": model_validator(mode="after")(fits)}


C = TypeVar("C", bound=Choice)


class Table(Mapping[str, C], Generic[C]):
    """The entries of one kind of choice, by name, in the order they are shown."""

    def __init__(self, title: str, default: str, entries: tuple[C, ...], shared: tuple[Parameter, ...] = ()) -> None:
        self.title = title
        self.default = default
        self.shared = shared
        self._entries = {entry.name: entry for entry in entries}
        if default not in self._entries or len(self._entries) != len(entries):
            raise ValueError(f"{title}: the default must be an entry and every name unique")

    def __getitem__(self, name: str) -> C:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """`Annotated[Selection, TABLE]` takes any entry, told apart by `name`; the default entry where no name is given."""
        models: list[Any] = [entry.selection(self.title, self.shared) for entry in self.values()]
        union = reduce(or_, models)

        def named(value: Any) -> Any:
            return {"name": self.default, **value} if isinstance(value, Mapping) else value

        chosen = Annotated[union, Discriminator("name")] if len(models) > 1 else union
        return handler.generate_schema(Annotated[chosen, BeforeValidator(named, json_schema_input_type=chosen)])

    def field(self) -> Any:
        """The pydantic field that holds a choice of this table: its default entry where nothing is given."""
        return Field(default={"name": self.default}, validate_default=True, title=self.title,
                     description=f"One of {', '.join(self)}.")

    def cards(self) -> list[dict[str, Any]]:
        """Every entry as JSON; the table's shared parameters follow the entry's own."""
        return [entry.card(() if entry.plain else self.shared) for entry in self.values()]
