"""Who may do what, over real HTTP: a server that other machines reach, one that nobody may read, one on this machine alone."""

import os
import re
import stat

import httpx
import pytest
from starlette.datastructures import Headers

from server.access import Gate
from server.client import Client, ClientError
from tests.conftest import start_server

SMALL = {"network": {"depth": 2, "width": 8}, "training": {"steps": 3}}
MAP = {"sigma_w2": {"low": 1, "high": 2, "count": 2}, "sigma_b2": {"low": 0, "high": 1, "count": 2},
       "base": {"network": {"depth": 2, "width": 8}, "data": {"name": "gaussian", "batch_size": 4}}}


def refused(answer):
    assert answer.status_code == 401, (answer.request.method, answer.request.url, answer.text)
    assert answer.headers["www-authenticate"].startswith("Bearer ") and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401 and "token" in answer.json()["detail"]
    return answer


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    """A server that other machines reach; its client bears no token."""
    live = start_server(tmp_path_factory.mktemp("reached") / "data", "--host", "0.0.0.0")
    yield live
    live.stop()


@pytest.fixture(scope="module")
def token(reached):
    reached.client.get("/api/catalog")  # waits until all is loaded
    return (reached.data_dir / "token").read_text()


@pytest.fixture(scope="module")
def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def run(reached, bearer):
    """A finished run, of which somebody has the link."""
    made = reached.client.post("/api/runs", json=SMALL, headers=bearer)
    assert made.status_code == 201
    assert reached.finished(made.json()["id"])["status"] == "finished"
    return made.json()["id"]


def test_the_token_is_made_once_said_once_and_its_owners_alone(reached, token):
    assert len(token) >= 32
    assert stat.S_IMODE(os.stat(reached.data_dir / "token").st_mode) == 0o600
    said = (reached.data_dir.parent / "data.log").read_text()
    assert said.count(token) == 1 and f"/?token={token}" in said


def test_without_the_token_one_may_look_at_a_run_by_its_link(reached, run):
    for path in ("", "/frames", "/export.json", "/export.csv", "/export.html"):
        assert reached.client.get(f"/api/runs/{run}{path}").status_code == 200, path
    assert [kind for kind, _, _ in reached.events(run)][-1] == "end"
    with reached.client.stream("GET", "/api/events", params={"runs": run}) as answer:
        assert answer.status_code == 200
    for path in ("/", "/phase", "/compare", "/runs", f"/runs/{run}", "/static/js/main.js", "/api/health", "/api/catalog", "/openapi.json"):
        assert reached.client.get(path).status_code == 200, path
    assert reached.client.post("/api/theory", json=SMALL).status_code == 200
    assert reached.client.post("/api/sweeps/theory", json=MAP).status_code == 200


def test_what_the_api_offers_beyond_looking_needs_the_token(reached, run):
    """Every operation that the server describes, so that one that is added is closed or listed here."""
    looking = {("post", path) for path in ("/api/session", "/api/theory", "/api/sweeps/theory")} | {("get", path) for path in (
        "/api/health", "/api/health/ready", "/api/catalog", "/api/events", "/api/sweeps/{sweep_id}", "/api/sweeps/{sweep_id}/events",
        *(f"/api/runs/{{run_id}}{path}" for path in ("", "/frames", "/events", "/export.json", "/export.csv", "/export.html")))}
    looking.add(("delete", "/api/session"))
    operations = {(method, path) for path, methods in reached.client.get("/openapi.json").json()["paths"].items() for method in methods}
    assert looking <= operations
    for method, path in operations - looking:
        refused(reached.client.request(method, re.sub(r"\{.*?\}", run, path), json=SMALL if method == "post" else None))
    assert reached.client.get(f"/api/runs/{run}").json()["title"] is None


def test_an_address_that_leads_nowhere_is_not_there_with_the_token_or_without(reached, bearer):
    problem = "application/problem+json"
    for path, accept, kind in (("/nowhere", "text/html", "text/html"), ("/nowhere", "*/*", problem), ("/api/nowhere", "text/html", problem),
                               ("/api/runs/a/nowhere", "*/*", problem)):
        for more in ({}, bearer):
            answer = httpx.get(reached.url + path, headers={"accept": accept, **more})
            assert answer.status_code == 404 and answer.headers["content-type"].startswith(kind), (path, more)
    refused(reached.client.put("/api/runs"))  # it leads somewhere, if not by this method


def test_with_the_token_one_may_do_everything(reached, bearer, run):
    with httpx.Client(base_url=reached.url, headers=bearer, timeout=60) as client:
        assert [found["id"] for found in client.get("/api/runs").json()["runs"]] == [run]
        assert client.post("/api/preview", json=SMALL).status_code == 200
        assert client.patch(f"/api/runs/{run}", json={"title": "named"}).json()["title"] == "named"
        other = client.post("/api/runs", json={**SMALL, "seed": 1}).json()["id"]
        assert client.delete(f"/api/runs/{other}").status_code == 204
        assert client.get("/api/weights").status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer \xe9\xff"])
def test_what_is_not_the_token_is_refused(reached, token, header):
    given = header.format(token=token).encode("latin-1")
    assert "invalid_token" in refused(reached.client.get("/api/runs", headers={"Authorization": given})).headers["www-authenticate"]


def test_a_browser_signs_in_with_a_cookie_that_no_script_and_no_other_site_sees(reached, token):
    with httpx.Client(base_url=reached.url) as browser:
        refused(browser.post("/api/session", json={"token": "wrong"}))
        refused(browser.get("/api/runs"))
        answer = browser.post("/api/session", json={"token": token})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie and token.lower() not in cookie
        assert browser.get("/api/runs").status_code == 200
        assert browser.post("/api/preview", json=SMALL, headers={"Origin": "https://elsewhere.example"}).status_code == 403
        assert 'name="signed-in"' in browser.get("/runs").text
        assert browser.delete("/api/session", headers={"Origin": "https://elsewhere.example"}).status_code == 403
        assert browser.get("/api/runs").status_code == 200
        assert browser.delete("/api/session").status_code == 204 and not browser.cookies
        refused(browser.get("/api/runs"))
        assert 'name="signed-in"' not in browser.get("/runs").text
        assert browser.delete("/api/session").status_code == 204  # a second time changes nothing
    refused(httpx.get(f"{reached.url}/api/runs", headers={"Cookie": "sigprop=wrong"}))


def test_a_link_signs_in_and_leaves_no_token_in_the_address(reached, token):
    with httpx.Client(base_url=reached.url) as browser:
        answer = browser.get("/compare", params={"runs": "a,b", "token": token})
        assert answer.status_code == 303 and answer.headers["location"] == "/compare?runs=a%2Cb"
        assert browser.get("/api/runs").status_code == 200
    with httpx.Client(base_url=reached.url) as browser:
        assert browser.get("/", params={"token": "wrong"}).headers["location"] == "/"
        refused(browser.get("/api/runs"))


def test_the_client_for_notebooks_takes_a_token(reached, token):
    with Client(reached.url) as client, pytest.raises(ClientError, match=r"401.*token"):
        client.run(SMALL, progress=None)
    with Client(reached.url, token=token) as client:
        assert client.run(SMALL, progress=None).record["status"] == "finished"


def test_reading_can_be_closed_and_a_token_set(tmp_path):
    live = start_server(tmp_path / "data", "--public-read", "off", env={"SIGPROP_TOKEN": "correct horse ✓"})
    try:
        bearer = {"Authorization": "Bearer correct horse ✓".encode()}
        run = live.client.post("/api/runs", json=SMALL, headers=bearer).json()["id"]
        for path in ("catalog", f"runs/{run}", f"runs/{run}/events", f"runs/{run}/export.json", f"events?runs={run}"):
            refused(live.client.get(f"/api/{path}"))
        refused(live.client.post("/api/theory", json=SMALL))
        pages = [live.client.get(f"/runs/{name}") for name in (run, "nothing")]
        assert [page.status_code for page in pages] == [401, 401] and pages[0].text == pages[1].text
        assert live.client.get("/").status_code == live.client.get("/api/health").status_code == 200
        assert all(live.client.get(path, headers=bearer).status_code == 200 for path in (f"/runs/{run}", "/api/catalog"))
        assert not (live.data_dir / "token").exists()
    finally:
        live.stop()


def test_on_this_machine_alone_no_token_is_asked_for_but_no_other_name_leads_here(server):
    assert server.client.get("/api/runs").status_code == 200
    assert not (server.data_dir / "token").exists()
    port = server.url.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "me.localhost"):
        assert server.client.get("/api/runs", headers={"Host": host}).status_code == 200, host
    for host in (f"elsewhere.example:{port}", "192.0.2.7", "[::1", "127.0.0.1.elsewhere.example"):
        answer = server.client.get("/api/runs", headers={"Host": host})
        assert answer.status_code == 403 and "SIGPROP_TOKEN" in answer.json()["detail"], host


def test_previews_can_be_open_without_more():
    gate, nobody = Gate("secret", public_read=True, public_preview=True), Headers()
    assert gate.permits("POST", "/api/preview", nobody) and not gate.permits("POST", "/api/runs", nobody)
    assert not Gate("secret", public_read=False, public_preview=True).permits("POST", "/api/preview", nobody)
