"""A run out of the dashboard: whole as JSON, as a tidy table, as a page."""

import csv
import io

import pytest

from models.config import RunConfig
from models.training import train

CONFIG = {"network": {"depth": 3, "width": 12, "normalization": {"name": "batch"}}, "data": {"name": "moons"},
          "training": {"steps": 4}, "capture": {"every": 2}, "seed": 31}


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


NO_ROWS = ("seq", "time_s", "step", "layers")
"""What of a frame is no number of the table: its place in the run, and the table's own columns. Histograms are not in it either."""


def numbers_of(frame):
    """(step, layer, quantity, statistic) -> value of all that the frame says, found without knowing its names."""
    table, training = {}, {key: value for key, value in frame.items() if key not in NO_ROWS and not isinstance(value, (dict, list))}
    table.update({(frame["step"], "", "training", name): value for name, value in training.items()})
    table.update({(frame["step"], "", "input", name): value for name, value in frame["input"].items()})
    table.update({(frame["step"] - back, "", "training", "loss"): value for back, value in enumerate(reversed(frame["losses"]))})
    columns = {("preactivation", "correlation"): frame["correlation"],
               **{("normalization", name): values for name, values in (frame["normalization"] or {}).items()},
               **{(quantity, name): values for quantity, found in frame["quantities"].items() for name, values in found.items()
                  if isinstance(values, list)}}
    for (quantity, name), values in columns.items():
        table.update({(frame["step"], str(layer), quantity, name): value for layer, value in zip(frame["layers"], values, strict=True)})
    return table


def test_csv_has_every_number_of_every_layer(server, run):
    answer = server.client.get(f"/api/runs/{run}/export.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert set(rows[0]) == {"run", "step", "layer", "quantity", "statistic", "value"} and {row["run"] for row in rows} == {run}
    table = {(int(row["step"]), row["layer"], row["quantity"], row["statistic"]): float(row["value"]) if row["value"] else None
             for row in rows}
    assert len(table) == len(rows)  # no number twice
    assert table == {key: value for frame in frames_of(server, run) for key, value in numbers_of(frame).items()}


def test_csv_says_of_the_normalization_what_training_says(server, run):
    rows = csv.DictReader(io.StringIO(server.client.get(f"/api/runs/{run}/export.csv").text))
    found = {(row["step"], row["layer"], row["statistic"]): row["value"] for row in rows if row["quantity"] == "normalization"}
    assert [float(found["0", layer, name]) for layer in "123" for name in ("gamma", "gamma_low", "beta", "beta_high")] == [1, 1, 0, 0] * 3
    last = list(train(RunConfig.model_validate(CONFIG)))[-1]["normalization"]
    assert [float(found["4", layer, "running_mean_gap"]) for layer in "123"] == pytest.approx(last["running_mean_gap"][:3], rel=1e-4)
    assert found["4", "4", "gamma"] == "" and float(found["4", "1", "gamma_high"]) > 1


def test_html_loads_nothing_from_anywhere(server, run):
    answer = server.client.get(f"/api/runs/{run}/export.html")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert 'src="/' not in page and 'href="/static' not in page
