"""Any valid configuration, drawn by hypothesis: it previews, or is refused with the numbers that say why."""

import json
import math
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from models import cost
from models.config import RunConfig
from models.words import say
from tests.configurations import SMALL, configurations

WITHOUT = {"init": ("pretrained",), "data": ("fashion_mnist", "cifar10")}
"""What needs files that the tests' server does not have."""
GIB = 1024**3
FROM_THE_CATALOGUE = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def strictly(text):
    """JSON without the NaN and Infinity that Python's parser would let through."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def preview(server, config):
    return server.client.post("/api/preview", content=config.canonical(), headers={"content-type": "application/json"})


def test_each_configuration_within_the_limits_previews(server):
    @settings(FROM_THE_CATALOGUE, max_examples=150)
    @given(configurations(SMALL, {**WITHOUT, "device": ("cuda",)}))
    def holds(config):
        if config.device == "cuda":
            return
        answer = preview(server, config)
        assert answer.status_code == 200, answer.text
        body = strictly(answer.text)
        assert RunConfig.model_validate(body["config"]) == config
        rows = body["frame"]["layers"]
        assert rows == list(range(1, config.network.depth + 2)) == [layer["row"] for layer in body["layers"]]
        for quantity in body["frame"]["quantities"].values():
            for row, n in enumerate(quantity["n"]):
                odd = sum(quantity[kind][row] for kind in ("nan", "pos_inf", "neg_inf"))
                assert 0 <= odd <= n and (quantity["mean_square"][row] is None) == (odd == n)
        known = {f"input_{name}": value for name, value in body["frame"]["input"].items() if value is not None}
        theory = server.client.post("/api/theory", content=config.canonical(), headers={"content-type": "application/json"}, params=known)
        assert theory.status_code == 200, theory.text
        assert theory.json() == body["theory"] or "input_mean_square" not in known

    holds()


def test_each_configuration_beyond_the_limits_is_told_its_size_and_the_limit(server):
    limits = server.client.get("/api/catalog").json()["limits"]
    refusals = Counter()

    @settings(FROM_THE_CATALOGUE, max_examples=250)
    @given(configurations({}, WITHOUT))
    def holds(config):
        size = cost.estimate(config)
        too_large = size.memory_bytes / GIB > limits["max_memory_gib"]
        # Only what is refused is sent: a run that was taken would keep this server busy for the tests to come.
        beyond = {"/api/preview": too_large or size.flops_per_step > limits["max_preview_flops"],
                  "/api/runs": too_large or size.flops > limits["max_run_flops"] or size.frames > limits["max_frames"]}
        for path in (path for path, refused in beyond.items() if refused):
            answer = server.client.post(path, content=config.canonical(), headers={"content-type": "application/json"})
            body = strictly(answer.text)
            assert answer.status_code == 422 and body["errors"], answer.text
            if config.device != "cuda":
                assert math.isfinite(body["estimate"]) and body["estimate"] > body["limit"] > 0
                assert all(say("{size:.3g}", size=body[name]) in body["errors"][0]["msg"] for name in ("limit", "estimate"))
            refusals[path] += 1

    holds()
    assert refusals["/api/preview"] > 25 and refusals["/api/runs"] > 8
