"""Makes the tables that theory keeps for each activation before anybody waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.theory.answer import theory
from models.theory.phase import critical_sigma_w2

INITS = ("kaiming_normal", "xavier_normal", "pytorch_default")
DEPTH = 200
"""Deep enough for q to go as far down (PyTorch's default) and up (GELU and its like with Kaiming) as tables reach."""


def warm_up(stopped: Callable[[], bool]) -> None:
    """Answers for every activation with the usual initializers: about one second in all. Between two answers it asks `stopped`, which
    may take its time, so that others get theirs."""
    for config in _usual():
        if stopped():
            return
        theory(config)
        critical_sigma_w2(config.network.activation.name, config.network.activation.params, 0.0)


def _usual() -> Iterator[RunConfig]:
    for init, name in product(INITS, ACTIVATIONS):
        yield RunConfig.model_validate({
            "network": {"depth": DEPTH, "activation": {"name": name}}, "init": {"name": init}, "data": {"name": "digits"}})
