"""The fork server: a process that loads PyTorch once, from which every worker is forked ready."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
from multiprocessing.context import ForkServerContext

PRELOADED = ["server.worker", "torch._dynamo"]
"""torch._dynamo is what torch imports when the first optimizer is made: 1,900 modules, which each new worker would load anew."""

BRIEFLY = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}
"""Environment variables for OpenMP, whose threads wait for each other at every layer. Threads that spin while they wait take cores from
other processes on a busy machine; threads that sleep at once take longer to wake than a layer takes (docs/log.md, 2026-11-29). With these
they spin for some 30 µs and then sleep."""


def start() -> None:
    """Starts the fork server, which loads PRELOADED while this process goes on; workers wait until that is done."""
    os.environ.update(BRIEFLY | os.environ)
    context().set_forkserver_preload(PRELOADED)
    multiprocessing.forkserver.ensure_running()


def context() -> ForkServerContext:
    """The multiprocessing context that makes worker processes."""
    return multiprocessing.get_context("forkserver")
