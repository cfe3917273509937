"""Worker processes that are replaced when they die, whatever they were doing.

Pebble does the work. What is changed: it takes a worker that dies while no task runs for the end of all workers, and refuses every
task from then on. Here a new worker takes its place, as one does where a task was running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from multiprocessing.context import ForkServerContext
from typing import Any

from pebble import ProcessPool
from pebble.pool.process import PoolManager


class Manager(PoolManager):
    """Pebble's manager, for which a worker may die without a task."""

    def find_expired_task(self, worker_id: int) -> Any:
        """The task of a worker that died; LookupError where it had none, which the caller takes for nothing to report."""
        for task in tuple(self.task_manager.tasks.values()):
            if task.worker_id == worker_id:
                return task
        raise LookupError(f"worker {worker_id} had no task")


def pool(workers: int, initializer: Callable[..., None], initargs: Iterable[Any], context: ForkServerContext) -> ProcessPool:
    """So many worker processes, each prepared by `initializer` once."""
    made = ProcessPool(max_workers=workers, initializer=initializer, initargs=initargs, context=context)
    made._pool_manager = Manager(made._context, context)
    return made
