"""What an operator relies on: the page about it, metrics, logs, health, backup and restore, of real servers."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from server.metrics import Metrics
from server.settings import Settings
from tests.conftest import ROOT, wait_for
from tests.server.test_faults import LONG, SHORT, running

PAGE = (ROOT / "docs" / "operations.md").read_text()
SAMPLE = re.compile(r'^(\w+)(?:\{(\w+)="([^"]*)"\})? (\S+)$', re.MULTILINE)


def commands(title):
    """The shell commands that the page has under this title."""
    return re.search(rf"^## {title}\n.*?^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]


def follow(title, data_dir, backup):
    """Does what the page says, with this environment's Python in the place of the checkout's."""
    script = commands(title).replace(".venv/bin/python", sys.executable)
    subprocess.run(["bash", "-euc", script], env={**os.environ, "DATA_DIR": str(data_dir), "BACKUP": str(backup)}, cwd=ROOT, check=True)


def test_the_page_names_every_setting_and_every_metric():
    assert set(re.findall(r"`--([\w-]+)", PAGE)) == {name.replace("_", "-") for name in Settings.model_fields}
    named = set(re.findall(r"sigprop_\w+", PAGE))
    own = {family.name for family in Metrics().registry.collect() if family.name.startswith("sigprop")}
    assert all(any(name.startswith(family) for name in named) for family in own), own


@pytest.fixture
def log(tmp_path):
    """The lines that the servers have written so far, as objects."""
    return lambda: [json.loads(line) for line in (tmp_path / "data.log").read_text().splitlines()]


@pytest.mark.slow
def test_seeing_inside_then_backup_of_a_live_database_and_restore(own_server, log, tmp_path):
    server = own_server("--log-format", "json")
    finished = server.client.post("/api/runs", json=SHORT).json()["id"]
    assert server.finished(finished)["status"] == "finished"
    frames = server.client.get(f"/api/runs/{finished}/frames").json()
    ran = server.client.post("/api/runs", json=LONG).json()["id"]
    waits = server.client.post("/api/runs", json={**SHORT, "seed": 1}).json()["id"]
    running(server, ran)

    def samples():
        answer = server.client.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        return {(name, label): float(value) for name, _, label, value in SAMPLE.findall(answer.text)}

    own = {"queued": 1, "running": 1}
    assert {name: samples()["sigprop_runs_" + name, ""] for name in own} == own
    assert samples()["sigprop_runs_ended_total", "finished"] == 1
    # 3 steps and 4 frames of the finished run are counted once, those of the other as they are seen.
    wait_for(lambda: samples()["sigprop_steps_total", ""] > 3)
    assert samples()["sigprop_frames_total", ""] >= len(frames["frames"]) and samples()["sigprop_step_seconds_count", ""] >= 2
    assert samples()["sigprop_viewers", ""] == 0
    with server.client.stream("GET", f"/api/runs/{ran}/events") as stream:
        lines = stream.iter_lines()  # held: the stream is closed with it
        next(lines)
        assert samples()["sigprop_viewers", ""] == 1
    assert server.client.get("/api/health/ready").json()["ready"] is True

    follow("Backup", server.data_dir, tmp_path / "backup")
    assert server.client.delete(f"/api/runs/{finished}").status_code == 204
    server.client.post(f"/api/runs/{ran}/cancel")
    server.finished(waits)
    server.stop(signal.SIGTERM)
    assert server.process.returncode == 0
    about = [(line["level"], line["message"].split(" after ")[0]) for line in log() if line.get("run_id") == finished]
    assert about == [("info", f"run {finished} waits"), ("info", f"run {finished} is finished")]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in log())

    follow("Restore", server.data_dir, tmp_path / "backup")
    again = own_server("--log-format", "json")
    assert again.client.get(f"/api/runs/{finished}/frames").json() == frames
    interrupted = again.client.get(f"/api/runs/{ran}").json()
    assert interrupted["status"] == "failed" and interrupted["error"].startswith("interrupted") and interrupted["frames"] > 0
    assert again.finished(waits)["status"] == "finished"
