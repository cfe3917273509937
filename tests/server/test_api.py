"""The API over real HTTP, with real workers behind it."""

import math

import pytest

from models.config import RunConfig
from models.frame import QUANTITIES
from models.training import train

SMALL = {"network": {"depth": 4, "width": 16}, "data": {"name": "moons", "batch_size": 64},
         "training": {"steps": 20}, "capture": {"every": 5}}


def config(seed, **more):
    return {**SMALL, "seed": seed, **more}


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body) and body["status"] == status and "Traceback" not in answer.text
    return body


def test_preview_is_the_frame_of_step_0(server):
    answer = server.client.post("/api/preview", json=config(1))
    assert answer.status_code == 200
    body = answer.json()
    assert RunConfig.model_validate(body["config"]) == RunConfig.model_validate(config(1))
    assert body["frame"]["layers"] == [layer["row"] for layer in body["layers"]] == [1, 2, 3, 4, 5]
    expected = next(train(RunConfig.model_validate(config(1))))
    assert body["frame"]["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert body["frame"]["quantities"]["weight"]["norm"] == pytest.approx(expected["quantities"]["weight"]["norm"], rel=1e-6)


def test_an_exploding_preview_is_valid_json(server):
    wild = {"network": {"depth": 60, "width": 64}, "init": {"name": "normal", "std": 10.0}, "data": {"name": "gaussian"}}
    answer = server.client.post("/api/preview", json=wild)
    assert answer.status_code == 200 and "NaN" not in answer.text and "Infinity" not in answer.text
    z = answer.json()["frame"]["quantities"]["preactivation"]
    assert z["nan"][-1] + z["pos_inf"][-1] + z["neg_inf"][-1] == z["n"][-1]


def test_a_run_from_submit_to_replay(server):
    answer = server.client.post("/api/runs", json=config(2))
    assert answer.status_code == 201
    record = answer.json()
    assert record["url"] == f"/runs/{record['id']}" and record["steps_total"] == 20
    events = list(server.events(record["id"]))
    frames = [(int(seq), frame) for kind, seq, frame in events if kind == "frame"]
    assert events[0][0] == "status" and events[-1][0] == "end" and events[-1][2]["status"] == "finished"
    assert [seq for seq, _ in frames] == [0, 1, 2, 3, 4] and [frame["step"] for _, frame in frames] == [0, 5, 10, 15, 20]
    expected = [frame["loss"] for frame in train(RunConfig.model_validate(config(2)))]
    assert [frame["loss"] for _, frame in frames] == pytest.approx(expected, rel=1e-5)
    replay = [(int(seq), frame) for kind, seq, frame in server.events(record["id"]) if kind == "frame"]
    assert replay == frames
    stored = server.client.get(f"/api/runs/{record['id']}/frames").json()["frames"]
    assert stored == [frame for _, frame in frames]
    final = server.client.get(f"/api/runs/{record['id']}").json()
    assert final["status"] == "finished" and final["steps_done"] == 20 and final["frames"] == 5 and final["device"] == "cpu"
    assert final["started_at"] <= final["finished_at"] and final["error"] is None


def test_events_resume_after_the_last_one_seen(server):
    run = server.client.post("/api/runs", json=config(3)).json()["id"]
    server.finished(run)
    assert [int(seq) for kind, seq, _ in server.events(run, last_event_id=2) if kind == "frame"] == [3, 4]
    assert [int(seq) for kind, seq, _ in server.events(run, after=1) if kind == "frame"] == [2, 3, 4]
    assert [int(seq) for kind, seq, _ in server.events(run, after=0, last_event_id=3) if kind == "frame"] == [4]


def test_quantities_choose_what_is_sent(server):
    run = server.client.post("/api/runs", json=config(4)).json()["id"]
    server.finished(run)
    frames = server.client.get(f"/api/runs/{run}/frames", params={"quantities": "weight,update", "after": 0, "limit": 2}).json()["frames"]
    assert [sorted(frame["quantities"]) for frame in frames] == [["update", "weight"]] * 2 and [frame["seq"] for frame in frames] == [1, 2]
    bad = problem(server.client.get(f"/api/runs/{run}/frames", params={"quantities": "wieght"}), 422)
    assert all(name in bad["detail"] for name in QUANTITIES)


def test_identical_configurations_share_a_run_and_fresh_ones_repeat_it(server):
    first = server.client.post("/api/runs", json=config(5))
    again = server.client.post("/api/runs", json={**config(5), "init": {"name": "kaiming_normal"}})
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    fresh = server.client.post("/api/runs", params={"fresh": "true"}, json=config(5))
    assert fresh.status_code == 201 and fresh.json()["id"] != first.json()["id"]
    losses = [[frame["loss"] for kind, _, frame in server.events(answer.json()["id"]) if kind == "frame"] for answer in (first, fresh)]
    assert losses[0] == losses[1]


def test_a_diverging_run_says_so_and_keeps_its_frames(server):
    wild = config(6, training={"steps": 50, "optimizer": {"name": "sgd", "lr": 1e4}})
    events = list(server.events(server.client.post("/api/runs", json=wild).json()["id"]))
    assert events[-1][2]["status"] == "diverged" and events[-1][2]["frames"] >= 2
    last = [frame for kind, _, frame in events if kind == "frame"][-1]
    assert last["loss"] is None


def test_cancel_then_delete(server):
    long = {"network": {"depth": 10, "width": 64}, "training": {"steps": 100_000}, "seed": 7}
    run = server.client.post("/api/runs", json=long).json()["id"]
    kinds = [kind for kind, _, _ in server.events(run, limit=3)]
    assert kinds[0] == "status"
    assert server.client.post(f"/api/runs/{run}/cancel").status_code == 200
    assert server.finished(run)["status"] == "cancelled"
    problem(server.client.post(f"/api/runs/{run}/cancel"), 409)
    assert server.client.delete(f"/api/runs/{run}").status_code == 204
    problem(server.client.get(f"/api/runs/{run}"), 404)
    problem(server.client.get(f"/api/runs/{run}/events"), 404)


def test_listing_is_newest_first_and_pages(server):
    made = [server.client.post("/api/runs", json=config(seed)).json()["id"] for seed in (81, 82, 83)]
    for run in made:
        server.finished(run)
    page = server.client.get("/api/runs", params={"limit": 2, "status": "finished"}).json()
    assert [run["id"] for run in page["runs"]] == made[:0:-1]
    older = server.client.get("/api/runs", params={"limit": 2, "status": "finished", "cursor": page["next_cursor"]}).json()
    assert older["runs"][0]["id"] == made[0]


@pytest.mark.parametrize(("bad", "loc", "words"), [
    ({"netwrok": {}}, "netwrok", ["choose one of network, init, bias_init,", "got {}"]),
    ({"init": {"name": "xaver"}}, "init", ["xaver", "xavier_normal", "lsuv"]),
    ({"network": {"depth": 0}}, "network.depth", ["greater than or equal to 1", "got 0"]),
    ({"training": {"optimizer": {"name": "sgd", "lr": -1}}}, "training.optimizer.lr", ["greater than or equal to 0", "got -1"]),
    ({"network": {"activation": {"name": "relu", "alpha": 1}}}, "network.activation.alpha", ["choose one of name;", "got 1"]),
    ({"data": {"batch_size": "many"}}, "data.batch_size", ["valid integer", "'all'", "got 'many'"]),
    ({"network": {"normalization": {"name": "group", "groups": 7}}}, "network.normalization.groups", ["does not divide", "8"]),
    ({"device": "cuda"}, "device", ["no GPU", "auto or cpu"]),
    ({"network": {"depth": 10_000, "width": 65_536}}, "network", ["GiB of memory", "limit"]),
    ({"training": {"steps": 10_000_000}, "capture": {"every": 1}}, None, ["limit"]),
])
def test_a_bad_configuration_is_told_what_is_wrong_where(server, bad, loc, words):
    body = problem(server.client.post("/api/runs", json=bad), 422)
    if loc is not None:
        assert [error["loc"] for error in body["errors"]] == [loc]
    assert all(word in body["errors"][0]["msg"] for word in words), body


def test_over_the_limits_comes_with_estimate_and_limit(server):
    body = problem(server.client.post("/api/runs", json={"network": {"depth": 10_000, "width": 65_536}}), 422)
    assert body["estimate"] > body["limit"] > 0


@pytest.mark.parametrize("body", [
    b"[]", b"not json", b"", b"\xff\xfe", b'{"init":{"name":"normal","std":NaN}}', b"null", b'"text"', b'{"init":[]}',
    b'{"init":{"name":"\xe9"}}', b"[" * 90_000])
def test_a_body_that_is_no_configuration(server, body):
    for path in ("/api/runs", "/api/preview"):
        problem(server.client.post(path, content=body, headers={"content-type": "application/json"}), 422)


@pytest.mark.parametrize(("body", "words"), [
    (b'{"seed": 1,}', "character 11"), (b'{"seed": "\xe9"}', "not UTF-8"), (b"[" * 90_000, "nested too deeply"),
    (b'{"seed": ' + b"9" * 5000 + b"}", "too many digits")])
def test_a_body_that_cannot_be_read_is_told_why(server, body, words):
    answer = server.client.post("/api/preview", content=body, headers={"content-type": "application/json"})
    assert words in problem(answer, 422)["detail"]


@pytest.mark.parametrize("body", [{f"k{number}": 1 for number in range(8000)}, {"k" * 80_000: 1}, {"seed": "9" * 80_000}])
def test_what_is_wrong_is_told_in_few_words_however_much_of_it_there_is(server, body):
    answer = server.client.post("/api/theory", json=body)
    assert problem(answer, 422)["errors"] and len(answer.content) < 30_000


def test_openapi_has_every_error_as_the_problem_that_it_is(server):
    document = server.client.get("/openapi.json").json()
    problems = [(status, list(answer["content"])) for methods in document["paths"].values() for operation in methods.values()
                for status, answer in operation["responses"].items() if int(status) >= 400]
    assert {media for _, kinds in problems for media in kinds} == {"application/problem+json"}
    assert {"403", "404", "409", "413", "422", "429", "503"} <= {status for status, _ in problems}
    assert "HTTPValidationError" not in str(document)


def test_unknown_things_and_wrong_methods_are_problems(server):
    problem(server.client.get("/api/runs/nothing"), 404)
    problem(server.client.get("/api/nothing"), 404)
    problem(server.client.patch("/api/runs"), 405)
    problem(server.client.get("/api/runs", params={"limit": 0}), 422)
    problem(server.client.get("/api/runs", params={"cursor": "x"}), 422)
    too_large = b'{"seed": ' + b" " * 1_100_000 + b"1}"
    problem(server.client.post("/api/runs", content=too_large, headers={"content-type": "application/json"}), 413)
    chunks = (b" " * 100_000 for _ in range(12))
    problem(server.client.post("/api/runs", content=chunks, headers={"content-type": "application/json"}), 413)


def test_health_and_catalogue(server):
    health = server.client.get("/api/health").json()
    assert health["status"] == "ok" and health["engine"] == "local" and health["device"] in ("cpu", "cuda")
    found = server.client.get("/api/catalog").json()
    assert found["defaults"] == RunConfig().model_validate({}).model_dump(mode="json")
    assert found["schema"]["title"] == "RunConfig" and found["limits"]["max_frames"] == 5000
    assert math.isfinite(found["limits"]["max_memory_gib"])


def test_openapi_describes_every_parameter_and_answer(server):
    found = server.client.get("/openapi.json").json()
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (method, path, parameter["name"])
            good = [answer for code, answer in operation["responses"].items() if code.startswith("2") and code != "204"]
            assert all(answer.get("content") for answer in good), (method, path)


def test_the_page_and_its_files(server):
    page = server.client.get("/")
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    assert server.client.get("/runs/nothing").status_code == 404
    plotly = server.client.get("/static/vendor/plotly.min.js")
    assert plotly.headers["content-encoding"] == "gzip" and "max-age" in plotly.headers["cache-control"]
    assert server.client.get("/static/vendor/plotly.min.js", headers={"If-None-Match": plotly.headers["etag"]}).status_code == 304
    assert server.client.get("/static/../server/app.py").status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/phase", 200), ("/runs", 200), ("/runs/nothing", 404), ("/api/health", 200)])
def test_what_looks_whether_a_link_leads_somewhere_gets_the_head_alone(server, path, status):
    asked, whole = server.client.head(path), server.client.get(path)
    assert asked.status_code == whole.status_code == status and not asked.content
    assert asked.headers["content-type"] == whole.headers["content-type"]


BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nowhere", "/runs/a/b", "/static/nowhere.js", "/api"])
def test_where_there_is_nothing_a_browser_gets_a_page_and_a_program_the_problem(server, path):
    page = server.client.get(path, headers=BROWSER, follow_redirects=False)
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html") and 'href="/phase"' in page.text
    assert path not in page.text
    problem(server.client.get(path), 404)


def test_below_api_a_browser_gets_the_problem_too(server):
    problem(server.client.get("/api/nowhere", headers=BROWSER), 404)
    problem(server.client.get("/api/runs/nothing", headers=BROWSER), 404)
