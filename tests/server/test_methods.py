"""What HTTP asks of every server (RFC 9110): HEAD is GET's head, 405 names every method that there is, 404 is for what is not there,
and the forms of one answer are told apart. Addresses and their methods are the OpenAPI document's."""

import re

import httpx
import pytest

from tests.conftest import wait_for

TINY = {"network": {"depth": 1, "width": 4}, "training": {"steps": 1}}
MAP = {"base": TINY, "sigma_w2": {"low": 1, "high": 2, "count": 2}, "sigma_b2": {"low": 0, "high": 1, "count": 2}}


@pytest.fixture(scope="module")
def addresses(server):
    """{path that leads somewhere: the methods of every operation with such a path}, of all that the server describes."""
    run = server.client.post("/api/runs", json={**TINY, "capture": {"weights": True}}).json()["id"]
    sweep = server.client.post("/api/sweeps", json=MAP).json()["id"]
    assert server.finished(run)["status"] == "finished"
    wait_for(lambda: server.client.get(f"/api/sweeps/{sweep}").json()["status"] == "finished")
    names = {"run_id": run, "sweep_id": sweep, "source": run}
    described = server.client.get("/openapi.json").json()["paths"]
    paths = [re.sub(r"\{(\w+)\}", lambda name: names[name[1]], path) for path in described]
    return {path: {method.upper() for template, methods in described.items() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
                   for method in methods} for path in paths}


@pytest.fixture(scope="module")
def readable(server, addresses):
    """Paths that GET finds something at, with the parameters that it needs there."""
    run = next(path.split("/")[3] for path in addresses if path.endswith("/frames"))
    found = [path for path, methods in addresses.items() if "GET" in methods and not path.endswith(("/theory", "/over-seeds"))]
    return [f"{path}?runs={run}" if path == "/api/events" else path for path in found]


def test_head_is_the_head_of_get(server, readable):
    assert len(readable) > 12
    for path in readable:
        head, whole = server.client.head(path), server.client.get(path)
        assert head.status_code == whole.status_code == 200 and whole.content and not head.content, path
        same = {name for name in whole.headers if name not in ("date", "transfer-encoding")}
        if path in ("/metrics", "/api/runs", "/api/weights"):  # numbers that other requests change
            same.discard("content-length")
        assert {name: head.headers.get(name) for name in same} == {name: whole.headers[name] for name in same}, path


def test_head_of_a_stream_of_a_run_that_trains_leaves_no_viewer(server):
    long = {**TINY, "training": {"steps": 1_000_000}, "capture": {"every": 10_000}}
    run = server.client.post("/api/runs", params={"fresh": True}, json=long).json()["id"]
    try:
        answer = server.client.head(f"/api/runs/{run}/events", timeout=20)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        assert wait_for(lambda: "sigprop_viewers 0.0" in server.client.get("/metrics").text)
    finally:
        server.client.delete(f"/api/runs/{run}")


def test_what_is_not_allowed_is_answered_with_all_that_is(server, addresses):
    """RFC 9110, 15.5.6: Allow lists the methods that the target takes."""
    for path, methods in addresses.items():
        expected = methods | ({"HEAD"} if "GET" in methods else set())
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - expected:
            answer = server.client.request(method, path)
            assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, expected), (method, path)
    assert set(server.client.post("/").headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/api/runs/{}", "/api/runs/{}/frames", "/api/runs/{}/events", "/api/sweeps/{}", "/runs/{}"])
def test_an_id_that_no_run_can_have_is_one_that_none_has(server, path):
    answer = httpx.get(server.url + path.format("a" * 5000))
    assert answer.status_code == 404 and len(answer.json()["detail"] if path.startswith("/api") else "") < 200


def test_a_map_is_no_run_for_the_page_as_for_the_api(server, addresses):
    sweep = next(path.rpartition("/")[2] for path in addresses if re.fullmatch("/api/sweeps/[0-9a-f]+", path))
    assert server.client.get(f"/api/sweeps/{sweep}").status_code == 200
    assert [server.client.get(f"{place}/{sweep}").status_code for place in ("/api/runs", "/runs")] == [404, 404]


PLOTLY = "/static/vendor/plotly.min.js"


@pytest.mark.parametrize("path", [PLOTLY, "/static/styles/panels.css", "/openapi.json", "/", "/api/catalog"])
@pytest.mark.parametrize(("accepted", "coding"), [
    ("gzip;q=0", None), ("identity, gzip;q=0.0", None), ("gzip;q=0.5", "gzip"), ("x-gzip2", None)])
def test_nobody_gets_gzip_who_did_not_ask_for_it(server, path, accepted, coding):
    answer = server.client.get(path, headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding and "Accept-Encoding" in answer.headers["vary"]


def test_two_forms_of_a_script_have_two_names_and_a_browser_that_has_one_is_told_so(server):
    tags = {form: server.client.get(PLOTLY, headers={"accept-encoding": form}).headers["etag"] for form in ("gzip", "identity")}
    assert tags["gzip"] != tags["identity"]
    for form, tag in tags.items():
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = server.client.get(PLOTLY, headers={"accept-encoding": form, "if-none-match": known})
            assert (answer.status_code, answer.headers["etag"], answer.content) == (304, tag, b""), known
        other = next(value for name, value in tags.items() if name != form)
        assert server.client.get(PLOTLY, headers={"accept-encoding": form, "if-none-match": other}).status_code == 200
