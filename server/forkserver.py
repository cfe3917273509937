"""The fork server: a process that loads PyTorch once, from which every worker is forked ready."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
from multiprocessing.context import ForkServerContext

PRELOADED = ["server.worker", "torch._dynamo"]
"""The second is what torch's optimizers import when the first of them is made: 1,900 modules, which each new worker would load anew."""

BRIEFLY = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}
"""OpenMP's threads wait for each other at every layer. Those that spin until they are wanted do it against whoever else computes on a busy
machine; those that sleep at once take longer to wake than a layer takes (docs/log.md, 2026-11-29). These spin for some 30 µs."""


def start() -> None:
    """Starts loading at once, beside whatever this process does; workers wait until it is done."""
    os.environ.update(BRIEFLY | os.environ)
    context().set_forkserver_preload(PRELOADED)
    multiprocessing.forkserver.ensure_running()


def context() -> ForkServerContext:
    """What makes worker processes."""
    return multiprocessing.get_context("forkserver")
