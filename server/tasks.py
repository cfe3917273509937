"""Calls a function of `server.worker` by its name, in a worker process. The server itself must not import that module: it loads PyTorch."""

from __future__ import annotations

from typing import Any, Literal

from models.device import enough_memory


def do(task: Literal["prepare", "warm_up", "preview", "run", "sweep"], *args: Any) -> Any:
    """Calls the function of `server.worker` with this name. Raises models.device.OutOfMemory where memory does not suffice."""
    from server import worker

    with enough_memory():
        return getattr(worker, task)(*args)
