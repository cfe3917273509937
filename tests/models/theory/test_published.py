"""Theory against published numbers."""

from __future__ import annotations

import math

import pytest
import torch

from models.theory import theory
from tests.models.theory.second_road import config


def test_he_keeps_relu_at_two() -> None:
    found = theory(config("relu", "kaiming_normal", 50))
    assert found.preactivation_variance[:50] == pytest.approx([2.0] * 50, rel=1e-9)
    assert found.gradient_factor[:50] == pytest.approx([1.0] * 50, rel=1e-9)
    assert found.gradient_factor[50] is None and found.phase == "critical"


@pytest.mark.parametrize(("activation", "init", "goes"), [("relu", "kaiming_normal", True), ("linear", "lecun_normal", False),
                                                          ("linear", "orthogonal", False)])
def test_that_inputs_become_alike_on_the_critical_line_is_said_where_they_do(activation: str, init: str, goes: bool) -> None:
    """Of one pair through wide layers of plain torch: its correlation at first and behind forty layers."""
    torch.manual_seed(0)
    pair = torch.randn(2, 1024)
    weights = [torch.nn.init.orthogonal_(torch.empty(1024, 1024)) if init == "orthogonal"
               else torch.randn(1024, 1024) * math.sqrt((2 if goes else 1) / 1024) for _ in range(40)]
    behind = pair
    for weight in weights:
        behind = (behind.relu() if goes else behind) @ weight.T
    before, after = (float(torch.nn.functional.cosine_similarity(*both, dim=0)) for both in (pair, behind))
    assert (after > 0.9) == goes and (abs(after - before) < 0.5) != goes
    found = theory(config(activation, init, 40))
    assert found.phase == "critical" and any("correlation still goes to 1" in note for note in found.notes) == goes
    assert any("every q is a fixed point" in note for note in found.notes)


def test_xavier_halves_relu() -> None:
    found = theory(config("relu", "xavier_normal", 12)).preactivation_variance
    assert found[:12] == pytest.approx([2.0**-row for row in range(12)], rel=1e-9)


def test_xavier_lets_tanh_decay_as_published() -> None:
    q = theory(config("tanh", "xavier_normal", 100)).preactivation_variance
    assert [q[row] for row in (10, 20, 50, 100 - 1)] == pytest.approx([0.0522, 0.0259, 0.0102, 0.0051], abs=1e-4)


def test_selu_stays_with_lecun() -> None:
    found = theory(config("selu", "lecun_normal", 30))
    assert found.preactivation_variance[:30] == pytest.approx([1.0] * 30, rel=1e-6)
    assert found.fixed_point.q == pytest.approx(1.0)


def test_batch_normalization_makes_relu_gradients_explode_as_published() -> None:
    settings = config("relu", "kaiming_normal", 6, network={"normalization": {"name": "batch"}}, batch=1024)
    factor = theory(settings).gradient_factor[3]
    assert factor == pytest.approx(math.pi / (math.pi - 1), rel=1e-2)
