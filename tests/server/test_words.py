"""Everything that the models and the server say has its Chinese in the page's table, and the table has nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticKnownError

from models.catalog import catalog
from models.config import RunConfig
from models.sweep import SweepConfig
from models.words import _FORMATTER, Text, bare, listed, say, together
from server.errors import FieldError, field_errors
from server.records import RunPatch

ROOT = Path(__file__).parents[2]

COUNTED = re.compile(r"\b1 (steps|layers|units|channels|values|examples|numbers of|pixels|biases|seeds|runs|ids|places|requests)\b")
NEVER_ONE = {", and take at least {steps}", "Give it {steps}", "Goes with {init} up to about {depth}", "Pretrained: {fitted} of {rows}",
             "Take {width} channels", "Take {width} units", "{count} seeds from {first}",
             " (mean of the last {many} steps)"}
"""Beginnings of sentences that are never said of one."""

SAME = {
    "ReLU", "Leaky ReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU (swish)", "Mish", "Softplus", "Softsign", "Tanh", "Hardtanh",
    "Sigmoid", "Hardsigmoid", "Hardswish", "ReLU6", "LSUV", "SGD", "Nesterov", "RMSprop", "Adam", "AdamW", "alpha", "min_val", "max_val",
    "a", "b", "α", "β", "β₁", "β₂", "ε",
}
"""Labels that are the same in both languages."""

SYMBOLS = {"tanh", "softplus", "max", "min", "ln", "lr", "std", "mean", "value", "fan_in", "fan_out", "fan", "gain", "bound",
           "negative_slope", "min_val", "max_val", "weight_decay"}
"""Words of formulas that are the same in both languages."""

REFERENCE = re.compile(r"[\w.]+(, [\w.]+)*(: [\w.]+\(.*\))?|.*\b(19|20)\d\d\b.*")
"""A name in a library, or a citation."""

OUTSIDE_BODIES = ("json_invalid", "string_pattern_mismatch", "int_parsing", "bool_parsing")
"""What pydantic finds wrong with a request besides its fields' values: with all of it, and with what stands in the address."""


def of_page(module: str, name: str, expression: str) -> Any:
    """What an expression is in the page's language, with what it takes from one of the page's modules."""
    script = f'import {{ {name} }} from "{(ROOT / "frontend" / module).as_uri()}"; console.log(JSON.stringify({expression}))'
    told = subprocess.run(["node", "--input-type=module", "--eval", script], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


@cache
def chinese() -> dict[str, str]:
    """The page's table, as the page reads it."""
    table: dict[str, str] = of_page("i18n/zh.said.js", "SAID", "SAID")
    return table


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `say` in the source."""
    for path in [*ROOT.glob("models/**/*.py"), *ROOT.glob("server/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield path, node


@cache
def templates() -> frozenset[str]:
    return frozenset(bare(node.args[0].value) for _, node in calls() if isinstance(node.args[0], ast.Constant))


@cache
def catalogued() -> frozenset[tuple[str, str]]:
    """The catalogue's fixed texts, each with its field's name."""
    found = catalog()
    tables = found["choices"].values()
    entries = [entry for table in tables for entry in table["entries"]]
    fields = [*(field for section in found["sections"] for field in section["controls"]),
              *(parameter for entry in entries for parameter in entry["parameters"])]
    texts = [("title", part["title"]) for part in [*found["sections"], *tables]]
    texts += [(name, entry[name]) for entry in entries for name in ("label", "formula", "source")]
    texts += [(name, field.get(name, "")) for field in fields for name in ("label", "help", "unit")]
    return frozenset((name, text) for name, text in texts if text)


def is_the_same(name: str, text: str) -> bool:
    """Whether a text of the catalogue needs no other words."""
    if name == "formula":
        return set(re.findall(r"[A-Za-z_]{2,}", text)) <= SYMBOLS
    return all(REFERENCE.fullmatch(part.strip()) for part in text.split(";")) if name == "source" else text in SAME


WRONG: tuple[Any, ...] = (None, "?", 1.5, -1e9, 1e300, 10**30, [], {}, {"name": "?"}, float("inf"), "long " * 100)


def paths(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield above
    if isinstance(value, dict):
        for name, inner in [*value.items(), ("unknown", 0)]:
            yield from paths(inner, (*above, name))


def put(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


@cache
def refusals() -> tuple[FieldError, ...]:
    """What is said of a value of every wrong kind in every field that can be sent."""
    forms: list[tuple[type[BaseModel], Any]] = [
        (RunConfig, RunConfig().model_dump(mode="json")), (SweepConfig, SweepConfig().model_dump(mode="json")), (RunPatch, {"title": None})]
    forms += [(RunConfig, {"init": {"name": "pretrained", "source": ""}}),
              (RunConfig, {"network": {"normalization": {"name": "batch", "affine": True, "eps": 1.0}}})]
    return tuple(error for model, form in forms for path in paths(form) for wrong in WRONG for error in refused(model, path, wrong, form))


def refused(model: type[BaseModel], path: tuple[str, ...], wrong: Any, form: Any) -> list[FieldError]:
    data, beside = put(path, wrong), form
    place = data
    for name in path[:-1]:  # a choice keeps its name, or its fields are those of the default
        place, beside = place[name], beside[name]
        if "name" in beside:
            place.setdefault("name", beside["name"])
    try:
        model.model_validate(data)
    except ValidationError as error:
        return field_errors(error.errors(), data)
    return []


def used(parts: Any) -> Iterator[str]:
    """The templates of parts, and of parts within them."""
    for part in parts:
        yield part["template"]
        for value in part["values"].values():
            if not isinstance(value, str):
                yield from used(value)


def of_pydantic() -> set[str]:
    said = {template for error in refusals() for template in used(error.words["msg"])}
    others = {PydanticKnownError(kind, {"error": "", "pattern": ""}).message_template for kind in OUTSIDE_BODIES}
    return (said | others) - templates()


def test_every_sentence_is_written_where_it_is_said() -> None:
    made_elsewhere = [f"{path.name}:{node.lineno}" for path, node in calls() if not isinstance(node.args[0], ast.Constant)]
    assert made_elsewhere == []


def test_every_text_has_its_chinese_and_the_table_has_no_other() -> None:
    fixed = {text for _, text in catalogued()}
    needed = templates() | of_pydantic() | {text for name, text in catalogued() if not is_the_same(name, text)}
    assert needed - chinese().keys() == set(), "without Chinese"
    assert chinese().keys() - templates() - of_pydantic() - fixed == set(), "said nowhere"


def blanks(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_chinese_fills_in_what_english_fills_in() -> None:
    for english in templates():
        assert blanks(chinese()[english]) == blanks(english), english
    for english in of_pydantic():
        assert blanks(chinese()[english]) <= blanks(english), english


def english(parts: Any) -> str:
    """The English that the parts give when they are put together again: what the page does in another language."""
    return " ".join(part["template"].format(**{
        name: value if isinstance(value, str) else english(value) for name, value in part["values"].items()}) for part in parts)


def test_a_text_can_be_put_together_again_from_its_parts() -> None:
    text = together(say("{share:%} of {what!r}", share=0.5, what="it"),
                    listed([say("one {more}", more=say("and {count:04X}", count=255)), say("two"), say("three")]))
    assert text == "50\u202f% of 'it' one and 00FF; two; three" == english(text.parts)
    assert [part["template"] for part in text.parts] == ["{share} of {what}", "{one}; {more}"]
    assert Text.load(text.dump()) == text and Text.load(text.dump()).parts == text.parts
    assert Text.load("written before texts had parts") == "written before texts had parts"


def test_what_is_wrong_with_a_field_can_be_put_together_again() -> None:
    said = {error.msg: english(error.words["msg"]) for error in refusals() if "character" not in error.msg}  # but for pydantic's plural
    assert len(said) > 50
    assert list(said.values()) == list(said)


def test_every_note_of_the_catalogue_can_be_put_together_again() -> None:
    notes = [entry for table in catalog()["choices"].values() for entry in table["entries"] if entry["note"]]
    assert notes and all(english(entry["words"]["note"]) == entry["note"] for entry in notes)


def test_one_is_said_as_one_and_the_template_as_many() -> None:
    for count, words in ((0, "0 units are"), (1, "1 unit is"), (2, "2 units are")):
        text = say("{count} {count|unit is|units are} too few", count=count)
        assert text == f"{words} too few"
        assert text.parts == [{"template": "{count} units are too few", "values": {"count": str(count)}}]


def test_no_sentence_counts_one_as_many() -> None:
    """Of every sentence, with 1 for all that is filled in."""
    said = {node.args[0].value for _, node in calls() if isinstance(node.args[0], ast.Constant)}
    of_one = {template: _FORMATTER.format(template, **{name.split("|")[0]: 1 for _, name, _, _ in _FORMATTER.parse(template) if name})
              for template in said}
    as_many = {bare(template) for template, text in of_one.items() if COUNTED.search(text)}
    assert {next((start for start in NEVER_ONE if text.startswith(start)), text) for text in as_many} == NEVER_ONE


def test_a_share_is_written_as_the_charts_write_it() -> None:
    """Halves too, such as 81.25: 52 of 64 are right."""
    shares = [*(right / of for of in (10, 64, 180, 200, 360) for right in range(of + 1)), 5e-324, 9e-5, 1e-4, 0.0995, 0.999, 0.9991]
    assert [_FORMATTER.format_field(share, "%") for share in shares] == of_page("js/format.js", "percent", f"{shares}.map(percent)")


NUMBERS = (0.0, 5e-324, 3.1e-7, 0.004, 0.5, 0.996, 1.0, 1e3, 17_000.0, 123_456.0, 4.5e29, 1.7e308)


def test_numbers_of_any_size_read_well() -> None:
    """No exponent as Python writes it, no five digits in a row, no share of some that is none or all."""
    formats = {form for _, node in calls() if isinstance(node.args[0], ast.Constant)
               for _, name, form, _ in _FORMATTER.parse(node.args[0].value) if form and form[-1] in "gf%" and name}
    written = [(form, value, _FORMATTER.format_field(value, form)) for form in formats for value in NUMBERS
               if form[-1] == "g" or value < 1e3]
    assert len(formats) > 6 and [each for each in written if re.search(r"e[+-]|(?<![.\d])\d{5}", each[2])] == []
    assert [each for each in written if each[2] in ("0\u202f%", "100\u202f%") and each[1] not in (0.0, 1.0)] == []


def test_numbers_are_written_as_the_page_writes_them():
    """Powers of ten in English and in what other languages fill in alike; what is text already stays."""
    text = say("{tiny:.2g} of {name}, {large:.3g}, {some:.2g}, {plain:.3g}",
               tiny=3.1e-7, name="1e-07", large=4.5e29, some=1432.0, plain=0.5)
    assert text == "3.1·10⁻⁷ of 1e-07, 4.5·10²⁹, 1400, 0.5"
    assert say("{times:.2g} times, {steps:,} steps", times=17_044.0, steps=12_345) == "17\u202f000 times, 12\u202f345 steps"
    assert text.parts[0]["values"] == {"tiny": "3.1·10⁻⁷", "name": "1e-07", "large": "4.5·10²⁹", "some": "1400", "plain": "0.5"}
