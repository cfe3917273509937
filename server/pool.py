"""Worker processes that are replaced when they die, whatever they were doing.

Pebble does the work. What is changed: it takes a worker that dies while no task runs, and one that cannot be started, for the end of all
workers, and refuses every task from then on. Here a new worker takes the place of the first, as one does where a task was running, and
the other is tried again: the fork server may have died, and the next try starts another one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import ForkServerContext
from typing import Any

from pebble import ProcessPool
from pebble.pool.process import PoolManager

log = logging.getLogger("sigprop")


class Manager(PoolManager):
    """Pebble's manager, for which a worker may die without a task, and another one may not start at once."""

    complained = False

    def start(self) -> None:
        self.worker_manager.create_channels()
        self.create_workers()

    def update_workers(self) -> None:
        """Several times a second: the tasks of workers that died are over, and new ones take their place."""
        for expiration in self.worker_manager.inspect_workers():
            self.handle_worker_expiration(expiration)
        self.create_workers()

    def create_workers(self) -> None:
        """As many as are missing; those that cannot be started are missing still when this is called again."""
        try:
            self.worker_manager.create_workers()
        except BrokenProcessPool as error:
            if not self.complained:
                log.error("a worker cannot be started and is tried again until it can: %r", error.__cause__)
            self.complained = True
        else:
            self.complained = False

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
