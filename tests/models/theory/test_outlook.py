"""The short road to a remedy's numbers agrees with the whole theory; the warm-up leaves no table to be made."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models.activations import ACTIVATIONS
from models.theory import outlook, theory, warm_up
from models.theory.gaussian import nodes_of
from models.theory.pair_table import table
from tests.models.theory.second_road import config


@pytest.mark.parametrize("network", [{}, {"residual": True}, {"normalization": {"name": "layer"}}, {"normalization": {"name": "batch"}}],
                         ids=["plain", "residual", "layer", "batch"])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_the_outlook_is_theorys(activation: str, network: dict[str, Any]) -> None:
    settings = config(activation, "xavier_normal", 30, network=network)
    short, whole = outlook(settings), theory(settings)
    assert short is not None
    signal, ratios = whole.activation_mean_square, whole.gradient_mean_square_ratio[:29]
    first, last = signal[0], signal[29]
    assert first is not None and last is not None
    assert short.signal == pytest.approx(math.log10(last / first), rel=1e-9, abs=1e-12)
    assert short.gradient == pytest.approx(sum(math.log10(ratio) for ratio in ratios if ratio), rel=1e-9, abs=1e-12)
    assert 1.0 - short.gap == pytest.approx(whole.correlation[29], abs=1e-12)


def test_where_theory_does_not_apply_there_is_no_outlook() -> None:
    assert outlook(config(init="zeros")) is None


def test_where_the_signal_overflows_nothing_is_told_of_dropouts_noise() -> None:
    found = outlook(config("leaky_relu", "kaiming_normal", 200, init_params={"gain": 1000.0}, network={"dropout": 0.9}))
    assert found is not None and math.isnan(found.gap) and found.told == math.inf


def test_the_gradient_of_networks_too_deep_to_show_counts_every_row() -> None:
    settings = config("relu", "lecun_normal", 1000)
    found = outlook(settings)
    assert found is not None and found.gradient == pytest.approx(999 * math.log10(0.5))
    assert found.signal == pytest.approx(-300, abs=1)  # clipped where a remedy no longer asks


def test_after_the_warm_up_the_usual_questions_make_no_tables() -> None:
    warm_up(lambda: False)
    made = nodes_of.cache_info().misses, table.cache_info().misses
    for activation in ACTIVATIONS:
        theory(config(activation, "kaiming_normal", 200), 1.0, 0.5)
    assert (nodes_of.cache_info().misses, table.cache_info().misses) == made


def test_the_warm_up_stops_when_it_is_asked_to() -> None:
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) == 3

    warm_up(stopped)
    assert len(asked) == 3
