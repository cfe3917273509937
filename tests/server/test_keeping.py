"""Limits on what is stored, sent and computed, with a real server that has small ones."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import start_server, wait_for
from tests.server.test_api import problem
from tests.server.test_faults import LONG

SEVEN = {"network": {"depth": 2, "width": 8}, "training": {"steps": 6}, "capture": {"every": 1}}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    live = start_server(tmp_path_factory.mktemp("small") / "data", "--max-stored-frames", "20", "--max-upload-bytes", "5000",
                        "--max-run-s", "8")
    yield live
    live.stop()


def test_the_oldest_unpinned_runs_go_when_the_store_is_full(small):
    server = small

    def submit(seed):
        return server.client.post("/api/runs", json={**SEVEN, "seed": seed})

    def seven_frames(seed):
        record = server.finished(submit(seed).json()["id"])
        assert record["frames"] == 7
        return record["id"]

    def known():
        return [run["id"] for run in server.client.get("/api/runs").json()["runs"]]

    def pin(run, pinned=True):
        return server.client.patch(f"/api/runs/{run}", json={"pinned": pinned}).json()

    first = seven_frames(1)
    record = pin(first)
    assert record["pinned"] is True and record["title"] is None
    assert server.client.patch(f"/api/runs/{first}", json={"title": "kept"}).json()["pinned"] is True
    second = seven_frames(2)
    storage = server.client.get("/api/runs").json()["storage"]
    with closing(sqlite3.connect(server.data_dir / "sigprop.db")) as connection:
        frames, size = connection.execute("SELECT count(*), sum(length(data)) FROM frames").fetchone()
        (own,) = connection.execute("SELECT sum(length(data)) FROM frames WHERE run_id = ?", (first,)).fetchone()
    assert (storage["frames"], storage["bytes"]) == (frames, size) and frames == 14 and storage["full"] == 14 / 20
    assert server.client.get(f"/api/runs/{first}").json()["bytes"] == own
    third = seven_frames(3)
    wait_for(lambda: known() == [third, first])  # 21 frames: the oldest that is not pinned has gone
    assert server.client.get(f"/api/runs/{second}").status_code == 404

    pin(third)
    fourth = submit(4).json()["id"]
    pin(fourth)
    server.finished(fourth)
    refused = submit(5)
    assert "pinned" in problem(refused, 503)["detail"] and "21 of 20 frames" in refused.json()["detail"]
    pin(first, pinned=False)
    wait_for(lambda: known() == [fourth, third])
    assert submit(5).status_code == 201
    for run in known():
        server.finished(run)
        server.client.delete(f"/api/runs/{run}")


def test_a_run_that_takes_too_long_is_ended_with_its_frames(small):
    record = small.finished(small.client.post("/api/runs", json={**LONG, "capture": {"every": 10_000}}).json()["id"])
    assert record["status"] == "failed" and "longer than 8 s" in record["error"]
    assert len(small.client.get(f"/api/runs/{record['id']}/frames").json()["frames"]) == record["frames"]
    assert 'sigprop_worker_restarts_total{why="took too long"} 1.0' in small.client.get("/metrics").text
    assert small.client.delete(f"/api/runs/{record['id']}").status_code == 204


def test_a_file_that_is_too_large_is_refused(small):
    whole, chunks = b" " * 6000, (b" " * 1000 for _ in range(6))
    for content in (whole, chunks):
        assert "5000" in problem(small.client.post("/api/weights", content=content), 413)["detail"]
    data = safetensors.numpy.save({"x": np.ones(500, np.float32)})
    assert small.client.post("/api/weights", content=data).status_code == 201
