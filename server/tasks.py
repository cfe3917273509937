"""What the server asks of a worker process, by name: importing `server.worker` loads PyTorch, which the server itself does without."""

from __future__ import annotations

from typing import Any, Literal

from models.device import enough_memory


def do(task: Literal["prepare", "warm_up", "preview", "run", "sweep"], *args: Any) -> Any:
    """In a worker process: the function of `server.worker` that has this name."""
    from server import worker

    with enough_memory():
        return getattr(worker, task)(*args)
