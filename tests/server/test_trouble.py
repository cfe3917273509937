"""A store that cannot be used for a while, or is damaged: who asks is told, who watches comes back, and no run is left behind."""

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from server.engine import LocalEngine
from server.errors import install
from server.openapi import Api
from server.schema import CannotOpen, opening
from server.store import NewRun, Store
from tests import mirror
from tests.conftest import in_a_loop, wait_for
from tests.processes import descendants, gone
from tests.server.test_api import problem
from tests.server.test_disk import why_it_ends
from tests.server.test_downloads import IMAGES, RUN
from tests.server.test_faults import LONG, SHORT, running

REQUEST_THREADS = 40
"""As many as the server has for all requests together (server/deps.py)."""

MANY = 30
"""Requests that write: most of these threads."""


@pytest.mark.slow
def test_a_file_that_another_program_holds_keeps_nobody_from_looking_and_no_run_waiting_for_ever(own_server, tmp_path):
    mirror.make_mnist(tmp_path / "mirror")
    with mirror.served(tmp_path / "mirror") as source, ThreadPoolExecutor(MANY) as threads:
        held = source.hold[IMAGES] = threading.Event()
        server = own_server("--dataset-mirror", source.url)
        waits = server.client.post("/api/runs", json=RUN).json()["id"]
        over = server.client.post("/api/runs", json=SHORT).json()["id"]
        server.finished(over)
        ran = server.client.post("/api/runs", json={**LONG, "capture": {"every": 250}}).json()["id"]
        running(server, ran)
        with closing(sqlite3.connect(server.data_dir / "sigprop.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            held.set()  # the run's data set is there, and nobody can write that it need not wait any longer
            asked = [threads.submit(server.client.patch, f"/api/runs/{over}", json={"title": str(number)}) for number in range(MANY)]
            time.sleep(1)
            assert server.client.get("/api/health").json()["ready"] is True
            assert [kind for kind, *_ in server.events(over)][-1] == "end" and server.client.get("/metrics").status_code == 200
            assert not any(one.done() for one in asked)  # they wait 15 s: all of this was answered meanwhile
            for one in asked:
                assert "database is locked" in problem(one.result(), 503)["detail"] and int(one.result().headers["retry-after"]) > 0
            assert server.client.get(f"/api/runs/{waits}").json()["status"] == "queued"
            log = server.data_dir.parent / "data.log"
            wait_for(lambda: f"run {ran}: " in log.read_text())  # its worker, which may have begun to write later, has given up, too
        record = server.finished(ran)
        assert record["status"] == "failed" and record["error"].startswith("The store cannot be used: database is locked. Nothing")
        assert "kept" in record["error"] and "sqlalche" not in record["error"] and record["words"]["error"]
        assert server.finished(waits)["status"] == "finished"


def test_while_the_store_cannot_be_read_the_server_lives_and_viewers_come_back(own_server):
    server = own_server("--log-format", "json")
    ran = server.client.post("/api/runs", json={**LONG, "capture": {"every": 250}}).json()["id"]
    running(server, ran)
    with closing(sqlite3.connect(server.data_dir / "sigprop.db", isolation_level=None)) as other, ThreadPoolExecutor(2) as threads:
        streams = [threads.submit(server.client.get, path, params={"runs": ran}, timeout=60)
                   for path in (f"/api/runs/{ran}/events", "/api/events")]
        wait_for(lambda: "sigprop_viewers 2.0" in server.client.get("/metrics").text)
        other.execute("ALTER TABLE runs RENAME TO elsewhere")
        for stream in streams:
            text = stream.result(60).text
            assert "event: frame" in text and "event: end" not in text
        told = server.client.get("/api/health")
        assert told.status_code == 200 and told.json()["ready"] is False and told.json()["queued"] is told.json()["running"] is None
        assert "log says why" in problem(server.client.get("/api/health/ready"), 503)["detail"]
        for path in ("/api/runs", f"/api/runs/{ran}", f"/api/runs/{ran}/events", f"/api/events?runs={ran}"):
            assert "no such table" in problem(server.client.get(path), 503)["detail"], path
        assert "sigprop_runs_queued NaN" in server.client.get("/metrics").text
        assert server.client.post("/api/preview", json=SHORT).status_code == 200
        log = server.data_dir.parent / "data.log"
        wait_for(lambda: f"run {ran}: " in log.read_text() and "It is tried again." in log.read_text())  # its worker has met it, too
        other.execute("ALTER TABLE elsewhere RENAME TO runs")
    record = server.finished(ran)
    assert record["status"] == "failed" and "no such table" in record["error"]
    events = list(server.events(ran))
    assert events[-1][0] == "end" and sum(kind == "frame" for kind, *_ in events) == record["frames"] > 0
    assert server.client.get("/api/health/ready").json() == {**server.client.get("/api/health").json(), "ready": True}


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_while_another_program_holds_its_file_ends_well(own_server):
    server = own_server()
    ran = server.client.post("/api/runs", json=LONG).json()["id"]
    running(server, ran)
    processes = descendants(server.process.pid)
    with closing(sqlite3.connect(server.data_dir / "sigprop.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        server.process.terminate()
        assert server.process.wait(120) == 0
    wait_for(lambda: gone(processes))
    log = (server.data_dir.parent / "data.log").read_text()
    assert "runs are ended as they are" in log and "Traceback" not in log
    record = own_server().client.get(f"/api/runs/{ran}").json()
    assert record["status"] == "failed" and record["error"].startswith("interrupted")


def queued(path, count=1):
    """A store with runs that wait."""
    store = Store(f"sqlite:///{path}")
    store.open()
    for number in range(count):
        store.create(NewRun(f"run{number}", "run", f"run{number}", '{"note": "' + "x" * 500 + '"}', "0", 5, []))
    return store


def test_as_many_as_there_are_threads_for_requests_use_the_store_at_once(tmp_path):
    """Each holds its connection until all have one. With fewer connections those who only read would wait for those who wait to write."""
    store, together = queued(tmp_path / "sigprop.db"), threading.Barrier(REQUEST_THREADS)

    def met(*run):
        return together.wait(20) >= 0

    with ThreadPoolExecutor(REQUEST_THREADS) as threads:
        found = list(threads.map(lambda _: store.page(None, 1, None, met), range(REQUEST_THREADS)))
    store.close()
    assert [[run.id for run in page] for page, _ in found] == [["run0"]] * REQUEST_THREADS


def test_damage_that_shows_after_the_schema_is_said_in_a_sentence_and_nothing_is_overwritten(tmp_path):
    queued(tmp_path / "sigprop.db", 200).close()
    path = tmp_path / "sigprop.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4)
        file.write(os.urandom(size // 2))
    damaged = path.read_bytes()
    assert "damaged" in why_it_ends(tmp_path) and path.read_bytes() == damaged


def test_a_run_whose_end_meets_another_error_has_failed_with_it(tmp_path):
    engine = LocalEngine.__new__(LocalEngine)
    with closing(queued(tmp_path / "runs.db")) as engine.store:
        def write():
            raise ValueError("a mistake")

        engine._settle("run0", write)
        record = engine.store.get("run0")
    assert record.status == "failed" and record.error == "ValueError: a mistake"


def test_only_what_may_mend_itself_is_trouble():
    """A constraint that does not hold is a mistake of the server's, and answered as one."""
    app = Api(title="Errors", version="0")
    install(app, 1000, {})

    @app.get("/{kind}")
    def fail(kind: str):
        raise {"locked": OperationalError, "twice": IntegrityError}[kind]("", {}, ValueError("why"))

    async def statuses():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return [(await client.get(f"/{kind}")).status_code for kind in ("locked", "twice")]

    assert in_a_loop(statuses()) == [503, 500]
    with pytest.raises(CannotOpen, match=r"here cannot be written: why"), opening("here"):
        raise OperationalError("", {}, ValueError("why"))
