"""The pool of workers by itself: real processes that are killed, stopped, cancelled and late."""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import CancelledError, wait

import pytest

from server.pool import Died, Pool
from tests.conftest import wait_for
from tests.processes import gone

LARGE = 2_000_000
"""Bytes: more than a pipe holds, so that a worker takes a while to hand them on."""


class Stubborn(Exception):
    """An error that pickle cannot make again."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


def act(task, *args):
    """What the workers here do."""
    if task == "sleep":
        time.sleep(*args)
    if task == "refuse":
        raise ValueError("no")
    if task == "refuse oddly":
        raise Stubborn("no", "because")
    if task == "answer":
        return b"x" * args[0]
    return os.getpid()


@contextlib.contextmanager
def workers(count):
    made = Pool(count, act, ("prepare",), multiprocessing.get_context("forkserver"))
    made.schedule("look").result(60)
    yield made
    made.stop()
    made.join()


@pytest.fixture
def pool():
    """Two workers."""
    with workers(2) as made:
        yield made


@pytest.fixture
def alone():
    """One worker."""
    with workers(1) as made:
        yield made


def test_workers_that_are_killed_while_they_answer_take_nothing_with_them(pool):
    dice, outcomes = random.Random(1), {"answered": 0, "died": 0}
    for _ in range(20):
        victim = pool.schedule("look").result(60)
        tasks = [pool.schedule("answer", LARGE) for _ in range(3)]
        time.sleep(dice.uniform(0, 0.01))
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        for task in tasks:
            try:
                outcomes["answered"] += len(task.result(60)) == LARGE
            except Died:
                outcomes["died"] += 1
    assert sum(outcomes.values()) == 60 and min(outcomes.values()) > 0


def test_a_task_that_no_worker_has_begun_goes_to_the_next(alone):
    for _ in range(5):
        os.kill(dead := alone.schedule("look").result(60), signal.SIGKILL)
        assert alone.schedule("look").result(60) != dead


def test_a_task_can_be_cancelled_while_it_runs_and_frees_its_place(pool):
    endless, other = pool.schedule("sleep", 1000), pool.schedule("sleep", 1000)
    waiting = pool.schedule("sleep", 1000)
    wait_for(lambda: endless.running() and other.running())
    assert waiting.cancel() and waiting.cancelled()
    assert endless.cancel() and wait([endless], timeout=60).done
    assert endless.cancelled() and not other.done()
    with pytest.raises(CancelledError):
        endless.result()
    assert pool.schedule("look").result(60) > 0


def test_a_worker_that_is_late_or_stopped_is_ended(alone):
    late = alone.schedule("look").result(60)
    with pytest.raises(TimeoutError):
        alone.schedule("sleep", 1000, timeout_s=0.2).result(60)
    assert gone([late])
    stopped = alone.schedule("look").result(60)
    os.kill(stopped, signal.SIGSTOP)
    task = alone.schedule("look")
    time.sleep(0.5)
    assert not task.done() and task.cancel()
    assert alone.schedule("look").result(60) != stopped and gone([stopped])


def test_what_a_worker_raises_comes_back_or_what_it_said(pool):
    with pytest.raises(ValueError, match=r"^no$"):
        pool.schedule("refuse").result(60)
    with pytest.raises(RuntimeError, match=r"^Stubborn: no: because$"):
        pool.schedule("refuse oddly").result(60)
    assert pool.schedule("look").result(60) > 0


def test_a_pool_that_stops_leaves_no_process_and_nobody_waiting():
    pool = Pool(2, act, ("prepare",), multiprocessing.get_context("forkserver"))
    tasks = [pool.schedule("sleep", 1000) for _ in range(4)]
    wait_for(lambda: sum(task.running() for task in tasks) == 2)
    processes = [process.pid for process in multiprocessing.active_children()]
    pool.stop()
    pool.join()
    assert all(task.cancelled() for task in tasks)
    assert len(processes) == 2 and gone(processes)
