"""The notebook's client against a real server: its table and figures hold the numbers that plain PyTorch runs give."""

import subprocess
import sys

import numpy as np
import pandas
import pytest

from models.config import RunConfig
from models.training import train
from server.client import Client, ClientError
from tests.conftest import ROOT

CONFIG = {"network": {"depth": 3, "width": 12}, "data": {"name": "moons"}, "training": {"steps": 6}, "capture": {"every": 3}, "seed": 77}


@pytest.fixture(scope="module")
def client(server):
    with Client(server.url) as made:
        yield made


@pytest.fixture(scope="module")
def run(client):
    return client.run(CONFIG, progress=None)


def test_three_lines_give_a_table(run):
    table, frames = run.frames, list(train(RunConfig.model_validate(CONFIG)))
    assert list(table.columns) == ["run", "step", "layer", "quantity", "statistic", "value"]
    assert set(table.run) == {run.record["id"]} and set(table.step) == set(range(7)) and run.record["status"] == "finished"
    for frame in frames:
        found = table.query(f"step == {frame['step']} and quantity == 'weight' and statistic == 'norm'")
        assert found.layer.tolist() == [1, 2, 3, 4]
        assert found.value.tolist() == pytest.approx(frame["quantities"]["weight"]["norm"], rel=1e-5)
        loss = table.query(f"step == {frame['step']} and quantity == 'training' and statistic == 'loss'")
        assert loss.value.item() == pytest.approx(frame["loss"], rel=1e-5) and loss.layer.isna().all()


def test_the_figure_is_the_histograms_and_the_loss(run):
    expected = list(train(RunConfig.model_validate(CONFIG)))
    heat, loss = run.figure("weight").data
    bins = expected[-1]["quantities"]["weight"]["log10"]
    counts = np.array(bins["counts"])
    np.testing.assert_allclose(np.array(heat.z, dtype=float).T, counts / counts.sum(1, keepdims=True), atol=0.02)
    edges = np.linspace(bins["low"], bins["high"], counts.shape[1] + 1)
    np.testing.assert_allclose(heat.y, (edges[1:] + edges[:-1]) / 2, rtol=1e-6)
    assert list(heat.x) == [1, 2, 3, 4] and list(loss.x) == list(range(7))
    assert list(loss.y) == pytest.approx([value for frame in expected for value in frame["losses"]], rel=1e-5)
    assert "step 3" in run.figure("activation", step=3).layout.annotations[0].text


def test_the_update_is_that_of_the_last_frame_and_unknown_ones_are_said(run):
    assert "update, step 6" in run.figure("update").layout.annotations[0].text
    with pytest.raises(ValueError, match=r"'wieght' at step None: no frame has it; there are activation, .*weight_gradient"):
        run.figure("wieght")
    with pytest.raises(ValueError, match="at step 0"):
        run.figure("update", step=0)


def test_progress_is_told_and_by_default_written(client, capsys):
    told = []
    client.run({**CONFIG, "seed": 78}, progress=told.append)
    assert told[-1]["status"] == "finished" and told[-1]["steps_done"] == 6
    client.run({**CONFIG, "seed": 79})
    written = capsys.readouterr().out
    assert written.startswith("\r") and "finished · step 6/6" in written and written.endswith("\n")


def test_the_same_configuration_is_the_same_run_and_fresh_ones_are_new(client, run):
    assert client.run(CONFIG, progress=None).record["id"] == run.record["id"]
    assert client.run(CONFIG, fresh=True, progress=None).record["id"] != run.record["id"]
    assert client.open(run.record["id"]).frames.equals(run.frames)
    assert run.url.endswith(run.record["url"]) and client.http.get(run.url).status_code == 200 and run.record["id"] in repr(run)


def test_a_refusal_is_an_error_in_the_servers_words(client):
    with pytest.raises(ClientError, match=r"422 .*network\.depth.*got 0") as caught:
        client.run({"network": {"depth": 0}})
    assert caught.value.problem["errors"][0]["loc"] == "network.depth"
    with pytest.raises(ClientError, match="404"):
        client.open("nothing")


def test_a_preview_needs_no_run(client):
    assert client.preview({"network": {"depth": 2, "width": 8}})["frame"]["step"] == 0


def test_without_pandas_the_error_says_what_to_do_and_the_rest_works(run, server):
    script = f"""
import sys
sys.modules["pandas"] = None
from server.client import Client
assert not {{"torch", "fastapi"}} & set(sys.modules)
run = Client({server.url!r}).open({run.record["id"]!r})
assert len(run.steps) == 3
run.frames
"""
    found = subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert found.returncode == 1 and "pip install pandas" in found.stderr and "run.steps" in found.stderr


def test_the_table_groups_as_tables_do(run):
    wide = run.frames.query("quantity == 'activation' and statistic == 'mean_square'").pivot(index="step", columns="layer", values="value")
    assert wide.shape == (3, 4) and isinstance(wide, pandas.DataFrame)
