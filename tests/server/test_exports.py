"""A run out of the dashboard: whole as JSON, as a tidy table, as a page."""

import csv
import io

import pytest

CONFIG = {"network": {"depth": 3, "width": 12}, "data": {"name": "moons"}, "training": {"steps": 4}, "capture": {"every": 2}, "seed": 31}


@pytest.fixture(scope="module")
def run(server):
    run_id = server.client.post("/api/runs", json=CONFIG).json()["id"]
    server.finished(run_id)
    return run_id


def frames_of(server, run):
    return server.client.get(f"/api/runs/{run}/frames").json()["frames"]


def test_json_is_the_record_and_every_frame(server, run):
    found = server.client.get(f"/api/runs/{run}/export.json").json()
    assert found["run"] == server.client.get(f"/api/runs/{run}").json()
    assert found["frames"] == frames_of(server, run)


def test_csv_has_every_number_of_every_layer(server, run):
    answer = server.client.get(f"/api/runs/{run}/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert set(rows[0]) == {"run", "step", "layer", "quantity", "statistic", "value"}
    table = {(int(row["step"]), row["layer"], row["quantity"], row["statistic"]): row["value"] for row in rows}
    for frame in frames_of(server, run):
        assert float(table[frame["step"], "", "training", "loss"]) == frame["loss"]
        for name, found in frame["quantities"].items():
            for index, layer in enumerate(frame["layers"]):
                assert float(table[frame["step"], str(layer), name, "mean_square"]) == found["mean_square"][index]
                assert int(table[frame["step"], str(layer), name, "nan"]) == 0


def test_html_loads_nothing_from_anywhere(server, run):
    answer = server.client.get(f"/api/runs/{run}/export.html")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert 'src="/' not in page and 'href="/static' not in page and "fetch(" not in page.split('id="report"')[1]
