"""Worker processes that are replaced when they die, whatever they were doing.

Each worker has a pipe of its own, and in the server a thread of its own, and shares nothing with the others. The workers of pebble, loky
and concurrent.futures share locks and pipes: one that is killed while it holds a lock, or has written half a message, ends or hangs them
all (docs/log.md, 2026-11-22).
"""

from __future__ import annotations

import logging
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

log = logging.getLogger("sigprop")

LOOK_S = 0.1
"""Seconds between two checks whether an idle worker still lives, and whether a task has been cancelled."""

BEGIN_S = 60.0
"""Seconds in which a worker has to begin a task; in a new worker the call of `prepare` comes before the first one."""

END_S = 1.0
"""Seconds to wait for a killed process to be gone."""


class Died(RuntimeError):
    """The worker process ended before the task did."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(f"exit code {exitcode}")
        self.exitcode = exitcode


class Task(Future[Any]):
    """A call that a worker is to make: a future that can be cancelled while it runs, which ends the worker.

    unwanted: whether it has been cancelled, also while it runs
    """

    def __init__(self, call: tuple[Any, ...], timeout_s: float | None) -> None:
        super().__init__()
        self.call = call
        self.timeout_s = timeout_s
        self.unwanted = False

    def cancel(self) -> bool:
        waited = super().cancel()
        self.unwanted = self.unwanted or waited or not self.done()
        return self.unwanted

    def cancelled(self) -> bool:
        return super().cancelled() or (self.unwanted and self.done())


class Worker:
    """The server's side of a process that makes one call after another."""

    def __init__(self, context: ForkServerContext, function: Callable[..., Any], prepare: tuple[Any, ...]) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, function, prepare), daemon=True)
        self.process.start()
        theirs.close()

    def lives(self) -> bool:
        """Whether the process runs."""
        return self.process.is_alive()

    def do(self, task: Task) -> bool:
        """Has the process make the task's call, and settles the task. False where the process did not begin the call, so that another
        worker may. A process that does not answer in time, or whose task is cancelled, is ended."""
        if task.cancelled():
            return not task.set_running_or_notify_cancel()
        if not self._begins(task):
            self.end()
            return False
        if not task.set_running_or_notify_cancel():
            self.end()
            return True
        result, error = self._outcome(task)
        if error is None:
            task.set_result(result)
        else:
            task.set_exception(error)
        return True

    def _begins(self, task: Task) -> bool:
        """Hands the call over; False where the process has died, does not answer in time, or the task is cancelled before."""
        try:
            self.pipe.send(task.call)
            self._hear(task, BEGIN_S)
        except (OSError, EOFError, CancelledError):  # TimeoutError is an OSError
            return False
        return True

    def _outcome(self, task: Task) -> tuple[Any, Exception | None]:
        """The call's result or its error: also that it took too long or was cancelled, which end the process, or that that died."""
        try:
            result, error = self._hear(task, task.timeout_s)
        except (TimeoutError, CancelledError) as unfinished:
            self.end()
            return None, unfinished
        except (OSError, EOFError):
            return None, Died(self.end())
        return result, error

    def _hear(self, task: Task, patience_s: float | None) -> Any:
        """The process's next message. Raises CancelledError where the task is cancelled meanwhile, TimeoutError after `patience_s`, and
        EOFError or OSError where the process dies."""
        until_s = None if patience_s is None else time.monotonic() + patience_s
        while not self.pipe.poll(LOOK_S):
            if task.unwanted:
                raise CancelledError
            if until_s is not None and time.monotonic() > until_s:
                raise TimeoutError
        return self.pipe.recv()

    def end(self) -> int | None:
        """Kills the process, if it still runs, and gives its exit code."""
        self.process.kill()
        self.process.join(END_S)
        self.pipe.close()
        return self.process.exitcode


class Pool:
    """Keeps `workers` processes, each of which calls `function(*prepare)` once and then `function(*call)` for each task it is given.

    given: the task that each worker has in hand
    """

    def __init__(self, workers: int, function: Callable[..., Any], prepare: tuple[Any, ...], context: ForkServerContext) -> None:
        self.make = partial(Worker, context, function, prepare)
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self.given: list[Task | None] = [None] * workers
        self.closing = Event()
        self.keepers = [Thread(target=self._keep, args=(place,), name=f"worker-{place}", daemon=True) for place in range(workers)]
        for keeper in self.keepers:
            keeper.start()

    def schedule(self, *call: Any, timeout_s: float | None = None) -> Task:
        """Queues a call, which is made as soon as a worker is free. One that takes longer than `timeout_s` ends with TimeoutError, and its
        worker with it."""
        task = Task(call, timeout_s)
        self.tasks.put(task)
        return task

    def stop(self) -> None:
        """Cancels all tasks and ends all workers."""
        self.closing.set()
        with suppress(Empty):
            while True:
                self.tasks.get_nowait().cancel()
        for task in self.given:
            if task is not None:
                task.cancel()

    def join(self) -> None:
        """Waits until they have ended."""
        for keeper in self.keepers:
            keeper.join()

    def _keep(self, place: int) -> None:
        """A thread for each place: starts a worker, gives it one task after another, and replaces it when it dies. A task that a worker did
        not begin is given to its successor."""
        worker: Worker | None = None
        while not self.closing.is_set():
            if worker is None or not worker.lives():
                worker = self._replace(worker)
            elif (task := self.given[place]) is None:
                self.given[place] = self._next()
            elif worker.do(task):
                self.given[place] = None
        if worker is not None:
            worker.end()
        if (task := self.given[place]) is not None:
            task.cancel()

    def _replace(self, dead: Worker | None) -> Worker | None:
        """A new worker, as soon as one can be started: the fork server may have died, in which case the next try starts a new one. None
        where the pool is stopped meanwhile."""
        if dead is not None:
            dead.end()
        complained = False
        while not self.closing.is_set():
            try:
                return self.make()
            except (OSError, EOFError) as error:
                if not complained:
                    log.error("a worker cannot be started and is tried again until it can: %r", error)
                complained = True
                self.closing.wait(LOOK_S)
        return None

    def _next(self) -> Task | None:
        with suppress(Empty):
            return self.tasks.get(timeout=LOOK_S)
        return None


def _work(pipe: Connection, function: Callable[..., Any], prepare: tuple[Any, ...]) -> None:
    """What the worker process does, until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to everybody in the terminal: the server decides
    function(*prepare)
    with suppress(EOFError, BrokenPipeError):
        while True:
            call = pipe.recv()
            pipe.send(None)  # it begins
            pipe.send(_outcome(function, call))


def _outcome(function: Callable[..., Any], call: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return function(*call), None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the task was scheduled
        return None, _portable(error)


def _portable(error: Exception) -> Exception:
    """The error, if it can be unpickled again; else a RuntimeError with its message."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - an error's own code may raise anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
