"""`make bench` in its quick form: every benchmark runs and reports. How fast it is depends on the machine and is no test's business."""

import json
import math
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.timeout(900)  # minutes on a busy machine
def test_every_benchmark_runs_and_reports(tmp_path):
    target = tmp_path / "bench.json"
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--quick"], cwd=ROOT, env={**os.environ, "BENCH_JSON": str(target)},
                          check=False, capture_output=True, text=True, timeout=880)
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(target.read_text())["results"]
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert [result["name"] for result in results] == [line.split(" | ")[0].removeprefix("| ") for line in lines]
    assert all(math.isfinite(result["value"]) and result["value"] >= 0 for result in results)
    assert all(result["ratio"] is None or result["ratio"] > 0 for result in results)
    for part in ("a frame every step", "exact histograms", "CNN", "through the server", "preview over HTTP", "compressed", "viewer missed",
                 "server start", "health meanwhile", "neither taken", "memory of the server after minute 1", "against the second",
                 "first load", "heat map update", "scrub", "memory of the page"):
        assert any(part in result["name"] for result in results), part
