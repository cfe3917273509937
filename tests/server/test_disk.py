"""The disk is full or cannot be written, the database is held, damaged or newer: a sentence, nothing lost, nothing overwritten."""

import contextlib
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys

import httpx
import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import ROOT, start_server, wait_for
from tests.processes import workers_below

FRAMES = {"network": {"depth": 20, "width": 32}, "data": {"name": "gaussian", "batch_size": 32}, "training": {"steps": 4000},
          "capture": {"every": 2, "bins": 128}}
SHORT = {"network": {"depth": 2, "width": 8}, "data": {"name": "gaussian"}, "training": {"steps": 2}}


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a folder on a disk of its own of a few MB; skips where this may not be done."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def running(server):
    run = server.client.post("/api/runs", json=FRAMES, params={"fresh": True}).json()["id"]
    wait_for(lambda: server.client.get(f"/api/runs/{run}").json()["frames"] > 2)
    return run


def failed_and_kept(server, run):
    """The run has failed with a sentence, and every frame that it counts is there."""
    record = server.finished(run)
    assert record["status"] == "failed" and "store cannot be used" in record["error"] and "sqlalche" not in record["error"], record
    frames = server.client.get(f"/api/runs/{run}/export.json").json()["frames"]
    assert [frame["seq"] for frame in frames] == list(range(record["frames"])) and len(frames) > 2


def fill(path):
    """Somebody else's file takes all the room that is left."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as other:
        while other.write(b"x" * 4096):
            pass


def test_a_full_disk_and_files_that_may_not_grow_fail_what_writes_and_nothing_else(small_disk):
    server = start_server(small_disk)
    try:
        short = server.finished(server.client.post("/api/runs", json=SHORT).json()["id"])["id"]
        run = running(server)
        fill(small_disk / "other")
        answers = (server.client.post("/api/runs", json={**SHORT, "seed": seed}) for seed in range(1000))
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert "disk is full" in refused.json()["detail"] and int(refused.headers["retry-after"]) > 0
        assert server.client.get(f"/api/runs/{run}").status_code == server.client.get("/").status_code == 200
        assert server.client.post("/api/preview", json=SHORT).status_code == 200
        log = small_disk.with_name(f"{small_disk.name}.log")
        wait_for(lambda: f"run {run}: The store cannot be used" in log.read_text())
        assert (small_disk / "reserve").exists()
        assert server.client.delete(f"/api/runs/{short}").status_code == 204 and not (small_disk / "reserve").exists()
        assert server.client.get(f"/api/runs/{short}").status_code == 404
        (small_disk / "other").unlink()
        failed_and_kept(server, run)
        again = server.client.post("/api/runs", json={**SHORT, "seed": 2000}).json()["id"]
        assert server.finished(again)["status"] == "finished"
        run = running(server)
        size = (server.data_dir / "sigprop.db-wal").stat().st_size
        for worker in workers_below(server.process.pid):
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, size))
        failed_and_kept(server, run)
    finally:
        server.stop()
    assert server.process.returncode == 0


def test_weights_that_do_not_fit_on_the_disk_are_refused_and_leave_nothing_behind(small_disk):
    server = start_server(small_disk)
    folder = server.data_dir / "weights"
    try:
        wait_for(folder.is_dir)
        refused = server.client.post("/api/weights", content=safetensors.numpy.save({"x": np.ones(2_000_000, np.float32)}))
        assert refused.status_code == 503 and "No space left" in refused.json()["detail"] and int(refused.headers["retry-after"]) > 0
        keeps = {**SHORT, "network": {"depth": 3, "width": 700}, "capture": {"weights": True}}
        record = server.finished(httpx.post(f"{server.url}/api/runs", json=keeps, timeout=60).json()["id"])
        assert record["status"] == "failed" and "weights could not be kept" in record["error"] and record["frames"] == 3
        address = httpx.URL(server.url)
        with socket.create_connection((address.host, address.port)) as line:
            head = f"POST /api/weights HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: 500000\r\n\r\n"
            line.sendall(head.encode() + b"x" * 100_000)
            wait_for(lambda: list(folder.iterdir()))
        wait_for(lambda: not list(folder.iterdir()))
    finally:
        server.stop()
    log = small_disk.with_name(f"{small_disk.name}.log").read_text()
    assert "went away" in log and "Traceback" not in log


def why_it_ends(data_dir):
    """What a server says that cannot start with this data directory; it says so once and ends."""
    options = ["--port", "0", "--data-dir", str(data_dir)]
    ended = subprocess.run([sys.executable, "-m", "server", *options], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr and ended.stderr.count("cannot start") == 1, ended.stderr
    return ended.stderr


def test_a_data_directory_of_a_newer_version_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "sigprop.db") as connection:
        connection.executescript("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    before = (tmp_path / "sigprop.db").read_bytes()
    assert "newer version" in why_it_ends(tmp_path)
    assert (tmp_path / "sigprop.db").read_bytes() == before and os.listdir(tmp_path) == ["sigprop.db"]


def test_a_database_that_another_program_holds_is_said(tmp_path):
    holder = sqlite3.connect(tmp_path / "sigprop.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert "locked" in why_it_ends(tmp_path)
    holder.close()


def test_a_disk_that_may_not_be_written_is_said(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "Read-only file system" in why_it_ends(small_disk / "data")
    assert os.listdir(small_disk) == []
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    shutil.copyfile(ROOT / "README.md", small_disk / "sigprop.db")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "no database" in why_it_ends(small_disk)
    assert (small_disk / "sigprop.db").read_bytes() == (ROOT / "README.md").read_bytes()
