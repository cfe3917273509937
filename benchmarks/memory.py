"""How much memory a measured pass takes, against a bare one. `python -m benchmarks.memory SIZE bare|measured` prints its MB."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.service import memory_mb, printed
from benchmarks.timing import Case, Result
from models.config import RunConfig
from models.training import Run

STATUS, PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_THE_PEAK = "5"
"""Written to PEAK, it sets the process's peak (VmHWM) back to what it has now."""

EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""Environment that gives each tensor above 64 KiB pages of its own, which are freed with it: the process then has only what is alive."""


def capture(quick: bool) -> list[Result]:
    """A frame with the weights kept for the next one, against a forward and backward pass, each in a process of its own."""
    if not PEAK.exists():
        return []
    size = 64 if quick else 512
    bare, measured = (float(printed("-m", "benchmarks.memory", str(size), what, environment=EXACT)) for what in ("bare", "measured"))
    return [Result(f"memory that a measured pass takes, 20 x {size}, batch {4 * size}", measured, "MB", bare, 1.25)]


def peak_mb(call: Callable[[], object]) -> float:
    """The most memory that the process has during the call, beyond what it has before."""
    before = memory_mb(STATUS.read_text())
    PEAK.write_text(FORGET_THE_PEAK)
    call()
    return memory_mb(STATUS.read_text(), "VmHWM") - before


def main(size: int, what: str) -> None:
    torch.set_num_threads(1)
    batch = 4 * size
    run = Run.start(RunConfig.model_validate({
        "network": {"depth": 20, "width": size}, "data": {"name": "gaussian", "batch_size": batch, "validation_fraction": 0.0}}))
    inputs, labels = run.data.inputs[:batch], run.data.labels[:batch]
    small = inputs[:8], labels[:8]
    run.frame(0, *small)  # what is loaded and made once is not the pass's
    run.network.zero_grad(set_to_none=True)
    print(peak_mb(lambda: run.backward(inputs, labels) if what == "bare" else run.frame(0, inputs, labels, keep_weights=True)))


CASES: dict[str, Case] = {"memory": capture}

if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
