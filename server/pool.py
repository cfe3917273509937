"""Worker processes that are replaced when they die, whatever they were doing.

Each worker has a pipe and a thread of its own and shares nothing with the others: no lock that it could take into its grave, no pipe with
half a message of its in which others write. The workers of pebble, loky and concurrent.futures share both, and one that is killed in the
wrong moment ends or hangs them all (docs/log.md, 2026-11-22).
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
"""Seconds between two looks whether a worker that waits still lives, and whether a task is still wanted."""

BEGIN_S = 60.0
"""Seconds in which a worker has to begin what it is given; the first time it gets ready before."""

END_S = 1.0
"""Seconds in which a killed process is gone."""


class Died(RuntimeError):
    """The worker process ended before the task did."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(f"exit code {exitcode}")
        self.exitcode = exitcode


class Task(Future[Any]):
    """What a worker is to call: a future that can be cancelled while it runs, which ends the worker."""

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
    """A process that makes one call after another, as its end of the pipe sees it."""

    def __init__(self, context: ForkServerContext, function: Callable[..., Any], prepare: tuple[Any, ...]) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, function, prepare), daemon=True)
        self.process.start()
        theirs.close()

    def lives(self) -> bool:
        return self.process.is_alive()

    def do(self, task: Task) -> bool:
        """Whether that is over, one way or another; False where the process did not begin it. One that does not answer is ended."""
        if task.cancelled():
            return not task.set_running_or_notify_cancel()
        try:
            self.pipe.send(task.call)
            self._hear(task, BEGIN_S)
        except (OSError, EOFError, CancelledError):  # it has died, says nothing (TimeoutError is an OSError), or need not begin
            self.end()
            return False
        if not task.set_running_or_notify_cancel():
            self.end()
            return True
        try:
            result, error = self._hear(task, task.timeout_s)
        except (TimeoutError, CancelledError) as unfinished:
            self.end()
            result, error = None, unfinished
        except (OSError, EOFError):
            result, error = None, Died(self.end())
        if error is None:
            task.set_result(result)
        else:
            task.set_exception(error)
        return True

    def _hear(self, task: Task, patience_s: float | None) -> Any:
        """What the process says next; raises CancelledError, TimeoutError, and EOFError or OSError where it dies."""
        until_s = None if patience_s is None else time.monotonic() + patience_s
        while not self.pipe.poll(LOOK_S):
            if task.unwanted:
                raise CancelledError
            if until_s is not None and time.monotonic() > until_s:
                raise TimeoutError
        return self.pipe.recv()

    def end(self) -> int | None:
        """Ends the process, if it has not; its exit code."""
        self.process.kill()
        self.process.join(END_S)
        self.pipe.close()
        return self.process.exitcode


class Pool:
    """So many workers, each of which calls `function(*prepare)` once and then `function(*call)` for each task."""

    def __init__(self, workers: int, function: Callable[..., Any], prepare: tuple[Any, ...], context: ForkServerContext) -> None:
        self.make = partial(Worker, context, function, prepare)
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self.given: list[Task | None] = [None] * workers
        self.closing = Event()
        self.keepers = [Thread(target=self._keep, args=(place,), name=f"worker-{place}", daemon=True) for place in range(workers)]
        for keeper in self.keepers:
            keeper.start()

    def schedule(self, *call: Any, timeout_s: float | None = None) -> Task:
        """The call is made as soon as a worker is free; longer than `timeout_s` it ends with TimeoutError, and with its worker."""
        task = Task(call, timeout_s)
        self.tasks.put(task)
        return task

    def stop(self) -> None:
        """Ends all workers; what waits or runs is cancelled."""
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
        """Keeps one worker: makes it, gives it one task after another, and makes another when it dies. A task that it did not begin goes
        to the next."""
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
        """A new worker, once one can be started: the fork server may have died, and the next try starts another one."""
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
    """The worker process, until nobody is at the pipe's other end."""
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
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked gets it
        return None, _portable(error)


def _portable(error: Exception) -> Exception:
    """The error, if it can be made again from what pickle keeps of it; else what it says."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - an error's own code may raise anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
