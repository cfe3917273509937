"""`python -m benchmarks [--quick] [--minutes 30] [WORD ...]`: runs every benchmark, or those whose name contains one of the words, and
prints a table.

BENCH_JSON=file also writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from server.forkserver import BRIEFLY

os.environ.update(BRIEFLY | os.environ)  # before torch: as the server's workers have it; alone, as fast as torch's own

from benchmarks.cases import cases
from benchmarks.timing import Result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each once, on something small: whether they run, not how fast")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the soak takes (30 say more than 1)")
    parser.add_argument("words", nargs="*", help="only benchmarks whose name has one of these words")
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}{', quick' if options.quick else ''}\n")
    print("| what | measured | baseline | ratio | goal |\n|---|---|---|---|---|")
    results = []
    for name, case in cases(options.minutes).items():
        if not options.words or any(word in name for word in options.words):
            for result in case(options.quick):
                print(line(result), flush=True)
                results.append({**asdict(result), "ratio": None if result.baseline is None else result.counts})
    if target := os.environ.get("BENCH_JSON"):
        Path(target).write_text(json.dumps({"machine": machine(), "results": results}, indent=2) + "\n")


def machine() -> str:
    """The processor, the cores and the versions that figures depend on."""
    import torch

    names = [line.split(":", 1)[1].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    processor = names[0] if names else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {device}, Python {platform.python_version()}, PyTorch {torch.__version__}"


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def line(result: Result) -> str:
    base = "" if result.baseline is None else f"{result.baseline:.4g} {result.unit}"
    ratio = "" if result.baseline is None else f"{result.counts:.3g}"
    goal = "for the record" if result.goal is None else f"≤ {result.goal:g}{'' if result.baseline else f' {result.unit}'}"
    return f"| {result.name} | {result.value:.4g} {result.unit} | {base} | {ratio} | {goal} |"


main()
