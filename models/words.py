"""What is said to people: English sentences that remember how they were made, so that the page can say them in its own language.

`say("{count} units are too few", count=3)` is the sentence, a str; beside it the API sends its template and its values, which the
page looks up in its language's table. A value may be a sentence itself. "{count|unit is|units are}" is the first for one and the second
for any other number; the template that is sent has the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from string import Formatter
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

Part = dict[str, Any]
"""One sentence: `template`, whose {names} stand for `values`: what is written there, or the parts of a text."""

PLAIN = 5
"""Powers of ten from which on a number is written with one."""

THIN = "\u202f"
"""What thousands stand apart by, as on the page."""

ROUNDED = {"0%": "<1%", "100%": ">99%"}
"""What a share is that is not quite none, or all."""

_EXPONENT = re.compile(r"e([+-]\d+)$")
_LARGE = re.compile(r"-?\d{5,}")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised(exponent: int) -> str:
    """As it stands above a number."""
    return str(exponent).translate(_SUPERSCRIPT)


class _Words(Formatter):
    """Numbers as people write them, and as the page does: 3.1·10⁻⁷ in the place of 3.1e-07, 17 000 in that of 1.7e+04, and where a
    format asks for separators; a share of some is never 0% or 100%."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        name, *forms = field_name.split("|")
        return (forms[kwargs[name] != 1], name) if forms else super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        written: str = super().format_field(value, format_spec)
        if isinstance(value, str):
            return written
        if "," in format_spec:
            return written.replace(",", THIN)
        exponent = _EXPONENT.search(written)
        if exponent and 0 <= int(exponent[1]) < PLAIN:
            written = f"{float(written):.0f}"
        if isinstance(value, float) and _LARGE.fullmatch(written):
            return f"{int(written):,}".replace(",", THIN)
        if written in ROUNDED and value % 1:
            return ROUNDED[written]
        return _EXPONENT.sub(lambda found: f"·10{raised(int(found[1]))}", written)


_FORMATTER = _Words()


class Text(str):
    """English, and the parts it was made of; with none it is only English."""

    parts: list[Part]

    def __new__(cls, english: str = "", parts: Sequence[Part] = ()) -> Text:
        text = super().__new__(cls, english)
        text.parts = list(parts)
        return text

    @classmethod
    def load(cls, data: str) -> Text:
        """What `dump` made; plain text as it is."""
        if not data.startswith("{"):
            return cls(data)
        held = json.loads(data)
        return cls(held["english"], held["parts"])

    def dump(self) -> str:
        """As one string, for where only a string fits."""
        return json.dumps({"english": str(self), "parts": self.parts}, ensure_ascii=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A string on the wire; a Text that is handed in stays the one it is."""
        plain = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            plain, core_schema.union_schema([core_schema.is_instance_schema(cls), plain]),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()))


NOTHING = Text()


def say(template: str, **values: object) -> Text:
    """The template filled in. It stands in the code as it is (a test reads it there), with formats as in an f-string."""
    written = {name: value.parts if isinstance(value, Text) and value.parts else filled
               for name, filled, value in _fields(template, values)}
    return Text(_FORMATTER.format(template, **values), [{"template": bare(template), "values": written}])


def together(*texts: Text) -> Text:
    """Sentences one after the other; empty ones are left out."""
    return Text(" ".join(text for text in texts if text), [part for text in texts for part in text.parts])


def listed(texts: Sequence[Text]) -> Text:
    """Texts with semicolons between them."""
    return reduce(lambda one, more: say("{one}; {more}", one=one, more=more), texts) if texts else NOTHING


def bare(template: str) -> str:
    """The template without formats, as the tables of the languages have it: "{share:.0%} of them" -> "{share} of them",
    "{count} {count|unit|units}" -> "{count} units"."""
    return "".join(literal + _blank(name) for literal, name, _, _ in _FORMATTER.parse(template))


def _blank(name: str | None) -> str:
    if name is None:
        return ""
    return name.split("|")[2] if "|" in name else f"{{{name}}}"


def _fields(template: str, values: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """Each name with what is written in its place, and the value itself."""
    for _, name, form, conversion in _FORMATTER.parse(template):
        if name is not None and "|" not in name:
            converted = _FORMATTER.convert_field(values[name], conversion)
            yield name, _FORMATTER.format_field(converted, form or ""), values[name]


class Worded(BaseModel):
    """A record with texts; `words` says of each (and of each in a list) how it was made."""

    words: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _remember(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "words" in data:
            return data
        return {**data, "words": {name: made for name, value in data.items() if (made := _parts(value))}}


def _parts(value: Any) -> Any:
    if isinstance(value, Text):
        return value.parts
    return [text.parts for text in value] if isinstance(value, list) and value and isinstance(value[0], Text) else None
