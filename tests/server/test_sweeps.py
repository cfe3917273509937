"""Maps over HTTP: theory's at once, measured ones row by row."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

MAP = {"base": {"network": {"depth": 10, "width": 64, "activation": {"name": "tanh"}}, "data": {"name": "gaussian", "batch_size": 32}},
       "sigma_w2": {"low": 0.5, "high": 3.0, "count": 6}, "sigma_b2": {"low": 0.0, "high": 0.3, "count": 4}}


def rows_of(server, sweep):
    with server.client.stream("GET", f"/api/sweeps/{sweep}/events", timeout=120) as answer:
        event, found = {}, []
        for line in answer.iter_lines():
            if line:
                key, _, value = line.partition(": ")
                event[key] = value
            elif "event" in event:
                if event["event"] == "end":
                    return found, json.loads(event["data"])
                if event["event"] == "row":
                    found.append(json.loads(event["data"]))
                event = {}
    raise AssertionError("the stream ended without its end")


def test_a_map_streams_its_rows_and_is_shared(server):
    answer = server.client.post("/api/sweeps", json=MAP)
    assert answer.status_code == 201
    rows, end = rows_of(server, answer.json()["id"])
    assert end["status"] == "finished" and [row["seq"] for row in rows] == [0, 1, 2, 3]
    assert all(len(row["q"]) == 6 for row in rows)
    assert server.client.post("/api/sweeps", json=MAP).status_code == 200
    listed = [run["id"] for run in server.client.get("/api/runs").json()["runs"]]
    assert answer.json()["id"] not in listed
    assert server.client.get(f"/api/runs/{answer.json()['id']}").status_code == 404
    assert server.client.get(answer.json()["url"]).json()["id"] == answer.json()["id"]


def test_many_who_ask_for_the_same_map_at_once_share_one(server):
    maps = [{**MAP, "base": {**MAP["base"], "network": {"depth": 1, "width": 4}}, "sigma_b2": {"low": 0, "high": high, "count": 2}}
            for high in (1, 2, 3)]
    with ThreadPoolExecutor(8) as threads:
        for asked in maps:
            answers = list(threads.map(lambda _, asked=asked: server.client.post("/api/sweeps", json=asked), range(8)))
            assert sorted(answer.status_code for answer in answers) == [*[200] * 7, 201]
            assert len({answer.json()["id"] for answer in answers}) == 1


def test_theory_of_a_map_has_the_critical_line(server):
    found = server.client.post("/api/sweeps/theory", json=MAP).json()
    assert len(found["chi"]) == 4 and len(found["chi"][0]) == 6
    expected = {"base": {"network": {"activation": {"name": "tanh"}}}, "sigma_b2": {"low": 0.05, "high": 0.1, "count": 2}}
    assert server.client.post("/api/sweeps/theory", json=expected).json()["critical_sigma_w2"][0] == pytest.approx(1.7610, abs=1e-3)


def test_theory_of_a_map_says_where_a_fixed_point_repels_and_only_within_the_map(server):
    """Second road: the theory of a network there, from one signal a little below q* and one a little above."""
    silu = {"base": {"network": {"activation": {"name": "silu"}}}, "sigma_b2": {"low": 0.04, "high": 0.3, "count": 3}}
    found = server.client.post("/api/sweeps/theory", json=silu).json()
    point = found["repelling"]
    assert found["critical_sigma_w2"] == [None] * 3 and point["sigma_b2"] == 0.04 and point["sigma_w2"] == pytest.approx(2.8208, abs=1e-3)
    config = {"network": {"activation": {"name": "silu"}, "depth": 30}, "bias_init": {"name": "normal", "std": 0.2},
              "init": {"name": "variance_scaling", "scale": point["sigma_w2"], "mode": "fan_in"}}
    for off in (0.99, 1.01):
        first = (off * point["q"] - 0.04) / point["sigma_w2"]
        rows = server.client.post("/api/theory", json=config, params={"input_mean_square": first}).json()["preactivation_variance"]
        assert rows[0] == pytest.approx(off * point["q"]) and abs(rows[20] / point["q"] - 1) > 0.05
    for other in ({"sigma_w2": {"low": 0.5, "high": 2.0, "count": 2}}, {"base": {"network": {"activation": {"name": "tanh"}}}}):
        assert server.client.post("/api/sweeps/theory", json={**silu, **other}).json()["repelling"] is None


def test_the_line_for_drawing_bends_where_the_critical_line_does(server):
    axes = {"sigma_w2": {"low": 0.5, "high": 3.0, "count": 4}, "sigma_b2": {"low": 0.0, "high": 0.3, "count": 4}}
    found = server.client.post("/api/sweeps/theory", json={"base": {"network": {"activation": {"name": "tanh"}}}, **axes}).json()
    assert all(column == sorted(column) for column in found["critical_line"].values())
    line = list(zip(found["critical_line"]["sigma_w2"], found["critical_line"]["sigma_b2"], strict=True))
    assert [w2 for w2, b2 in line if b2 in found["sigma_b2"]] == found["critical_sigma_w2"]
    between = [(w2, b2) for w2, b2 in line if 0 < b2 < found["sigma_b2"][1]]
    assert len(between) > 5
    for w2, b2 in between:
        config = {"network": {"activation": {"name": "tanh"}}, "init": {"name": "variance_scaling", "scale": w2, "mode": "fan_in"},
                  "bias_init": {"name": "normal", "std": b2 ** 0.5}}
        assert server.client.post("/api/theory", json=config).json()["fixed_point"]["chi"] == pytest.approx(1.0, abs=1e-5)


def test_the_outline_of_what_is_trainable_is_of_the_depth_asked_for(server):
    relu = {"network": {"depth": 12, "activation": {"name": "relu"}}}
    axes = {"sigma_w2": {"low": 0.5, "high": 4.0, "count": 9}, "sigma_b2": {"low": 0.1, "high": 0.3, "count": 3}}
    line = server.client.post("/api/sweeps/theory", json={"base": relu, **axes}).json()["trainable"]
    ends = [2 * math.exp(sign * 6 / 12) for sign in (-1, 1)]
    assert line["sigma_w2"] == pytest.approx([*[ends[0]] * 3, None, *[ends[1]] * 3], abs=1e-5)
    assert sorted(line["sigma_b2"][:3]) == pytest.approx([0.1, 0.2, 0.3]) and line["sigma_b2"][3] is None


def test_what_a_map_cannot_be_is_refused(server):
    too_long = {"train_steps": 10_000, "base": {"network": {"depth": 1000}}}
    for bad in ({"base": {"network": {"kind": "cnn"}}}, {"sigma_w2": {"low": 2.0, "high": 1.0}}, too_long):
        answer = server.client.post("/api/sweeps", json=bad)
        assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json", answer.text
    assert server.client.get("/api/sweeps/nothing").status_code == 404
