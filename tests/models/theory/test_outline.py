"""Outlines against figures whose outline is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.theory.nonlinearity import Array
from models.theory.outline import Mask, outline

X, Y = np.linspace(-2.0, 2.0, 23), np.linspace(-1.5, 1.5, 17)


def test_a_disc_is_a_ring_on_its_circle() -> None:
    def inside(x: Array, y: Array) -> Mask:
        return np.asarray(x**2 + y**2 < 1)

    (ring,) = outline(inside, X, Y)
    assert np.hypot(*ring.T) == pytest.approx(1.0, abs=1e-5)
    assert (ring[0] == ring[-1]).all()
    turns = np.diff(np.unwrap(np.arctan2(ring[:, 1], ring[:, 0])))
    assert (turns > 0).all() or (turns < 0).all()
    assert abs(turns.sum()) == pytest.approx(2 * np.pi)


def test_a_stripe_is_two_lines_from_border_to_border() -> None:
    def inside(x: Array, y: Array) -> Mask:
        return np.asarray(abs(x - 0.3 * y) < 0.7)

    lines = outline(inside, X, Y)
    assert len(lines) == 2
    for line in lines:
        assert np.ptp(line[:, 1]) == pytest.approx(3.0, abs=1e-5)
        assert abs(line[:, 0] - 0.3 * line[:, 1]) == pytest.approx(0.7, abs=1e-5)


def test_opposite_corners_of_a_cell_are_two_lines() -> None:
    def inside(x: Array, y: Array) -> Mask:
        return np.asarray((x > 0.5) == (y > 0.5))

    assert sorted(len(line) for line in outline(inside, np.array([0.0, 1.0]), np.array([0.0, 1.0]))) == [2, 2]


def test_a_part_around_one_node_is_left_out() -> None:
    assert outline(lambda x, y: np.asarray(np.hypot(x - X[5], y - Y[5]) < 0.05), X, Y) == []


@pytest.mark.parametrize("always", [True, False])
def test_where_nothing_changes_there_is_no_line(always: bool) -> None:
    assert outline(lambda x, y: np.full(x.shape, always), X, Y) == []
