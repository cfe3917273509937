"""What few units draw of the logarithm of a length, by draws of it."""

from __future__ import annotations

import numpy as np
import pytest

from models.theory.band.active import Few
from models.theory.layers import plan
from tests.models.theory.band.seeds import measured, settings


@pytest.mark.parametrize("units", [10, 16, 32])
@pytest.mark.parametrize(("init", "first"), [("kaiming_normal", 5.0), ("orthogonal", 3.0)])
def test_of_relu_units(init: str, first: float, units: int) -> None:
    """The variance of ln was that of a Gamma law: 0.2 of 16 orthogonal units, where it is 0.29; the third cumulant is that of a
    two-sided law's lower end."""
    z = np.random.default_rng(0).standard_normal((400_000, units))
    left = 2.0 * np.square(np.maximum(z, 0.0)).sum(axis=1) / (np.square(z).sum(axis=1) if init == "orthogonal" else units)
    ln = np.log(left[left > 0.0])
    variance, third = Few(plan(settings("relu", "digits", {"name": init}, width=units))).cumulants(first / units)
    assert variance == pytest.approx(ln.var(), rel=0.02)
    assert third == pytest.approx(((ln - ln.mean()) ** 3).mean(), rel=0.08)


def test_between_the_tabulated_units() -> None:
    z = np.random.default_rng(0).standard_normal((400_000, 13))
    ln = np.log(np.square(np.maximum(z, 0.0)).sum(axis=1).clip(1e-9))
    variance, _ = Few(plan(settings("relu", "digits", {"name": "kaiming_normal"}, width=13))).cumulants(5.0 / 13.0)
    assert variance == pytest.approx(ln[ln > np.log(1e-8)].var(), rel=0.02)


@pytest.mark.parametrize(("init", "width"), [("orthogonal", 14), ("orthogonal", 18), ("kaiming_normal", 14)])
def test_of_few_relu_units(init: str, width: int) -> None:
    """0.91 to 0.93 were inside."""
    _, inside, ratio, _ = measured(settings("relu", "moons", {"name": init}, depth=16, width=width))
    assert inside[2:].mean() >= 0.94, inside
    assert (ratio[2:] < 1.3).all(), ratio
