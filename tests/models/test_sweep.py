"""The map against networks looked at one at a time, and against theory."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
import torch

from models import mapping
from models.config import RunConfig
from models.sweep import SweepConfig, as_run
from models.theory import theory
from models.training import Run, initial_frame

MAP = {"base": {"network": {"depth": 10, "width": 200, "activation": {"name": "tanh"}}, "data": {"name": "gaussian", "batch_size": 64}},
       "sigma_w2": {"low": 0.5, "high": 3.0, "count": 4}, "sigma_b2": {"low": 0.05, "high": 0.3, "count": 2}}


@pytest.fixture(scope="module")
def rows():
    return list(mapping.rows(SweepConfig.model_validate(MAP)))


def test_the_map_has_every_point(rows):
    assert [row["seq"] for row in rows] == [0, 1] and [row["sigma_b2"] for row in rows] == pytest.approx([0.05, 0.3])
    assert rows[0]["sigma_w2"] == pytest.approx([0.5, 1.3333333, 2.1666667, 3.0])


@pytest.mark.parametrize("point", range(4))
def test_a_point_is_the_network_that_its_run_builds(rows, point):
    """Other random numbers, the same distribution: mean squares of a 200 wide network agree within a few percent."""
    config = SweepConfig.model_validate(MAP)
    alone = RunConfig.model_validate(as_run(config, rows[1]["sigma_w2"][point], rows[1]["sigma_b2"]))
    frame = initial_frame(alone)
    assert rows[1]["q"][point] == pytest.approx(frame["quantities"]["preactivation"]["mean_square"][9], rel=0.15)
    assert rows[1]["correlation"][point] == pytest.approx(frame["correlation"][9], abs=0.1)


@pytest.mark.parametrize("point", range(4))
def test_a_point_is_where_theory_says(rows, point):
    config = SweepConfig.model_validate(MAP)
    for row in rows:
        expected = theory(RunConfig.model_validate(as_run(config, row["sigma_w2"][point], row["sigma_b2"])), 1.0, 0.0)
        assert row["q"][point] == pytest.approx(expected.preactivation_variance[9], rel=0.15)
        assert row["correlation"][point] == pytest.approx(expected.correlation[9], abs=0.1)


def test_networks_side_by_side_are_networks_one_at_a_time():
    """The same base numbers, once in a batch of points and once nearly alone."""
    config = SweepConfig.model_validate({**MAP, "train_steps": 3, "base": {**MAP["base"], "training": {"optimizer": {"lr": 0.1}}}})
    together = next(mapping.rows(config))
    for point, sigma_w2 in enumerate(together["sigma_w2"]):
        narrow = {**config.model_dump(), "sigma_w2": {"low": sigma_w2 - 1e-9, "high": sigma_w2, "count": 2},
                  "sigma_b2": {"low": 0.05, "high": 0.051, "count": 2}}
        alone = next(mapping.rows(SweepConfig.model_validate(narrow)))
        for name in ("q", "correlation", "chi", "loss", "final_loss"):
            assert together[name][point] == pytest.approx(alone[name][1], rel=1e-3), name


@pytest.mark.parametrize(("activation", "training"), [
    ("tanh", {"optimizer": {"name": "sgd", "lr": 0.1}}), ("tanh", {"optimizer": {"name": "momentum", "lr": 0.05, "weight_decay": 0.01}}),
    ("tanh", {"optimizer": {"name": "adam", "lr": 0.01}}), ("tanh", {"optimizer": {"name": "sgd", "lr": 0.1}, "clip_norm": 0.05}),
    ("prelu", {"optimizer": {"name": "adam", "lr": 0.05}}), ("prelu", {"optimizer": {"name": "sgd", "lr": 0.1}, "clip_norm": 0.05}),
], ids=["sgd", "momentum", "adam", "clipped", "slopes", "slopes, clipped"])
def test_a_point_is_trained_as_its_run_is(activation, training):
    """The same weights in a run of its own: its batches one after the other, its optimizer, and the loss where its last frame has it."""
    network = {"depth": 3, "width": 40, "activation": {"name": activation}}
    base = {"network": network, "data": {"name": "digits", "batch_size": 32}, "seed": 3}
    axes = {"sigma_w2": {"low": 1.0, "high": 2.0, "count": 2}, "sigma_b2": {"low": 0.1, "high": 0.2, "count": 2}}
    config = SweepConfig.model_validate({"base": {**base, "training": training}, "train_steps": 8, **axes})
    row = next(mapping.rows(config))
    for point, sigma_w2 in enumerate(row["sigma_w2"]):
        alone = as_run(config, sigma_w2, 0.1)
        run = Run.start(RunConfig.model_validate({**alone, "training": {**training, "steps": 8}}))
        _draw_as_the_map(run, config, sigma_w2, 0.1)
        *_, last = run.frames()
        assert (row["loss"][point], row["final_loss"][point]) == pytest.approx((run.first_loss, last["loss"]), rel=1e-4)


def _draw_as_the_map(run, config, sigma_w2, sigma_b2):
    weights, biases = mapping.base_numbers(config.base, run.device)
    for layer, weight, bias in zip(run.network.rows(), weights, biases, strict=True):
        layer.weighted.weight.data = sigma_w2**0.5 * weight
        layer.weighted.bias.data = sigma_b2**0.5 * bias


def test_training_lowers_the_loss_where_the_signal_gets_through():
    config = {"base": {"network": {"depth": 6, "width": 64, "activation": {"name": "tanh"}}, "data": {"name": "moons", "batch_size": 128},
                       "training": {"optimizer": {"lr": 0.1}}},
              "sigma_w2": {"low": 0.05, "high": 1.5, "count": 2}, "sigma_b2": {"low": 0.0, "high": 0.01, "count": 2}, "train_steps": 60}
    row = next(mapping.rows(SweepConfig.model_validate(config)))
    vanished, alive = row["final_loss"]
    assert alive < 0.6 * row["loss"][1]
    assert vanished == pytest.approx(0.693, abs=0.02)


def test_chi_is_the_gradients_factor():
    network = {"depth": 8, "width": 300, "activation": {"name": "linear"}}
    linear = {"base": {"network": network, "data": {"name": "gaussian", "batch_size": 32}},
              "sigma_w2": {"low": 0.5, "high": 2.0, "count": 2}, "sigma_b2": {"low": 0.0, "high": 0.1, "count": 2}}
    row = next(mapping.rows(SweepConfig.model_validate(linear)))
    assert row["chi"] == pytest.approx([0.5, 2.0], rel=0.1)


@pytest.mark.parametrize("network", [{"kind": "cnn"}, {"residual": True}, {"dropout": 0.1}, {"normalization": {"name": "batch"}}])
def test_only_plain_networks(network):
    with pytest.raises(ValueError, match="plain fully connected"):
        SweepConfig.model_validate({"base": {"network": network}})


def test_only_networks_with_biases():
    with pytest.raises(ValueError, match="have biases"):
        SweepConfig.model_validate({"base": {"network": {"bias": False}}})


def test_overflow_is_none_not_an_error():
    hot = {"base": {"network": {"depth": 60, "width": 32}, "data": {"name": "gaussian"}}, "sigma_w2": {"low": 1.0, "high": 1e6, "count": 2}}
    row = next(mapping.rows(SweepConfig.model_validate(hot)))
    assert row["q"][1] is None and row["q"][0] is not None and torch.isfinite(torch.tensor(row["q"][0]))


MEASURING = r"""
import json, re, sys
from pathlib import Path
from models import mapping
from models.sweep import SweepConfig, memory_bytes
config = SweepConfig.model_validate(json.loads(sys.argv[1]))
one = {"base": {"network": {"depth": 1, "width": 2}, "data": {"name": "gaussian", "batch_size": 4}}, "train_steps": 1}
held = []
for each in (SweepConfig.model_validate(one), config):
    next(mapping.rows(each))
    held.append(1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]))
print(memory_bytes(config) / (held[1] - held[0]))
"""


@pytest.mark.parametrize("given", [
    {"base": {"network": {"depth": 2, "width": 64}, "data": {"name": "gaussian", "features": 2000, "batch_size": 8},
              "training": {"optimizer": {"name": "adam"}}}, "sigma_w2": {"low": 1, "high": 2, "count": 64}, "train_steps": 1},
    {"base": {"network": {"depth": 1, "width": 256}, "data": {"name": "gaussian", "features": 8, "batch_size": 1024}},
     "sigma_w2": {"low": 1, "high": 2, "count": 48}},
], ids=["many inputs", "one layer"])
def test_a_map_takes_about_the_memory_that_is_estimated(given):
    """By the process's own peak (ru_maxrss would begin with pytest's): what the estimate leaves out, the limit on memory would not see."""
    told = subprocess.run([sys.executable, "-c", MEASURING, json.dumps(given)], capture_output=True, text=True, check=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert 0.6 < float(told.stdout) < 1.6


def test_maps_of_before_they_looked_at_their_runs_batches_are_others():
    config = SweepConfig.model_validate(MAP)
    before = hashlib.sha256(f"sweep 1\n{config.canonical()}".encode()).hexdigest()[:16]
    assert config.fingerprint() != before
