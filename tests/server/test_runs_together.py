"""What the list of past runs and a comparison ask of the server: titles, search, several runs in one stream, old databases."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import sent_events, start_server

SMALL = {"network": {"depth": 3, "width": 16}, "data": {"name": "moons", "batch_size": 64},
         "training": {"steps": 20}, "capture": {"every": 5}}


def ran(server, seed, **more):
    run = server.client.post("/api/runs", json={**SMALL, "seed": seed, **more}).json()["id"]
    server.finished(run)
    return run


def together(server, ids, headers=None, **params):
    """The events (kind, run, id, data) of several runs in one stream."""
    with server.client.stream("GET", "/api/events", params={"runs": ",".join(ids), **params}, headers=headers or {}) as answer:
        assert answer.status_code == 200, answer.read()
        for event, places, data in sent_events(answer):
            kind, _, run = event.partition(":")
            yield kind, run, places, data


def test_several_runs_stream_together_as_they_do_alone(server):
    ids = [server.client.post("/api/runs", json={**SMALL, "seed": seed}).json()["id"] for seed in (301, 302, 303)]
    events = list(together(server, ids, quantities="weight"))
    for which, run in enumerate(ids):
        own = [(kind, data) for kind, name, _, data in events if name == run]
        frames = [data for kind, data in own if kind == "frame"]
        assert own[0][0] == "status" and own[-1][0] == "end" and own[-1][1]["status"] == "finished"
        stored = server.client.get(f"/api/runs/{run}/frames", params={"quantities": "weight"}).json()["frames"]
        assert frames == stored and len(frames) == 5
        places = [int(places.split(",")[which]) for kind, name, places, _ in events if name == run and kind == "frame"]
        assert places == [0, 1, 2, 3, 4]


def test_a_lost_stream_of_several_runs_goes_on_where_it_broke(server):
    ids = [ran(server, 304), ran(server, 305)]
    for more in ({"headers": {"Last-Event-ID": "1,3"}}, {"after": "1,3"}):
        seen = [(run, data["seq"]) for kind, run, _, data in together(server, ids, **more) if kind == "frame"]
        assert sorted(seen) == sorted([(ids[0], 2), (ids[0], 3), (ids[0], 4), (ids[1], 4)])


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A server with a short queue, whose store nobody else uses."""
    live = start_server(tmp_path_factory.mktemp("apart") / "data", "--max-queue", "4", "--run-workers", "1")
    yield live
    live.stop()


def test_over_seeds_queues_all_or_none_and_shares_what_was_run(apart):
    server = apart
    known = ran(server, 402)
    made = server.client.post("/api/runs/over-seeds", params={"count": 3}, json={**SMALL, "seed": 401})
    assert made.status_code == 201
    runs = made.json()["runs"]
    assert [run["config"]["seed"] for run in runs] == [401, 402, 403] and runs[1]["id"] == known
    assert [{**run["config"], "seed": 0} for run in runs] == [{**runs[0]["config"], "seed": 0}] * 3
    again = server.client.post("/api/runs/over-seeds", params={"count": 3}, json={**SMALL, "seed": 401}).json()["runs"]
    assert [run["id"] for run in again] == [run["id"] for run in runs]
    for run in runs:
        assert server.finished(run["id"])["status"] == "finished"
    before = len(server.client.get("/api/runs").json()["runs"])
    full = server.client.post("/api/runs/over-seeds", params={"count": 20}, json={**SMALL, "seed": 500})
    assert full.status_code == 429 and "Retry-After" in full.headers
    assert len(server.client.get("/api/runs").json()["runs"]) == before
    for bad, words in (({"count": 1}, "count"), ({"count": 21}, "count"), ({}, "count")):
        answer = server.client.post("/api/runs/over-seeds", params=bad, json=SMALL)
        assert answer.status_code == 422 and words in answer.json()["errors"][0]["loc"]
    last = server.client.post("/api/runs/over-seeds", params={"count": 2}, json={**SMALL, "seed": 2**53 - 1})
    assert last.status_code == 422 and last.json()["errors"][0]["loc"] == "seed"


@pytest.mark.parametrize(("params", "status", "words"), [
    ({"runs": ""}, 422, ["0 ids", "1 to 120"]), ({}, 422, ["runs"]), ({"runs": "nothing"}, 404, ["'nothing'"]),
    ({"runs": "{run}", "after": "1,2"}, 422, ["2 places for 1 run;"]), ({"runs": "{run}", "after": "x"}, 422, ["after"]),
    ({"runs": ",".join(map(str, range(121)))}, 422, ["121 ids"])])
def test_a_stream_of_what_is_not_there_is_refused(server, params, status, words):
    run = ran(server, 304)
    answer = server.client.get("/api/events", params={key: value.format(run=run) for key, value in params.items()})
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    assert all(word in answer.json()["detail"] for word in words), answer.text


def test_a_title_is_given_kept_and_taken_away(server):
    run = ran(server, 306)
    url = f"/api/runs/{run}"
    assert server.client.get(url).json()["title"] is None
    titles = [("  Tall & thin ", "Tall & thin"), ("<b>bold</b>", "<b>bold</b>"),
              ("عميق 网络 👩‍🔬", "عميق 网络 👩‍🔬"), ("  ", None), ("x", "x"),
              (None, None)]
    for given, kept in titles:
        answer = server.client.patch(url, json={"title": given})
        assert answer.status_code == 200 and answer.json()["title"] == kept
        assert server.client.get(url).json()["title"] == kept
    assert server.client.patch("/api/runs/nothing", json={"title": "x"}).status_code == 404


@pytest.mark.parametrize("body", [
    {"title": "a\u202eb"}, {"title": "a\nb"}, {"title": "a\u0000b"}, {"title": "a\u2028b"}, {"title": "\ud800"}, {"title": "x" * 121},
    {"title": 5}, {}, {"title": "x", "status": "finished"}, []])
def test_a_title_that_would_mislead_is_refused(server, body):
    url = f"/api/runs/{ran(server, 307)}"
    answer = server.client.patch(url, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert server.client.get(url).json()["title"] is None


def test_search_finds_title_choice_number_and_field(apart):
    server = apart
    for run in server.client.get("/api/runs").json()["runs"]:
        server.client.delete(f"/api/runs/{run['id']}")
    deep = ran(server, 1, network={"depth": 7, "width": 16, "activation": {"name": "tanh"}}, init={"name": "xavier_normal"})
    plain = ran(server, 50)
    server.client.patch(f"/api/runs/{plain}", json={"title": "The Plain One"})

    def found(text, **more):
        answer = server.client.get("/api/runs", params={"search": text, **more})
        assert answer.status_code == 200, answer.text
        return [run["id"] for run in answer.json()["runs"]]

    assert found("") == found("moons") == found("network.width=16") == found("moons network.residual=false") == [plain, deep]
    assert found("tanh") == found("XAVIER 7") == found("network.depth=7") == found(deep) == found("network.depth=7.0") == [deep]
    assert found("plain one") == found("50") == found("seed=50") == [plain]
    assert found("tanh plain") == found("residual") == found("network.depth=8") == found("999") == []
    assert found("moons", status="finished", limit=1) == [plain] and found("moons", status="failed") == []
    first = server.client.get("/api/runs", params={"search": "moons", "limit": 1}).json()
    second = server.client.get("/api/runs", params={"search": "moons", "limit": 1, "cursor": first["next_cursor"]}).json()
    assert [run["id"] for run in first["runs"] + second["runs"]] == [plain, deep] and second["next_cursor"] is None


def test_many_submit_at_the_same_moment(server):
    configs = [{"network": {"depth": 2, "width": 4}, "training": {"steps": 1}, "seed": 7000 + number // 4} for number in range(32)]
    with ThreadPoolExecutor(16) as people:
        answers = list(people.map(lambda config: server.client.post("/api/runs", json=config), configs))
    assert sorted(answer.status_code for answer in answers) == [200] * 24 + [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 8
