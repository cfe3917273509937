"""`torch`, `nn` and `optim` for the catalogue's modules: PyTorch is loaded when one of them is first used, not when it is imported.

The catalogue says how each choice is made in torch, and the server's own process reads the catalogue without computing anything. So it
need not load PyTorch, starts in half the time and takes half the memory (docs/log.md, 2026-11-22). Modules that compute import torch
itself. """

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch
    from torch import nn as nn
    from torch import optim as optim
else:

    class Later:
        """Stands for a module, which is imported when one of its attributes is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(import_module(self._name), attribute)

    torch, nn, optim = Later("torch"), Later("torch.nn"), Later("torch.optim")
