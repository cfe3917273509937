"""The verdict over HTTP: in previews, in a run's record while it trains, and scored at its end."""

from models.config import RunConfig

VANISHING = {"network": {"depth": 20, "width": 32}, "init": {"name": "xavier_normal"}, "data": {"name": "digits", "batch_size": 64},
             "training": {"steps": 30}, "capture": {"every": 10}}
FIELDS = {"words", "rule", "severity", "title", "layers", "measured", "threshold", "theory", "cause", "outcome", "remedy", "config",
          "pytorch"}


def test_a_preview_has_findings_and_the_mended_configuration_is_healthy(server):
    found = server.client.post("/api/preview", json=VANISHING).json()["findings"]
    worst = found[0]
    assert set(worst) == FIELDS and (worst["rule"], worst["severity"]) == ("vanishing_signal", "critical")
    assert "theory ×0.5" in worst["title"] and abs(worst["theory"] - 0.5) < 0.01
    assert RunConfig.model_validate(worst["config"]).model_dump(mode="json") == worst["config"]
    mended = server.client.post("/api/preview", json=worst["config"]).json()["findings"]
    assert {finding["severity"] for finding in mended} <= {"ok", "note"}
    assert "vanishing_signal" not in {finding["rule"] for finding in mended}


def test_a_run_says_what_it_finds_and_whether_the_prediction_held(server):
    record = server.finished(server.client.post("/api/runs", json=VANISHING).json()["id"])
    found = {finding["rule"]: finding for finding in record["findings"]}
    assert found["vanishing_gradient"]["severity"] == "critical" and found["vanishing_gradient"]["theory"] is None
    assert found["prediction"]["severity"] == "ok" and "It held" in found["prediction"]["title"]


def test_a_run_of_no_steps_predicts_nothing(server):
    looked = {**VANISHING, "training": {"steps": 0}}
    record = server.finished(server.client.post("/api/runs", json=looked).json()["id"])
    rules = [finding["rule"] for finding in record["findings"]]
    assert rules[0] == "vanishing_signal" and "prediction" not in rules


def test_what_overflows_at_the_start_is_foretold_in_a_preview_and_scored_in_a_run(server):
    huge = {"network": {"depth": 60, "width": 16}, "init": {"name": "normal", "std": 30.0}, "training": {"steps": 5}}
    titles = {"preview": server.client.post("/api/preview", json=huge).json()["findings"],
              "run": server.finished(server.client.post("/api/runs", json=huge).json()["id"])["findings"]}
    said = {where: next(finding["title"] for finding in found if finding["rule"] == "prediction") for where, found in titles.items()}
    assert said == {"preview": "Prediction: it will not train", "run": "Predicted: does not train. It held."}


def test_a_run_that_diverges_says_so_with_a_mended_configuration(server):
    wild = {"network": {"depth": 10, "width": 32, "residual": True}, "training": {"steps": 40, "optimizer": {"name": "sgd", "lr": 1.0}}}
    record = server.finished(server.client.post("/api/runs", json=wild).json()["id"])
    assert record["status"] == "diverged" and record["findings"][0]["rule"] == "divergence"
    again = server.finished(server.client.post("/api/runs", json=record["findings"][0]["config"]).json()["id"])
    assert again["status"] == "finished" and "divergence" not in {finding["rule"] for finding in again["findings"]}


def test_theory_of_what_a_frame_measured_is_the_previews_band_included(server):
    """All that a frame says of its input can be asked with: without it, images of digits have no band."""
    config = {"network": {"kind": "cnn", "depth": 3, "width": 8}, "data": {"name": "digits", "batch_size": 16}}
    shown = server.client.post("/api/preview", json=config).json()
    asked = {f"input_{name}": value for name, value in shown["frame"]["input"].items() if name not in ("mean", "std")}
    found = server.client.post("/api/theory", params=asked, json=config).json()
    assert found == shown["theory"] and None not in found["preactivation_band"]["low"][:3]
    without = server.client.post("/api/theory", params={"input_mean_square": asked["input_mean_square"]}, json=config).json()
    assert without["preactivation_band"]["low"] == [None] * 4
