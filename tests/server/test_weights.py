"""Weights kept, uploaded, started from and refused, over real HTTP with real files."""

import gzip
import json
import pickle
import re
import struct

import numpy as np
import pytest
import safetensors.numpy
import torch

from models.config import RunConfig
from tests.conftest import wait_for

CONFIG = {"network": {"depth": 3, "width": 24}, "data": {"name": "moons", "batch_size": 64}, "training": {"steps": 30},
          "capture": {"every": 10, "weights": True}, "seed": 64}


def pretrained(source, **more):
    return {**CONFIG, "init": {"name": "pretrained", "source": source}, "capture": {"every": 10}, **more}


def folder(server):
    """Where people put weights of theirs: the server makes it once it is ready, a moment after it says that it lives."""
    wait_for((found := server.data_dir / "weights").is_dir)
    return found


def frames(server, run):
    return server.client.get(f"/api/runs/{run}/frames").json()["frames"]


def refused(answer, *words):
    body = answer.json()
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json", body
    assert [error["loc"] for error in body["errors"]] == ["init.source"]
    assert all(word in body["errors"][0]["msg"] for word in words), body
    return body


@pytest.fixture(scope="module")
def kept(server):
    """A finished run that kept its weights."""
    record = server.finished(server.client.post("/api/runs", json=CONFIG).json()["id"])
    assert record["status"] == "finished"
    return record["id"]


def test_a_run_starts_from_where_another_ended(server, kept):
    last = frames(server, kept)[-1]
    answer = server.client.post("/api/preview", json=pretrained(kept))
    assert answer.status_code == 200
    body = answer.json()
    assert body["frame"]["quantities"]["weight"]["norm"] == last["quantities"]["weight"]["norm"]
    assert body["frame"]["validation_loss"] == pytest.approx(last["validation_loss"], rel=1e-6)
    assert body["theory"]["applies"] is False and "trained" in body["theory"]["reason"]
    found = next(finding for finding in body["findings"] if finding["rule"] == "pretrained")
    assert found["measured"] == found["threshold"] == 4
    record = server.finished(server.client.post("/api/runs", json=pretrained(kept)).json()["id"])
    assert record["status"] == "finished" and any(finding["rule"] == "pretrained" for finding in record["findings"])
    assert frames(server, record["id"])[0]["validation_loss"] == pytest.approx(last["validation_loss"], rel=1e-6)
    looked = server.finished(server.client.post("/api/runs", json=pretrained(kept, training={"steps": 0})).json()["id"])
    assert looked["frames"] == 1


def test_a_run_from_somebodys_weights_has_an_id_that_nobody_guesses(server, kept):
    config = pretrained(kept, training={"steps": 1})
    first, again = (server.client.post("/api/runs", json=config) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    fresh = server.client.post("/api/runs", params={"fresh": "true"}, json=config).json()["id"]
    fingerprint = RunConfig.model_validate(config).fingerprint()
    ids = {first.json()["id"], fresh}
    assert len(ids) == 2 and all(re.fullmatch("[0-9a-f]{32}", name) and fingerprint not in name for name in ids)
    assert server.client.get(f"/api/runs/{fingerprint}").status_code == 404


def test_what_does_not_fit_is_listed(server, kept):
    body = server.client.post("/api/preview", json=pretrained(kept, network={"depth": 4, "width": 24})).json()
    found = next(finding for finding in body["findings"] if finding["rule"] == "pretrained")
    assert found["layers"] == [4, 5] and found["severity"] == "warning" and "2 × 24 there, 24 × 24 here" in found["cause"]


def test_kept_weights_come_out_as_they_are(server, kept, tmp_path):
    answer = server.client.get(f"/api/weights/{kept}")
    assert answer.status_code == 200 and f'filename="{kept}.safetensors"' in answer.headers["content-disposition"]
    tensors = safetensors.numpy.load(answer.content)
    norms = frames(server, kept)[-1]["quantities"]["weight"]["norm"]
    assert [np.linalg.norm(tensors[f"layers.{row}.weighted.weight"]) for row in range(4)] == pytest.approx(norms, rel=1e-6)
    assert f"{kept}.safetensors" in [entry["source"] for entry in server.client.get("/api/weights").json()["weights"]]


def test_an_upload_is_named_by_its_content_and_used(server):
    random = np.random.default_rng(0)
    shapes = [(24, 2), (24, 24), (24, 24), (2, 24)]
    tensors = {f"{2 * index}.weight": random.normal(size=shape).astype(np.float32) for index, shape in enumerate(shapes)}
    data = safetensors.numpy.save(tensors)
    first, again = (server.client.post("/api/weights", content=data) for _ in range(2))
    assert first.status_code == 201 and first.json() == again.json()
    assert first.json()["tensors"] == {name: list(value.shape) for name, value in tensors.items()}
    frame = server.client.post("/api/preview", json=pretrained(first.json()["source"])).json()["frame"]
    assert frame["quantities"]["weight"]["norm"] == pytest.approx([np.linalg.norm(value) for value in tensors.values()], rel=1e-6)


def test_a_file_in_the_data_directory_is_used(server):
    safetensors.numpy.save_file({"0.weight": np.ones((24, 2), np.float32)}, folder(server) / "mine.safetensors")
    body = server.client.post("/api/preview", json=pretrained("mine.safetensors")).json()
    assert body["frame"]["quantities"]["weight"]["mean"][0] == 1.0
    assert next(finding for finding in body["findings"] if finding["rule"] == "pretrained")["layers"] == [2, 3, 4]


class Harm:
    def __reduce__(self):
        return print, ("harm",)


def test_a_file_that_goes_away_while_the_folder_is_read_is_not_there(server):
    """A link to nothing is what a file looks like that somebody deletes between the folder's listing and the look at it."""
    gone = server.data_dir / "weights" / "gone.safetensors"
    gone.symlink_to("nowhere")
    try:
        listed = server.client.get("/api/weights")
        assert listed.status_code == 200 and gone.name not in [found["source"] for found in listed.json()["weights"]]
        refused = server.client.post("/api/runs", json={"init": {"name": "pretrained", "source": gone.name}})
        assert refused.status_code == 422 and "is not here" in refused.json()["detail"]
    finally:
        gone.unlink()


def test_pickles_are_refused_with_a_sentence(server, tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "model.pt")
    for data in ((tmp_path / "model.pt").read_bytes(), pickle.dumps(Harm())):
        refused(server.client.post("/api/weights", content=data), "pickle", "runs whatever code", "save_file")
    (folder(server) / "renamed.safetensors").write_bytes(pickle.dumps(Harm()))
    refused(server.client.post("/api/preview", json=pretrained("renamed.safetensors")), "pickle")
    refused(server.client.post("/api/runs", json=pretrained("model.pt")), "pickle")
    assert not list((server.data_dir / "weights").glob("*.part"))


def test_what_is_no_safetensors_file_is_refused(server):
    for data in (b"", b"nothing of the kind", safetensors.numpy.save({"x": np.ones(100, np.float32)})[:-8]):
        refused(server.client.post("/api/weights", content=data), "no safetensors file")


def with_header(header, data=b""):
    """A safetensors file of this header, whatever it says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


BOMB = gzip.compress(bytes(50_000_000))
ODD_FILES = {
    "a header of 8 EiB": struct.pack("<Q", 2**63 - 1) + b"{}",
    "a header longer than the file": struct.pack("<Q", 1000) + b"{}",
    "a header that is no JSON": with_header(b"\xff" * 100),
    "a header nested without end": with_header(b"[" * 100_000),
    "a tensor larger than memory": with_header({"x": {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 2**62]}}),
    "a tensor beyond the data": with_header({"x": {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4000]}}, b"1234"),
    "two tensors in one place": with_header({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "xy"}, b"1234"),
    "a negative offset": with_header({"x": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, b"1234"),
    "a compressed bomb": BOMB,
    "a bomb in a header": with_header(BOMB),
}


@pytest.mark.parametrize("data", ODD_FILES.values(), ids=ODD_FILES)
def test_files_made_to_harm_are_refused(server, data):
    before = server.client.get("/api/weights").json()
    refused(server.client.post("/api/weights", content=data), "no safetensors file")
    assert server.client.get("/api/weights").json() == before and not list((server.data_dir / "weights").glob("*.part"))


def test_a_compressed_body_is_taken_as_it_is_and_not_unpacked(server):
    for path in ("/api/preview", "/api/weights"):
        answer = server.client.post(path, content=BOMB, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
        assert answer.status_code == 422


@pytest.mark.parametrize("source", ["../sigprop.db", "/etc/passwd", "..", ".hidden", "a/../../b.safetensors", "weights\\x", "x\u0000y"])
def test_no_name_leads_out_of_the_folder(server, source):
    for path in ("/api/preview", "/api/runs"):
        refused(server.client.post(path, json=pretrained(source)), "no path")
    assert server.client.get(f"/api/weights/{source}".replace("\u0000", "%00")).status_code in (404, 422)


def test_sources_that_are_not_there_say_why(server, kept):
    refused(server.client.post("/api/preview", json=pretrained("")), "is empty", "capture.weights")
    refused(server.client.post("/api/preview", json=pretrained("0123456789abcdef")), "no run on this server")
    refused(server.client.post("/api/preview", json=pretrained("nothing.safetensors")), "upload it")
    without = server.finished(server.client.post("/api/runs", json={**CONFIG, "capture": {"every": 10}}).json()["id"])
    refused(server.client.post("/api/preview", json=pretrained(without["id"])), "kept no weights", "capture.weights true")
    assert server.client.get("/api/weights/nothing").status_code == 404


def test_only_finished_runs_keep_weights_and_deleted_ones_take_them_along(server):
    hot = {**CONFIG, "training": {"steps": 50, "optimizer": {"name": "sgd", "lr": 1e4}}}
    diverged = server.finished(server.client.post("/api/runs", json=hot).json()["id"])
    assert diverged["status"] == "diverged"
    refused(server.client.post("/api/preview", json=pretrained(diverged["id"])), "(diverged) kept no weights")
    gone = server.finished(server.client.post("/api/runs", json={**CONFIG, "seed": 65}).json()["id"])["id"]
    path = server.data_dir / "weights" / f"{gone}.safetensors"
    assert path.exists()
    assert server.client.delete(f"/api/runs/{gone}").status_code == 204 and not path.exists()
