"""PyTorch calls as source: what an entry of the catalogue makes in torch, it writes by the same expression."""

from __future__ import annotations

import inspect
from typing import Any

ALWAYS = ("lr", "nonlinearity")
"""Arguments that are written even where they are torch's own: what a reader looks for."""


class Written:
    """Stands for something in a program, a module of torch or a variable: attributes and calls become its source, as `str` gives it.

    Written("nn").GELU(approximate="tanh") is the text nn.GELU(approximate='tanh').
    thing: what it stands for, if anything; named arguments that have its own default are left out
    """

    def __init__(self, source: str, thing: Any = None) -> None:
        self._source = source
        self._thing = thing

    def __getattr__(self, name: str) -> Written:
        return Written(f"{self._source}.{name}", getattr(self._thing, name, None))

    def __call__(self, *values: object, **named: object) -> Written:
        kept = {name: value for name, value in named.items() if name in ALWAYS or not self._default(name, value)}
        return Written(f"{self._source}({', '.join([*map(repr, values), *(f'{name}={value!r}' for name, value in kept.items())])})")

    def _default(self, name: str, value: object) -> bool:
        if self._thing is None:
            return False
        known = inspect.signature(self._thing).parameters.get(name)
        return known is not None and known.default == value and isinstance(known.default, bool) == isinstance(value, bool)

    def __repr__(self) -> str:
        return self._source
