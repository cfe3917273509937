"""Answers that are kept are those that would be computed."""

from __future__ import annotations

from typing import Any

import pytest

from models.config import RunConfig
from models.theory import start_of, theory
from models.theory.answer import _theory
from models.theory.chain import UNKNOWN, Fields

BASE = {"network": {"depth": 6, "activation": {"name": "gelu"}, "dropout": 0.1}, "data": {"name": "digits", "batch_size": 64}}


def config(**changed: Any) -> RunConfig:
    return RunConfig.model_validate({**BASE, **changed})


@pytest.mark.parametrize("changed", [
    {"training": {"steps": 7, "optimizer": {"name": "adam", "lr": 0.5}, "clip_norm": 1.0}},
    {"capture": {"every": 3, "bins": 16, "samples": "all"}}, {"seed": 5}, {"device": "cpu"},
])
def test_what_theory_does_not_read_changes_nothing(changed: dict[str, Any]) -> None:
    """Asked of the whole configuration, without what start_of leaves out."""
    other = config(**changed)
    asked = (1.3, 0.2, None, Fields(participation=9.0))
    assert _theory.__wrapped__(other, *asked) == _theory.__wrapped__(config(), *asked)
    assert theory(other, *asked) == _theory.__wrapped__(other, *asked)


def test_everything_that_was_measured_asks_anew() -> None:
    answers = [theory(config(), *asked) for asked in (
        (1.0, 0.2, None, UNKNOWN), (1.1, 0.2, None, UNKNOWN), (1.0, 0.3, None, UNKNOWN), (1.0, 0.2, None, Fields(participation=9.0)))]
    assert all(one != other for i, one in enumerate(answers) for other in answers[:i])
    answers = [theory(config(network={**BASE["network"], "dropout": rate})) for rate in (0.1, 0.2)]
    assert answers[0] != answers[1]


def test_the_same_question_is_answered_once() -> None:
    first = theory(config(seed=1), 0.77)
    assert theory(config(seed=2), 0.77) is first
    assert start_of(config(seed=1)) == start_of(config(seed=2)) != start_of(config(network={"depth": 7}))
