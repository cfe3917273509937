"""`python -m benchmarks [--quick]`: runs every benchmark and prints a line each; BENCH_JSON=file also writes them as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: as the server's workers have it

from benchmarks.cases import CASES


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}{', quick' if quick else ''}")
    results = []
    for case in CASES:
        result = case(quick)
        aim = "for the record" if result.goal is None else f"goal {result.goal:g}"
        measured = f"{result.value:10.1f} {result.unit} / {result.baseline:10.1f} {result.unit} = {result.ratio:6.3g}"
        print(f"{result.name:45} {measured}  ({aim})", flush=True)
        results.append({**asdict(result), "ratio": result.ratio})
    if target := os.environ.get("BENCH_JSON"):
        Path(target).write_text(json.dumps({"machine": platform.platform(), "cores": os.cpu_count(), "results": results}, indent=2) + "\n")


main()
