"""PyTorch, loaded where it is first used instead of where it is imported.

The catalogue says what there is to choose from and how each choice is made in torch. The server knows the catalogue and
computes nothing: so it starts in half the time and takes half the memory (docs/log.md, 2026-11-22). What computes imports torch itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch
    from torch import nn as nn
    from torch import optim as optim
else:

    class Later:
        """A module that is imported when something of it is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(import_module(self._name), attribute)

    torch, nn, optim = Later("torch"), Later("torch.nn"), Later("torch.optim")
