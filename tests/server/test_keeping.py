"""What the store may hold, with a real server whose store is small."""

import sqlite3
from contextlib import closing

from tests.conftest import wait_for
from tests.server.test_api import problem

SEVEN = {"network": {"depth": 2, "width": 8}, "training": {"steps": 6}, "capture": {"every": 1}}


def test_the_oldest_unpinned_runs_go_when_the_store_is_full(own_server):
    server = own_server("--max-stored-frames", "20")

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
