"""The fork server: a process that loads PyTorch once, from which every worker is forked ready."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
from multiprocessing.context import ForkServerContext

PRELOADED = ["server.worker", "torch._dynamo"]
"""The second is what torch's optimizers import when the first of them is made: 1,900 modules, which each new worker would load anew."""


def start() -> None:
    """Starts loading at once, beside whatever this process does; workers wait until it is done."""
    # OpenMP's threads spin while they wait, and on a busy machine they spin against each other: docs/log.md, 2026-11-22.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    context().set_forkserver_preload(PRELOADED)
    multiprocessing.forkserver.ensure_running()


def context() -> ForkServerContext:
    """What makes worker processes."""
    return multiprocessing.get_context("forkserver")
