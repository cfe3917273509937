"""What samples of lengths show, against samples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.theory.band.sample import MOST, longer


@pytest.mark.parametrize("size", [2, 8, 64, 1024])
@pytest.mark.parametrize("variance", [0.05, 0.25, 1.0, 2.2, 5.0])
def test_lengths_of_a_batch(size: int, variance: float) -> None:
    q = np.exp(math.sqrt(variance) * np.random.default_rng(size).standard_normal((2_000_000 // size, size)))
    found = np.log(size * (np.square(q).sum(axis=1) / np.square(q.sum(axis=1))).mean())
    assert longer(variance, size) == pytest.approx(found, abs=0.05)


def test_limits() -> None:
    assert longer(0.0, 64) == 0.0
    assert longer(0.01, 10**6) == pytest.approx(0.01, rel=1e-3)
    assert longer(3.0, 1) == pytest.approx(0.0, abs=1e-12)
    assert longer(1e3, 64) == longer(MOST, 64) < math.log(64.0)
