"""Limits on what is stored, sent and computed, with a real server that has small ones."""

import os
import signal
import sqlite3
from contextlib import closing

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from server.keeping import Held, removable
from tests.conftest import start_server, wait_for
from tests.processes import workers_below
from tests.server.test_api import problem
from tests.server.test_faults import LONG

MAX_BYTES = 100_000
MAX_UPLOAD_BYTES = 90_000
SEVEN = {"network": {"depth": 2, "width": 8}, "training": {"steps": 6}, "capture": {"every": 1}}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    live = start_server(tmp_path_factory.mktemp("small") / "data", "--max-stored-frames", "20", "--max-run-s", "8",
                        "--preview-timeout-s", "5", "--max-upload-bytes", str(MAX_UPLOAD_BYTES), "--max-stored-gib", str(MAX_BYTES / 2**30))
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


def test_a_preview_that_no_worker_begins_is_told_so(small):
    """Workers that cannot get on, as on a machine that swaps."""
    def previewed():
        return small.client.post("/api/preview", json=SEVEN).status_code == 200

    wait_for(previewed)
    workers = workers_below(small.process.pid)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        refused = small.client.post("/api/preview", json=SEVEN)
        assert "No worker has begun" in problem(refused, 503)["detail"] and int(refused.headers["retry-after"]) > 0
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    wait_for(previewed)


def test_a_file_that_is_too_large_is_refused(small):
    part = b" " * (MAX_UPLOAD_BYTES // 5)
    for content in (6 * part, (part for _ in range(6))):
        assert str(MAX_UPLOAD_BYTES) in problem(small.client.post("/api/weights", content=content), 413)["detail"]
    data = safetensors.numpy.save({"x": np.ones(500, np.float32)})
    source = small.client.post("/api/weights", content=data).json()["source"]
    assert small.client.delete(f"/api/weights/{source}").status_code == 204


def test_weights_count_and_go_by_the_same_rule(small):
    server = small
    folder = server.data_dir / "weights"

    def upload(letter, size):
        return server.client.post("/api/weights", content=safetensors.numpy.save({letter: np.full(size // 4, ord(letter), np.float32)}))

    def sources():
        return {entry["source"] for entry in server.client.get("/api/weights").json()["weights"]}

    def run(config, pinned):
        record = server.finished(server.client.post("/api/runs", json=config).json()["id"])
        server.client.patch(f"/api/runs/{record['id']}", json={"pinned": pinned})
        return record["id"]

    def starting_from(source, **more):
        return {**SEVEN, "training": {"steps": 0}, "init": {"name": "pretrained", "source": source}, **more}

    by_hand = folder / "mine.safetensors"
    first, second = (upload(letter, 30_000).json()["source"] for letter in "ab")
    by_hand.write_bytes(bytes(2 * MAX_BYTES))  # somebody's own: not counted, and never removed
    needs_first = run(starting_from(first), pinned=True)
    keeps = run({**SEVEN, "training": {"steps": 1}, "capture": {"weights": True}}, pinned=False)
    needs_kept = run(starting_from(keeps), pinned=True)
    storage = server.client.get("/api/runs").json()["storage"]
    files = sum((folder / name).stat().st_size for name in (first, second, f"{keeps}.safetensors"))
    frames = sum(server.client.get(f"/api/runs/{name}").json()["bytes"] for name in (needs_first, keeps, needs_kept))
    assert (storage["weights_bytes"], storage["bytes"]) == (files, files + frames) and 60_000 < files < MAX_BYTES - 5000

    third = upload("c", 30_000).json()["source"]  # the second goes: older ones are what pinned runs start from
    assert sources() == {first, third, f"{keeps}.safetensors", by_hand.name}
    refused = problem(upload("d", 80_000), 503)
    assert "--max-stored-gib" in refused["detail"] and "Unpin" in refused["detail"]
    assert sources() == {first, third, f"{keeps}.safetensors", by_hand.name} and not list(folder.glob("*.part"))

    server.client.patch(f"/api/runs/{needs_first}", json={"pinned": False})
    last = upload("d", 80_000).json()["source"]
    assert sources() == {last, f"{keeps}.safetensors", by_hand.name}
    assert [server.client.get(f"/api/runs/{name}").status_code for name in (needs_first, keeps, needs_kept)] == [404, 200, 200]

    endless = starting_from(last, training={"steps": 1_000_000}, capture={"every": 900_000})
    waits = server.client.post("/api/runs", json=endless).json()["id"]
    assert waits in problem(server.client.delete(f"/api/weights/{last}"), 409)["detail"]
    server.client.post(f"/api/runs/{waits}/cancel")
    server.finished(waits)
    assert server.client.delete(f"/api/weights/{last}").status_code == 204
    problem(server.client.delete(f"/api/weights/{last}"), 404)
    large = {**SEVEN, "network": {"depth": 2, "width": 256}, "capture": {"weights": True}}
    assert problem(server.client.post("/api/runs", json=large), 422)["errors"][0]["loc"] == "capture.weights"
    by_hand.unlink()


@st.composite
def stores(draw):
    """Things of which some start from an earlier one."""
    made = []
    for number in range(draw(st.integers(0, 8))):
        start = draw(st.sampled_from([None, "gone", *(one.name for one in made)]))
        made.append(Held(str(number), draw(st.floats(0, 9)), 1, 1, draw(st.booleans()), start))
    return draw(st.permutations(made))


@given(stores())
def test_the_order_is_that_of_looking_anew_each_time(everything):
    left, gone = list(everything), []
    while free := [one for one in left if not one.stays and all(other.start != one.name for other in left)]:
        gone.append(min(free, key=lambda one: (one.since, one.name)))
        left.remove(gone[-1])
    assert list(removable(everything)) == gone
