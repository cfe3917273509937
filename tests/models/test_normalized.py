"""What normalizations hold, by a second road: torch.nn's layers stepped by hand, and the closed form of an exponential average."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.config import RunConfig
from models.frame import NORMALIZED
from models.training import Run, train


def config(normalization, **more):
    network = {"depth": 3, "width": 8, "normalization": normalization, **more.pop("network", {})}
    return RunConfig.model_validate({"network": network, "data": {"name": "digits", "batch_size": 64}, "capture": {"every": 1}, **more})


def still(momentum, steps):
    """Batch normalization whose weights never move."""
    return config({"name": "batch", "momentum": momentum}, training={"steps": steps, "optimizer": {"name": "sgd", "lr": 0.0}})


@pytest.mark.parametrize("momentum", [0.1, 0.5])
def test_running_statistics_are_those_of_a_layer_stepped_by_hand(momentum):
    wanted = still(momentum, 6)
    run = Run.start(wanted)
    weight = run.network.rows()[0].weighted.weight.detach().clone()
    seen = []
    backward = run.backward
    run.backward = lambda inputs, labels: (seen.append(inputs.clone()), backward(inputs, labels))[1]
    frames = list(run.frames())
    mean, var = torch.zeros(8), torch.ones(8)
    for frame, inputs in zip(frames, seen, strict=True):
        z = functional.linear(inputs, weight).double()
        found = frame["normalization"]
        gap = math.sqrt(((mean - z.mean(0)) ** 2).sum() / z.var(0).sum())
        assert found["running_mean_gap"][0] == pytest.approx(gap, rel=1e-4)
        assert found["running_variance_ratio"][0] == pytest.approx(float(var.sum() / z.var(0).sum()), rel=1e-4)
        mean, var = (1 - momentum) * mean + momentum * z.mean(0), (1 - momentum) * var + momentum * z.var(0)


def test_running_statistics_forget_their_start_at_the_pace_of_the_momentum():
    """On one batch that never changes: the gap shrinks by 1 − momentum a step."""
    whole = RunConfig.model_validate({**still(0.2, 10).model_dump(mode="json"), "data": {"name": "digits", "batch_size": "all"}})
    gaps = [frame["normalization"]["running_mean_gap"][0] for frame in train(whole)]
    assert [after / before for before, after in pairwise(gaps)] == pytest.approx([0.8] * 10, rel=1e-3)


@pytest.mark.parametrize(("normalization", "kind", "learns"), [
    ({"name": "batch"}, "mlp", "gamma beta"), ({"name": "layer", "placement": "post_activation"}, "mlp", "gamma beta"),
    ({"name": "rms"}, "mlp", "gamma"), ({"name": "group", "groups": 2}, "cnn", "gamma beta"), ({"name": "instance"}, "cnn", "gamma beta"),
    ({"name": "batch", "affine": False}, "cnn", ""),
], ids=str)
def test_what_is_learned_is_what_the_modules_hold(normalization, kind, learns):
    run = Run.start(config(normalization, network={"kind": kind}, training={"steps": 3, "optimizer": {"name": "sgd", "lr": 0.5}}))
    frames = list(run.frames())
    first, last = frames[0]["normalization"], frames[-1]["normalization"]
    module = run.network.rows()[1].before or run.network.rows()[1].after
    for name, start, tensor in (("gamma", 1.0, getattr(module, "weight", None)), ("beta", 0.0, getattr(module, "bias", None))):
        if name not in learns:
            assert [last[f"{name}{end}"][1] for end in ("", "_low", "_high")] == [None] * 3
            continue
        assert [first[f"{name}{end}"][1] for end in ("", "_low", "_high")] == [start] * 3
        expected = [tensor.mean().item(), tensor.min().item(), tensor.max().item()]
        assert [last[f"{name}{end}"][1] for end in ("", "_low", "_high")] == pytest.approx(expected)
        assert expected[1] < start < expected[2]
    assert set(first) == set(NORMALIZED) and all(column[-1] is None for column in last.values())  # the output row has none
    assert (last["running_mean_gap"][1] is None) == (normalization["name"] != "batch")


def test_evaluation_mode_is_another_network_until_the_running_statistics_are_there():
    run = Run.start(config({"name": "batch", "momentum": 0.3}, init={"name": "kaiming_normal", "gain": 10.0},
                           training={"steps": 30, "optimizer": {"name": "sgd", "lr": 0.0}}))
    frames = list(run.frames())
    parts = [module for layer in run.network.rows() for module in (layer.weighted, layer.before, layer.nonlinearity) if module]
    copy = nn.Sequential(*parts)
    inputs, labels = run.data.inputs[:64], run.data.labels[:64]
    run.network.eval()
    by_hand = functional.cross_entropy(copy(inputs), labels).item()
    assert run.evaluate(inputs, labels)[0].item() == pytest.approx(by_hand, rel=1e-5)
    assert frames[0]["evaluation_loss"] > 10 * frames[0]["loss"]  # nothing is divided by yet: all values are tenfold in every layer
    assert frames[-1]["evaluation_loss"] == pytest.approx(frames[-1]["loss"], rel=0.2)


def test_where_the_mode_makes_no_difference_it_is_not_asked():
    frame = next(train(config({"name": "layer"})))
    assert frame["evaluation_loss"] is None and frame["evaluation_accuracy"] is None
    assert next(train(config({"name": "none"})))["normalization"] is None
