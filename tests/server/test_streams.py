"""The streams' bytes against zlib, and what viewers are told: a few at a time, progress not at every step, a sign of life in silence."""

import asyncio
import json
import random
import sqlite3
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from pathlib import Path

import httpx
import pytest

from server import encode
from server import stream as streams
from server import tail as tails
from server.codings import takes
from server.records import RunRecord
from server.sse import Body, Deflated, Named, Plain, joined, respond
from server.store import NewRun, Store
from tests.conftest import in_a_loop, wait_for

RUN = {"network": {"depth": 4, "width": 32}, "training": {"steps": 12}, "capture": {"every": 2}, "seed": 4711}


@pytest.mark.parametrize("sizes", [(0, 0), (0, 7), (1, 1), (5, 70_000), (200_000, 3), (65_521, 65_522)])
def test_a_checksum_of_two_texts_is_zlibs(sizes):
    first, second = (random.Random(size).randbytes(size) for size in sizes)
    assert joined(zlib.adler32(first), zlib.adler32(second), len(second)) == zlib.adler32(first + second)


def test_viewers_streams_share_pieces_and_each_is_whole_at_every_event():
    bodies = [Body.of(text) for text in (b"{}", b'{"a":' + b"1" * 100_000 + b"}", random.Random(1).randbytes(70_000))]
    orders = [(0, 1, 2), (2, 2, 0), (1,), ()]
    for order in orders:
        plain, packed, inflate = Plain(), Deflated(), zlib.decompressobj()
        assert inflate.decompress(packed.begin) == plain.begin
        for which in order:
            parts = (b"event: frame\ndata: ", bodies[which], b"\nid: 3\n\n")
            assert inflate.decompress(packed.event(*parts)) == plain.event(*parts)  # nothing waits for the next one
        assert inflate.decompress(packed.text(b": ping\n\n")) == plain.text(b": ping\n\n")
        assert inflate.decompress(packed.end()) == plain.end() and inflate.eof  # zlib has checked the sum


@pytest.mark.parametrize("frame", [{}, {"losses": [random.Random(2).random() for _ in range(20_000)]}], ids=["short", "long"])
def test_a_frame_goes_out_as_it_is_stored_and_one_of_an_older_version_too(frame):
    packed, before = encode.pack(frame), zlib.compress(encode.dumps(frame), 1)
    assert encode.unpack(packed) == encode.unpack(before) == encode.dumps(frame)
    bodies = [tails.StoredFrame(0, data).body(encode.View()) for data in (packed, before)]
    assert bodies[0].piece in packed and encode.piece(before) is None
    stream, inflate = Deflated(), zlib.decompressobj()
    sent = stream.begin + b"".join(stream.event(b"data: ", body, b"\n\n") for body in bodies) + stream.end()
    assert inflate.decompress(sent) == 2 * (b"data: " + encode.dumps(frame) + b"\n\n") and inflate.eof


@pytest.mark.parametrize("stream", [Plain(), Deflated()], ids=["plain", "deflated"])
def test_events_that_are_there_together_are_sent_together(stream):
    first, second, third = (Body.of(text) for text in (b"{}", b"[]", b"0"))

    async def events():
        yield Named("status", first, more=True)
        yield Named("frame", second, 7)
        yield Named("end", third)

    async def sent():
        return [bytes(piece) async for piece in respond(events(), stream).body_iterator]

    pieces = in_a_loop(sent())
    said = [b"event: status\ndata: {}\n\nevent: frame\ndata: []\nid: 7\n\n", b"event: end\ndata: 0\n\n", b""]
    if isinstance(stream, Deflated):
        inflate = zlib.decompressobj()
        pieces = [inflate.decompress(piece) for piece in pieces]
    assert pieces == said


@pytest.mark.parametrize(("header", "taken"), [
    ("gzip, deflate, br, zstd", True), ("deflate", True), ("Deflate;q=0.5", True), ("gzip;q=1.0, deflate; q=0.1", True),
    ("", False), ("identity", False), ("gzip", False), ("deflate;q=0", False), ("deflate; q=0.000", False), ("*", False)])
def test_a_stream_is_compressed_for_those_who_take_it(header, taken):
    assert takes("deflate", header) == taken


def test_both_forms_say_the_same_and_one_is_short(server):
    run = server.client.post("/api/runs", json=RUN).json()["id"]
    server.finished(run)
    texts, sizes = {}, {}
    for coding in ("identity", "deflate"):
        with server.client.stream("GET", f"/api/runs/{run}/events", headers={"Accept-Encoding": coding}) as answer:
            assert answer.headers.get("content-encoding", "identity") == coding and answer.headers["vary"] == "Accept-Encoding"
            texts[coding] = answer.read()
            sizes[coding] = answer.num_bytes_downloaded
    assert texts["identity"] == texts["deflate"] and texts["identity"].count(b"event: frame") == 7
    assert sizes["deflate"] < sizes["identity"] / 2


def record(**more):
    values = {"id": "1", "kind": "run", "url": "/runs/1", "status": "running", "config": {}, "version": "0", "device": "cpu",
              "created_at": 0.0, "started_at": 1.0, "finished_at": None, "steps_done": 0, "steps_total": 9, "frames": 1, "error": None,
              "layers": [], "findings": [], "queue_position": None}
    return RunRecord.model_validate({**values, **more})


def test_of_a_run_that_gets_on_many_viewers_are_told_now_and_then_and_of_its_end_at_once():
    tail = tails.Tail(None, record(), 0.05, None)
    tail.wanted[None] = 200
    assert tail._note(record(steps_done=1))
    assert not tail._note(record(steps_done=2, frames=2, bytes=7))
    assert tail._note(record(steps_done=2, frames=2, status="finished"))
    tail.wanted[None], tail.record = 1, record()
    assert not tail._note(record(steps_done=3))
    for steps_done in (3, 4):
        tail.told_at -= tails.PROGRESS_S  # so much later
        assert tail._note(record(steps_done=steps_done))


@pytest.fixture
def waiting(tmp_path):
    """A store with a run that waits."""
    store = Store(f"sqlite:///{tmp_path / 'runs.db'}")
    store.open()
    yield store, store.create(NewRun("waits", "run", "waits", "{}", "0", 5, []))
    store.close()


def test_in_silence_viewers_hear_that_the_line_is_alive(waiting, monkeypatch):
    monkeypatch.setattr(tails, "PING_S", 0.1)
    store, run = waiting

    async def hear():
        async with aclosing(streams.Streams(store, 0.02).events(run, -1, encode.View())) as events:
            return [(await anext(events)).kind for _ in range(3)]

    assert in_a_loop(hear()) == ["status", "ping", "ping"]


def test_the_stores_version_changes_with_what_others_write_and_only_then(waiting):
    store, run = waiting
    first = store.version()
    store.get(run.id)
    assert first is not None and store.version() == first
    Store(store.url).start(run.id, "cpu", 5)
    second = store.version()
    assert second != first
    store.progress(run.id, 1)  # by another connection of the same store
    assert store.version() not in (first, second)


def test_the_version_of_a_store_that_somebody_holds_is_said_while_others_wait_to_write(waiting):
    store, run = waiting
    first = store.version()
    with closing(sqlite3.connect(store.engine.url.database)) as holder, ThreadPoolExecutor(1) as threads:
        holder.execute("BEGIN EXCLUSIVE")
        writing = threads.submit(store.request_cancel, run.id)
        assert store.version() == first and not writing.done()
        holder.rollback()
    assert store.version() != first


def test_of_a_store_that_cannot_be_read_there_is_no_version(tmp_path):
    assert Store(f"sqlite:///{tmp_path / 'nowhere' / 'runs.db'}").version() is None


def test_a_run_is_looked_at_only_where_something_was_written_and_every_frame_arrives(waiting, monkeypatch):
    monkeypatch.setattr(tails, "PAGE", 2)  # more of them than one look finds
    store, run = waiting
    looks = []
    get = store.get
    monkeypatch.setattr(store, "get", lambda run_id: looks.append(run_id) or get(run_id))

    async def watch():
        async with aclosing(streams.Streams(store, 0.001).events(run, -1, encode.View())) as events:
            assert (await anext(events)).kind == "status"
            store.start(run.id, "cpu", 5)
            await anext(events)
            await asyncio.sleep(0.1)
            before = len(looks)
            await asyncio.sleep(0.3)
            assert len(looks) == before
            writer = Store(store.url)
            for seq in range(5):
                writer.append_frame(run.id, seq, seq, encode.pack({"seq": seq}))
            writer.finish(run.id, "finished")
            return [event.seq if event.kind == "frame" else event.kind async for event in events]

    seen = in_a_loop(watch())
    assert [one for one in seen if isinstance(one, int)] == [0, 1, 2, 3, 4] and seen[-1] == "end"


def test_many_viewers_all_get_everything_and_none_is_left_when_they_go(waiting):
    store, run = waiting

    async def view(found, kinds):
        async with aclosing(found.events(run, -1, encode.View())) as events:
            async for event in events:
                kinds.append(event.kind)

    async def watch():
        found, kinds = streams.Streams(store, 0.02), [[] for _ in range(3 * tails.TOGETHER + 1)]
        viewers = [asyncio.create_task(view(found, each)) for each in kinds]
        await asyncio.sleep(0.2)
        assert found.viewers == len(viewers)
        viewers[0].cancel()
        store.start(run.id, "cpu", 5)
        store.finish(run.id, "cancelled")
        await asyncio.wait(viewers)
        return found.viewers, kinds

    left, kinds = in_a_loop(watch())
    assert left == 0 and kinds[0] == ["status"]
    assert all(each[0] == "status" and each[-1] == "end" and each.count("end") == 1 for each in kinds[1:])


def test_the_servers_own_process_has_no_torch(server):
    assert server.client.post("/api/preview", json=RUN).status_code == 200
    assert server.client.post("/api/theory", json=RUN).status_code == 200
    pids = [server.process.pid, *(int(pid) for pid in _children(server.process.pid))]
    torch = {pid: "libtorch" in Path(f"/proc/{pid}/maps").read_text() for pid in pids}
    assert not torch[server.process.pid] and any(torch.values())


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_viewer_who_goes_is_no_viewer_any_more(server):
    run = server.client.post("/api/runs", json={**RUN, "training": {"steps": 100_000}, "capture": {"every": 1000}}).json()["id"]
    with httpx.Client(base_url=server.url) as other, other.stream("GET", f"/api/runs/{run}/events") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: status"
        assert viewers(server) == 1
    wait_for(lambda: viewers(server) == 0)
    assert server.client.post(f"/api/runs/{run}/cancel").status_code == 200
    server.finished(run)


def viewers(server):
    text = server.client.get("/metrics").text
    return float(next(line for line in text.splitlines() if line.startswith("sigprop_viewers ")).split()[1])


def test_the_compact_form_is_the_same_frame_everywhere_it_is_asked_for(server):
    run = server.client.post("/api/runs", json=RUN).json()["id"]
    server.finished(run)
    wanted = {"form": "compact", "quantities": "activation,update"}
    answers = server.client.get(f"/api/runs/{run}/frames", params=wanted).json()["frames"]
    full = server.client.get(f"/api/runs/{run}/frames", params={"quantities": "activation,update"}).json()["frames"]
    assert [encode.formed(frame, "compact") for frame in full] == answers and len(answers) == 7
    for path, params in ((f"/api/runs/{run}/events", wanted), ("/api/events", wanted | {"runs": run})):
        text = server.client.get(path, params=params).text
        said = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith('data: {"seq"')]
        assert said == answers
    previews = [server.client.post("/api/preview", json=RUN, params=form).json() for form in ({}, {"form": "compact"})]
    for answer in previews:
        answer["frame"]["time_s"] = 0.0
    assert previews[0] | {"frame": encode.formed(previews[0]["frame"], "compact")} == previews[1]
    assert server.client.get(f"/api/runs/{run}/frames", params={"form": "short"}).status_code == 422


def test_a_compact_frame_of_50_layers_takes_at_most_25_kb_of_a_stream(server):
    run = server.client.post("/api/runs", json={"network": {"depth": 50}, "training": {"steps": 1}, "capture": {"every": 1}}).json()["id"]
    server.finished(run)
    sizes = []
    for after in ("0", "1"):  # the last frame and the end, and the end alone
        with server.client.stream("GET", f"/api/runs/{run}/events", params={"form": "compact", "after": after},
                                  headers={"Accept-Encoding": "deflate"}) as answer:
            answer.read()
            sizes.append(answer.num_bytes_downloaded)
    assert 10_000 < sizes[0] - sizes[1] <= 25_000
