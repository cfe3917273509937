"""Data sets over real HTTP: fetched once, resumed, refused where they are wrong, and a clear word where there is no network."""

import asyncio
import hashlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from models.images import MNIST, MNIST_FILES
from server import fetch
from server.downloads import Downloads, Job
from server.errors import Unavailable
from server.fetch import FetchError, Stopped, WrongContent
from tests import mirror
from tests.conftest import free_port, in_a_loop, wait_for

IMAGES = MNIST_FILES[0]
THREADS = 40
"""That AnyIO gives to all requests together."""
RUN = {"network": {"depth": 1, "width": 64}, "data": {"name": "mnist", "batch_size": 50}, "training": {"epochs": 2},
       "capture": {"every": 1000}}


@pytest.fixture
def folder(tmp_path):
    mirror.make_mnist(tmp_path / "mirror")
    return tmp_path / "mirror"


@pytest.fixture
def source(folder):
    with mirror.served(folder) as running:
        yield running


def same(folder, place):
    return all((folder / "mnist" / name).read_bytes() == (place / "mnist" / name).read_bytes() for name in MNIST_FILES)


def bring(downloads, name="mnist"):
    downloads.want(name).future.result(60)


def tried(server, path, body):
    """The answer, once the fetching has come to an end."""
    answer = server.client.post(path, json=body)
    return None if "fetching" in answer.json() else answer


async def told_while_many_wait(url, body):
    """The status of a health call made while more previews wait for a data set than the server has threads for them."""
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None)) as client:
        waiting = [asyncio.create_task(client.post("/api/preview", json=body)) for _ in range(4 * THREADS)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        answer = await client.get("/api/health")
        assert sum(not one.done() for one in waiting) > THREADS  # else it would have waited for its turn
        assert {one.status_code for one in await asyncio.gather(*waiting)} == {503}
        return answer.status_code


@pytest.mark.slow
def test_a_run_waits_for_its_data_through_a_stop_and_the_next_one_finds_it_there(own_server, source, folder):
    held = source.hold[IMAGES] = threading.Event()
    server = own_server("--dataset-mirror", source.url)
    def being_fetched():  # a worker that is not there yet is told in the same way
        answer = server.client.post("/api/preview", json=RUN)
        return answer if answer.json().get("fetching") else None

    waiting = wait_for(being_fetched)
    body = waiting.json()
    assert waiting.status_code == 503 and waiting.headers["content-type"] == "application/problem+json"
    assert waiting.headers["retry-after"] == "1" and "mnist is being fetched" in body["detail"] and body["fetching"]["file"] == IMAGES
    answer = server.client.post("/api/runs", json=RUN)
    record = answer.json()
    assert answer.status_code == 201 and record["status"] == "queued" and record["fetching"]["name"] == "mnist"
    given_up = server.client.post("/api/runs", json={**RUN, "seed": 1}).json()["id"]
    assert server.client.post(f"/api/runs/{given_up}/cancel").json()["status"] == "cancelled"
    other = server.client.post("/api/runs", json={"network": {"depth": 2, "width": 8}, "training": {"steps": 2}}).json()
    assert server.finished(other["id"])["status"] == "finished"  # whoever needs no file does not wait for one
    assert in_a_loop(told_while_many_wait(server.url, RUN)) == 200
    seen = next(data for kind, _, data in server.events(record["id"]) if kind == "status")
    assert 0 < seen["fetching"]["done_bytes"] < seen["fetching"]["total_bytes"]

    server.stop()
    assert server.process.returncode == 0
    held.set()
    again = own_server("--dataset-mirror", source.url)
    record = again.finished(record["id"])
    assert record["status"] == "finished" and record["steps_total"] == record["steps_done"] == 2 * (1500 // 50)
    assert record["fetching"] is None and same(folder, again.data_dir / "datasets")
    asked = len(source.asked)
    frame = again.client.post("/api/preview", json={**RUN, "seed": 1}).json()["frame"]
    assert frame["validation_accuracy"] is not None and len(source.asked) == asked
    assert not list((again.data_dir / "datasets").rglob("*.part"))
    assert again.client.get(f"/api/runs/{given_up}").json()["started_at"] is None


def test_a_cut_connection_is_taken_up_where_it_was_cut(source, folder, tmp_path):
    source.cut[IMAGES] = 1000
    bring(Downloads(tmp_path / "here", source.url))
    assert same(folder, tmp_path / "here")
    assert source.ranges(IMAGES) == [None, "bytes=1000-"]


def test_bytes_of_an_earlier_server_are_taken_up(source, folder, tmp_path):
    part = tmp_path / "here" / "mnist" / f"{IMAGES}.part"
    mirror.write(part, (folder / "mnist" / IMAGES).read_bytes()[:5000])
    bring(Downloads(tmp_path / "here", source.url))
    assert source.ranges(IMAGES) == ["bytes=5000-"] and same(folder, tmp_path / "here") and not part.exists()


def test_a_beginning_that_belongs_to_another_file_is_thrown_away(source, folder, tmp_path):
    mirror.write(tmp_path / "here" / "mnist" / f"{IMAGES}.part", b"x" * 5000)
    mirror.write(tmp_path / "here" / "mnist" / f"{MNIST_FILES[1]}.part", b"x" * 10_000_000)  # longer than the whole file
    bring(Downloads(tmp_path / "here", source.url))
    assert same(folder, tmp_path / "here") and source.ranges(IMAGES) == ["bytes=5000-", None]


def test_a_corrupted_file_is_refused_and_fetched_again(source, folder, tmp_path):
    source.spoil[IMAGES] = 1
    bring(Downloads(tmp_path / "here", source.url))
    assert same(folder, tmp_path / "here") and len(source.ranges(IMAGES)) == 2


def test_a_file_that_is_always_corrupted_is_never_used(source, tmp_path):
    source.spoil[IMAGES] = 1000
    with pytest.raises(Unavailable, match="SHA-256") as caught:
        bring(Downloads(tmp_path / "here", source.url))
    assert caught.value.more["file"] == IMAGES and not (tmp_path / "here" / "mnist" / IMAGES).exists()


def test_a_file_that_was_spoiled_on_disk_is_fetched_again(source, folder, tmp_path):
    bring(Downloads(tmp_path / "here", source.url))
    path = tmp_path / "here" / "mnist" / IMAGES
    path.write_bytes(path.read_bytes()[:-1])
    bring(Downloads(tmp_path / "here", source.url))
    assert same(folder, tmp_path / "here")


def test_what_lies_there_is_used_while_the_mirror_does_not_answer(folder, tmp_path):
    with mirror.served(folder) as running:
        bring(Downloads(tmp_path / "here", running.url))
    bring(Downloads(tmp_path / "here", running.url))
    (tmp_path / "here" / "mnist" / IMAGES).unlink()
    with pytest.raises(Unavailable, match=IMAGES):
        bring(Downloads(tmp_path / "here", running.url))


def test_a_mirror_can_be_a_folder(folder, tmp_path):
    bring(Downloads(tmp_path / "here", str(folder)))
    assert same(folder, tmp_path / "here")


def test_a_home_is_held_to_the_pinned_hashes(source, folder, tmp_path):
    bring(Downloads(tmp_path / "here", str(folder)))
    nearer = replace(MNIST, homes=(f"{source.url}/mnist",))  # a home that sends other digits than the pinned ones
    with pytest.raises(Unavailable, match=MNIST.files[0].sha256):
        Downloads(tmp_path / "here", None)._bring(nearer, Job())
    assert not (tmp_path / "here" / "mnist" / IMAGES).exists()


def test_no_network_is_a_problem_that_helps_and_files_put_there_by_hand_are_used(own_server, folder):
    server = own_server("--dataset-mirror", f"http://127.0.0.1:{free_port()}")
    for path in ("/api/preview", "/api/runs", "/api/sweeps"):
        answer = wait_for(lambda path=path: tried(server, path, {"base": RUN} if path.endswith("sweeps") else RUN))
        body = answer.json()
        assert answer.status_code == 503 and answer.headers["content-type"] == "application/problem+json", path
        assert body["errors"][0]["loc"] == "data.name" and body["without_network"] == ["digits", "gaussian", "moons", "circles", "spirals"]
        assert Path(body["place"]) == server.data_dir / "datasets" / "mnist"
        assert body["missing"] == [*MNIST_FILES, "SHA256SUMS"]
        for word in (*body["missing"], body["place"], "by hand", "--dataset-mirror", "gaussian"):
            assert word in body["detail"]
    assert server.client.get("/api/runs").json()["runs"] == []
    assert server.client.post("/api/preview", json={"network": {"depth": 2}}).status_code == 200
    shutil.copytree(folder / "mnist", body["place"], dirs_exist_ok=True)
    assert server.client.post("/api/preview", json=RUN).status_code == 200


def test_a_wrong_file_put_there_by_hand_is_refused_with_the_reason(tmp_path):
    place = tmp_path / "data" / "mnist"
    place.mkdir(parents=True)
    (place / IMAGES).write_bytes(b"another file")
    (place / "SHA256SUMS").write_text("".join(f"{'0' * 64}  {name}\n" for name in MNIST_FILES))
    with pytest.raises(Unavailable) as refused:
        bring(Downloads(tmp_path / "data", str(tmp_path / "no mirror")))
    assert f"{place / IMAGES} had the SHA-256 {hashlib.sha256(b'another file').hexdigest()}" in str(refused.value.detail)
    assert not (place / IMAGES).exists()


def test_a_mirror_without_a_sum_or_a_file_is_said(source, folder, tmp_path):
    (folder / "mnist" / "SHA256SUMS").write_text("0" * 64 + "  other\n")
    with pytest.raises(Unavailable, match="has no line for it"):
        bring(Downloads(tmp_path / "here", source.url))
    with pytest.raises(Unavailable, match=r"SHA256SUMS of cifar10 .*404"):
        bring(Downloads(tmp_path / "here", source.url), "cifar10")


def test_two_who_want_the_same_share_one_fetch(source, tmp_path):
    held = source.hold[IMAGES] = threading.Event()
    downloads, seen = Downloads(tmp_path / "here", source.url), []
    first, second = downloads.want("mnist"), downloads.want("mnist", seen.append)
    assert first is second
    held.set()
    bring(downloads)
    assert len(source.ranges(IMAGES)) == 1 and seen[-1].percent == 100
    assert [now.done_bytes for now in seen] == sorted(now.done_bytes for now in seen)


def test_one_file_by_itself(source, folder, tmp_path):
    sha256, target = fetch.digest(folder / "mnist" / IMAGES), tmp_path / IMAGES
    with fetch.new_client() as client:
        def get(address, digits=sha256, stopped=lambda: False):
            fetch.fetch(client, address, target, digits, lambda done, total: None, stopped)

        with pytest.raises(FetchError, match="404"):
            get(f"{source.url}/mnist/nothing")
        with pytest.raises(WrongContent, match=sha256):
            get(f"{source.url}/mnist/{IMAGES}", "0" * 64)
        assert not target.exists() and not list(tmp_path.glob("*.part"))
        with pytest.raises(Stopped):
            get(f"{source.url}/mnist/{IMAGES}", stopped=lambda: True)
        with pytest.raises(FetchError, match="No such file"):
            get(str(folder / "nothing"))
        assert not target.exists()
        get(f"{source.url}/mnist/{IMAGES}")
    assert target.read_bytes() == (folder / "mnist" / IMAGES).read_bytes()


def test_the_pinned_hashes_are_whole_and_their_sizes_are_told(server):
    for file in MNIST.files:
        assert len(bytes.fromhex(file.sha256)) == 32
    entries = {entry["name"]: entry for entry in server.client.get("/api/catalog").json()["choices"]["data"]["entries"]}
    assert "12 MB" in entries["mnist"]["note"] and "170 MB" in entries["cifar10"]["note"]
    own = {parameter["name"]: parameter for parameter in entries["mnist"]["parameters"]}
    assert own["validation_fraction"]["default"] == "test" and list(own) == ["validation_fraction", "batch_size"]
