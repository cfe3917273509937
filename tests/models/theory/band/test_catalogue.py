"""Networks of width 1024 lie within theory's band, for every activation with every initializer that theory knows: ten hidden rows each.

A band of 95 % is left by 5 % of the rows. Rows of one network follow each other, so a network counts as one draw: the share inside is held
to three standard deviations of a binomial over so many networks. No row may lie further off than twice the band's half width.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import INITIALIZERS
from models.theory import theory
from tests.models.theory.second_road import config, inputs

DEPTH, WIDTH, CHANNELS = 10, 1024, 256
KNOWN = [name for name, entry in INITIALIZERS.items() if entry.law != "fixed"]
GAINS = {name: entry.gain({parameter.name: parameter.default for parameter in entry.parameters}) for name, entry in ACTIVATIONS.items()}


def settings_for(activation: str, init: str) -> RunConfig:
    if init == "delta_orthogonal":
        return config(activation, init, DEPTH, CHANNELS, network={"kind": "cnn"}, batch=4)
    return config(activation, init, DEPTH, WIDTH, batch=16)


def drawn(init: str) -> torch.Tensor:
    """One matrix a row (DEPTH, out, in), before an activation's gain: a factor, so that all activations share them."""
    entry, generator = INITIALIZERS[init], torch.Generator().manual_seed(KNOWN.index(init))
    kernel = (3, 3) if init == "delta_orthogonal" else ()
    units = CHANNELS if kernel else WIDTH
    weights = torch.empty(DEPTH, units, units, *kernel)
    defaults = {parameter.name: parameter.default for parameter in entry.parameters}
    for weight in weights:
        entry.fill(weight, defaults, 1.0, generator)
    return weights[..., 1, 1] if kernel else weights


def fitted(h: torch.Tensor, tolerance: float) -> torch.Tensor:
    """LSUV's rescaling of a layer, written as one of its output."""
    while abs(float(h.var()) - 1.0) > tolerance:
        h = h / h.std()
    return h


@torch.no_grad()
def rows_of(activation: str, init: str, weights: torch.Tensor, first: int) -> list[float]:
    """Mean squares of the hidden rows' pre-activations; `first` is the matrix of row 1, so that activations differ in their order."""
    entry, settings = ACTIVATIONS[activation], settings_for(activation, init)
    phi = entry.module(settings.network.activation.params)
    gain = GAINS[activation] if INITIALIZERS[init].uses_gain else 1.0
    x, found = inputs(settings, first).movedim(1, -1), []
    for row in range(DEPTH):
        h = gain * (x @ weights[(first + row) % DEPTH].T)
        h = fitted(h, settings.init.params["tolerance"]) if init == "lsuv" else h
        found.append(float(h.double().square().mean()))
        x = phi(h)
    return found


@pytest.fixture(scope="module")
def places() -> dict[tuple[str, str], np.ndarray]:
    """Where each row lies: its distance from the band's middle over the half width, on ln's axis; nan where no band is given."""
    found = {}
    for init in KNOWN:
        weights = drawn("orthogonal" if init == "lsuv" else init)
        for first, activation in enumerate(ACTIVATIONS):
            band = theory(settings_for(activation, init)).preactivation_band
            low, high = (np.log(np.array(column[:DEPTH], dtype=float)) for column in (band.low, band.high))
            measured = np.log(rows_of(activation, init, weights, first))
            found[activation, init] = (measured - (high + low) / 2) / ((high - low) / 2)
    return found


def inside(rows: list[np.ndarray]) -> float:
    """The share of the networks' rows that lie inside."""
    return float((np.abs(rows) <= 1).mean())


def least(networks: int) -> float:
    return 0.95 - 3 * math.sqrt(0.95 * 0.05 / networks)


def test_of_all_pairs(places: dict[tuple[str, str], np.ndarray]) -> None:
    assert inside(list(places.values())) >= least(len(places))
    assert {pair: row for pair, row in places.items() if (np.abs(row) > 2).any()} == {}


@pytest.mark.parametrize("init", KNOWN)
def test_of_each_initializer(places: dict[tuple[str, str], np.ndarray], init: str) -> None:
    assert inside([row for (_, name), row in places.items() if name == init]) >= least(len(ACTIVATIONS))


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_of_each_activation(places: dict[tuple[str, str], np.ndarray], activation: str) -> None:
    assert inside([row for (name, _), row in places.items() if name == activation]) >= least(len(KNOWN))


def test_every_row_has_a_band(places: dict[tuple[str, str], np.ndarray]) -> None:
    assert [pair for pair, row in places.items() if not np.isfinite(row).all()] == []
