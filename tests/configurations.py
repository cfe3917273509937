"""Configurations drawn at random from the catalogue's own tables and bounds, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import reject
from hypothesis import strategies as st
from pydantic import ValidationError

from models.catalog import SECTIONS, TABLES
from models.choices import Parameter
from models.config import RunConfig

SMALL = {"network.depth": 5, "network.width": 16, "data.batch_size": 16, "data.samples": 100, "data.features": 16, "capture.bins": 64,
         "capture.samples": 4096}
"""Upper bounds under which a preview takes some milliseconds."""


def values_of(parameter: Parameter, path: str, bounds: Mapping[str, float]) -> st.SearchStrategy:
    """Everything that the parameter allows up to its bound here, its ends among it; its special words where it has no bound here."""
    special = [st.sampled_from(parameter.special)] if parameter.special and path not in bounds else []
    if parameter.type == "bool":
        return st.booleans()
    if parameter.type == "choice":
        return st.sampled_from(parameter.choices)
    if parameter.type == "text":
        return st.just(parameter.default)
    high = min(bounds.get(path, float("inf")), parameter.high if parameter.high is not None else float("inf"))
    numbers = st.integers if parameter.type == "int" else st.floats
    more = {} if parameter.type == "int" else {"exclude_min": parameter.above, "allow_nan": False, "allow_infinity": False}
    return st.one_of(numbers(parameter.low, None if high == float("inf") else high, **more), *special)


@st.composite
def configurations(draw, bounds: Mapping[str, float], without: Mapping[str, tuple[str, ...]]) -> RunConfig:
    """A valid configuration: any choice of every table (but `without`), any field set to anything that it allows; those in `bounds`
    always, to at most that."""
    given: dict = {}
    for path, parameter in (control for _, controls in SECTIONS for control in controls):
        if parameter is None:
            _put(given, path, draw(_entries(path, bounds, without.get(path, ()))))
        elif path in bounds or draw(st.booleans()):
            _put(given, path, draw(values_of(parameter, path, bounds)))
    if given.get("training", {}).get("epochs") is not None:
        given["training"]["steps"] = None
    return _validated(given)


def _entries(path: str, bounds: Mapping[str, float], without: tuple[str, ...]) -> st.SearchStrategy:
    """A choice of the table with some of its parameters."""
    table = TABLES[path]

    def of(name: str) -> st.SearchStrategy:
        fields = {one.name: values_of(one, f"{path}.{one.name}", bounds) for one in table[name].with_shared(table.shared)}
        always = {name: values for name, values in fields.items() if f"{path}.{name}" in bounds}
        others = {name: values for name, values in fields.items() if name not in always}
        return st.fixed_dictionaries({"name": st.just(name), **always}, optional=others)

    return st.sampled_from([name for name in table if name not in without]).flatmap(of)


def _put(given: dict, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        given = given.setdefault(parent, {})
    given[last] = value


def _validated(given: dict) -> RunConfig:
    """What does not fit together is drawn again; what is wrong by itself must not come up."""
    try:
        return RunConfig.model_validate(given)
    except ValidationError as error:
        if all(found["type"] in ("does_not_fit", "value_error") for found in error.errors()):
            reject()
        raise
