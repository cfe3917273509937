"""Sentences for people: English text that remembers the template and the values it was made from, so that the page can translate it.

`say("{count} units are too few", count=3)` is a str. Beside it the API sends the template and the values; the page looks the template up
in its language's table and fills the values in. A value may be such a sentence itself. In a template "{count|unit is|units are}" stands for
its first form where count is 1 and for its second otherwise; the template that is sent has the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context
from functools import reduce
from string import Formatter
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

Part = dict[str, Any]
"""One sentence: its `template`, and its `values` by the names in the template's braces, each a str as written or, of a Text, a list of
Parts."""

PLAIN = 5
"""Numbers from 10^PLAIN on are written with a power of ten."""

THIN = "\u202f"
"""The thousands separator, a narrow no-break space, as on the page."""

_EXPONENT = re.compile(r"e([+-]\d+)$")
_LARGE = re.compile(r"-?\d{5,}")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised(exponent: int) -> str:
    """The exponent in superscript digits."""
    return str(exponent).translate(_SUPERSCRIPT)


def percent(share: float) -> str:
    """A share of one to the digits that the page has (format.js), so that a number is the same in the verdict and in the charts."""
    value = 100.0 * share
    if 99.9 < value < 100.0:
        return f"> 99.9{THIN}%"
    if 0.0 < value < 0.01:
        return f"< 0.01{THIN}%"
    rounded = Context(prec=2 if value < 10.0 else 3, rounding=ROUND_HALF_UP).create_decimal(value)
    return f"{float(rounded):g}{THIN}%"


class _Words(Formatter):
    """Formats numbers as people write them, and as the page does: 3.1·10⁻⁷ instead of 3.1e-07, 17 000 instead of 1.7e+04; a comma in a
    format is THIN; "%" is a share of one, as `percent` writes it."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        name, *forms = field_name.split("|")
        return (forms[kwargs[name] != 1], name) if forms else super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "%":
            return percent(value)
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
        return _EXPONENT.sub(lambda found: f"·10{raised(int(found[1]))}", written)


_FORMATTER = _Words()


class Text(str):
    """An English text and the `parts` it was made of; without parts it cannot be translated."""

    parts: list[Part]

    def __new__(cls, english: str = "", parts: Sequence[Part] = ()) -> Text:
        text = super().__new__(cls, english)
        text.parts = list(parts)
        return text

    @classmethod
    def load(cls, data: str) -> Text:
        """The text that `dump` wrote; a string that it did not write is a text without parts."""
        if not data.startswith("{"):
            return cls(data)
        held = json.loads(data)
        return cls(held["english"], held["parts"])

    def dump(self) -> str:
        """The text with its parts as one string, for a column of the database."""
        return json.dumps({"english": str(self), "parts": self.parts}, ensure_ascii=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """For pydantic: a string in JSON; a Text given as a Python value is kept, with its parts."""
        plain = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            plain, core_schema.union_schema([core_schema.is_instance_schema(cls), plain]),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()))


NOTHING = Text()


def say(template: str, **values: object) -> Text:
    """The template filled in with the values; formats as in an f-string. The template must be a literal: a test finds all of them in the
    source and looks for their translations."""
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
    """The template without formats, as the tables of the languages have it: "{share:%} of them" -> "{share} of them",
    "{count} {count|unit|units}" -> "{count} units"."""
    return "".join(literal + _blank(name) for literal, name, _, _ in _FORMATTER.parse(template))


def _blank(name: str | None) -> str:
    if name is None:
        return ""
    return name.split("|")[2] if "|" in name else f"{{{name}}}"


def _fields(template: str, values: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """(name, its value as it is written, its value) for each name in the template."""
    for _, name, form, conversion in _FORMATTER.parse(template):
        if name is not None and "|" not in name:
            converted = _FORMATTER.convert_field(values[name], conversion)
            yield name, _FORMATTER.format_field(converted, form or ""), values[name]


class Worded(BaseModel):
    """A record with texts. `words` has the parts of each Text among its fields, and of each Text in its lists, by the field's name."""

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
