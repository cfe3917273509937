"""What the prediction rests on: how far an optimizer's first step moves the weights, and runs that it has to foretell."""

import math
from statistics import median

import pytest
import torch

from models.config import RunConfig
from models.diagnosis import Verdict, diagnose, held, outcome, predict
from models.diagnosis.look import Look
from models.diagnosis.movement import Row, movement
from models.diagnosis.tolerance import left, reach, swing
from models.diagnosis.variants import changed
from models.frame import MAX_ROWS
from models.theory import theory_of
from models.training import Run, initial_frame, train


def network(depth, activation, init, optimizer, lr, steps=150, norm="none", width=64, data="digits", seed=0, **more):
    return RunConfig.model_validate({
        "seed": seed,
        "network": {"depth": depth, "width": width, "activation": {"name": activation}, "normalization": {"name": norm}, **more},
        "init": init if isinstance(init, dict) else {"name": init}, "data": {"name": data, "batch_size": 128},
        "training": {"steps": steps, "optimizer": {"name": optimizer, "lr": lr}},
        "capture": {"every": 10**6, "samples": 64, "bins": 8}, "device": "cpu"})


def scaled(scale):
    return {"name": "variance_scaling", "scale": scale, "distribution": "normal"}


def foretold_and_came(config):
    verdict = Verdict(config, lambda frame: theory_of(config, frame["input"]))
    frames = train(config)
    verdict.of(next(frames))
    *_, last = frames
    return verdict.prediction.outcome, outcome(config, last)


def moved(config):
    """By how much of its norm one step of torch.optim moves each row's weights."""
    run = Run.start(config)
    rows = [row.weighted.weight for row in run.network.rows()]
    before = [weight.detach().clone() for weight in rows]
    frame = next(run.frames())
    run.update()
    return frame, [float((weight.detach() - old).norm() / old.norm()) for weight, old in zip(rows, before, strict=True)]


@pytest.mark.parametrize(("optimizer", "lr"), [("sgd", 0.05), ("adam", 0.001), ("adamw", 0.001)])
@pytest.mark.parametrize("depth", [6, 400], ids=["every row shown", "some of 401 rows shown"])
def test_a_stride_is_what_the_first_step_moves_all_rows_by(depth, optimizer, lr):
    config = network(depth, "tanh", "orthogonal", optimizer, lr, width=32)
    frame, parts = moved(config)
    assert len(frame["layers"]) == min(depth + 1, MAX_ROWS)
    each = Look(config, frame, None).movement
    assert each.stride == pytest.approx(sum(parts), rel=0.02 if depth == 6 else 0.05)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_jolt_is_of_the_first_step(optimizer):
    """RMSprop's is ten times as large as those to come, once its running mean knows the gradients. Through leverages of 1 rows add up."""
    config = network(6, "tanh", "orthogonal", optimizer, 1e-3, width=32)
    frame, parts = moved(config)
    assert Look(config, frame, None).movement.first == pytest.approx(parts, rel=0.05)
    rows = [Row(weight, gradient, 100, 1.0) for weight, gradient in ((2.0, 0.1), (5.0, 3.0))]
    each = movement(config.training, rows, 1.0)
    assert each.jolt == pytest.approx(sum(each.first))
    assert each.jolt / each.stride == pytest.approx(10.0 if optimizer == "rmsprop" else 1.0, rel=1e-3)


def test_rmsprops_first_step_may_be_too_large_where_adams_is_not():
    """Critical is what the steps to come do, too, at a rate ten times larger."""
    foretold = {(name, lr): predict(config, frame, diagnose(config, frame)).outcome
                for name, lr in (("adam", 3e-3), ("rmsprop", 3e-3), ("rmsprop", 3e-2))
                for config in [network(24, "selu", "lecun_normal", name, lr)] for frame in [initial_frame(config)]}
    assert list(foretold.values()) == ["trains", "slow", "fails"]


def test_rmsprops_steps_become_as_large_as_a_stride_says():
    """By torch, under the same gradient again and again: the first is ten times as large as the last."""
    weight = torch.nn.Parameter(torch.ones(100))
    optimizer = torch.optim.RMSprop([weight], lr=1e-6)
    sizes = []
    for _ in range(1000):
        weight.grad = torch.full_like(weight, 0.01)
        before = weight.detach().clone()
        optimizer.step()
        sizes.append(float((weight.detach() - before).norm() / before.norm()))
    config = RunConfig.model_validate({"training": {"optimizer": {"name": "rmsprop", "lr": 1e-6}}})
    each = movement(config.training, [Row(10.0, 0.1, 100, 1.0)], 1.0)
    assert (each.jolt, each.stride) == pytest.approx((sizes[0], sizes[-1]), rel=0.05)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_what_momentum_sums_of_random_steps(momentum):
    """The mean size of torch's updates under gradients of random directions, over one gradient's: 1 / sqrt(1 - m^2) in the end."""
    weight = torch.nn.Parameter(torch.zeros(20_000))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=momentum)
    draw = torch.Generator().manual_seed(1)
    for _ in range(60):
        weight.grad = torch.randn(len(weight), generator=draw)
        before = weight.detach().clone()
        optimizer.step()
    size = float((weight.detach() - before).norm()) / len(weight) ** 0.5
    config = RunConfig.model_validate({"training": {"optimizer": {"name": "sgd", "lr": 1.0, "momentum": momentum}}})
    each = movement(config.training, [Row(1.0, 1.0, 1, 1.0)], 1.0)
    assert swing(config, each, logits=16.0) == pytest.approx(size, rel=0.02)


@pytest.mark.parametrize(("lr", "momentum"), [(3.0, 0.0), (10.0, 0.0), (0.03, 0.9)])
def test_what_a_normalization_leaves_of_large_steps(lr, momentum):
    """Torch's own steps on weights in front of a batch normalization, under gradients of random directions behind it."""
    draw = torch.Generator().manual_seed(1)
    weight, x = torch.nn.Parameter(torch.randn(64, 64, generator=draw)), torch.randn(128, 64, generator=draw)
    optimizer, moved = torch.optim.SGD([weight], lr=lr, momentum=momentum), []
    for _ in range(101):
        optimizer.zero_grad()
        (torch.nn.functional.batch_norm(x @ weight.T, None, None, training=True) * torch.randn(128, 64, generator=draw)).sum().backward()
        moved.append((float(weight.detach().norm()), float(weight.grad.norm())))
        optimizer.step()
    config = network(4, "relu", "kaiming_normal", "momentum" if momentum else "sgd", lr, steps=100, norm="batch")
    first, last = (movement(config.training, [Row(*sizes, 1, 1.0), Row(1.0, 0.0, 1, 1.0)], 1.0) for sizes in (moved[0], moved[-1]))
    assert left(config, first) == pytest.approx(last.jolt, rel=0.15) and last.jolt < 0.1 < first.jolt


@pytest.mark.parametrize("inputs", [64, 1024])
def test_weights_that_move_together_count_by_the_root_of_their_inputs(inputs):
    """A step of lr times the gradients' signs moves a unit's sum by lr sum |x|: sqrt(2 n / pi) times what random signs do."""
    draw = torch.Generator().manual_seed(1)
    weight, x, back = (torch.randn(size, generator=draw) for size in ((200, inputs), (inputs,), (200,)))
    step = 1e-3 * torch.outer(back, x).sign()
    config = network(4, "relu", "kaiming_normal", "adam", 1e-3, width=inputs)
    each = movement(config.training, [Row(float(weight.norm()), 1.0, weight.numel(), 1.0)], 1.0)
    counted, _ = reach(config, each, 1.0)
    assert float((step @ x).norm() / (weight @ x).norm()) == pytest.approx(math.sqrt(2.0 / math.pi) * counted, rel=0.1)


def test_what_steps_too_small_are_said_to_change_at_most_they_do_change_at_most():
    """Second road: Adam itself. The weights move by less than is said, and what a layer makes of any input by no more."""
    config = network(6, "tanh", "xavier_normal", "adam", 2e-5, steps=20, width=128)
    run = Run.start(config)
    found = next(each for each in diagnose(config, initial_frame(config)) if each.rule == "learning_rate")
    layers = [row.weighted for row in run.network.rows()]
    first = [layer.weight.detach().clone() for layer in layers]
    for _ in run.frames():
        pass
    moved = [float((layer.weight.detach() - before).norm() / before.norm()) for layer, before in zip(layers, first, strict=True)]
    largest = [float(torch.linalg.matrix_norm(layer.weight.detach() - before, 2) / before.norm() * before.shape[1] ** 0.5)
               for layer, before in zip(layers, first, strict=True)]
    assert "at most" in found.title and "computes" in found.title
    assert 3.0 * median(moved) < found.measured and 0.3 * found.measured < median(largest) < 1.2 * found.measured


@pytest.mark.parametrize(("config", "said"), [
    (network(20, "tanh", scaled(7.0), "sgd", 0.01, width=128), "trains"),
    (network(20, "tanh", scaled(3.1), "sgd", 0.4, steps=100), "fails"),
    (network(200, "tanh", "orthogonal", "sgd", 0.1, width=32, steps=100), "slow"),
    (network(8, "softplus", "kaiming_normal", "adam", 0.003), "trains"),
    (network(8, "softplus", "kaiming_normal", "sgd", 0.03), "fails"),
    (network(20, "silu", "kaiming_normal", "adam", 0.02, norm="layer"), "slow"),
    (network(20, "silu", "kaiming_normal", "adam", 0.02, norm="batch"), "trains"),
    (network(12, "hardtanh", "kaiming_normal", "sgd", 0.02, residual=True, steps=100), "trains"),
    (network(40, "gelu", scaled(2 / 40), "sgd", 0.2, steps=60, width=32, residual=True), "slow"),
    (network(40, "gelu", scaled(2 / 40), "sgd", 0.03, steps=300, width=32, residual=True), "trains"),
    (network(40, "gelu", scaled(2 / 40), "sgd", 0.01, steps=100, width=32, residual=True), "slow"),
    (network(60, "relu", "kaiming_normal", "sgd", 0.0022, steps=100, norm="layer", residual=True), "slow"),
    (network(3, "sigmoid", "kaiming_normal", "adam", 0.003, steps=100, width=16, kind="cnn"), "fails"),
    (network(6, "tanh", "xavier_normal", "adam", 0.001, data="spirals"), "slow"),
    (network(6, "tanh", "xavier_normal", "adam", 0.001, data="moons"), "trains"),
    (network(8, "relu", "kaiming_normal", "adam", 0.003, norm="batch", data="spirals"), "trains"),
    (network(4, "silu", "kaiming_normal", "adam", 4e-4, steps=100, width=16), "slow"),
    (network(4, "silu", "kaiming_normal", "adam", 2e-4, width=256), "trains"),
    (network(12, "linear", scaled(4.0), "adam", 0.001, width=128), "trains"),
    (network(12, "linear", scaled(4.0), "adam", 0.0001), "slow"),
    (network(14, "tanh", "kaiming_normal", "momentum", 0.03, width=128, residual=True), "trains"),
    (network(14, "relu", "kaiming_normal", "adam", 0.003, norm="batch", width=32, dropout=0.3), "slow"),
    (network(20, "relu", "kaiming_normal", "sgd", 1.0, norm="batch", width=32), "trains"),
    (network(26, "silu", "xavier_normal", "sgd", 0.5, norm="layer", width=32), "fails"),
    (network(7, "tanh", "kaiming_normal", "momentum", 0.09, width=128), "trains"),
    (network(12, "relu", "lsuv", "adam", 0.002, width=32, dropout=0.2), "slow"),
], ids=["chaos", "stride", "swing", "alike, adam", "alike, sgd", "adam, layer", "adam, batch", "flat beside a skip", "swing beside skips",
        "shared by skips", "shared by skips, few steps", "alike, normalized beside skips", "alike, pooled", "spirals", "moons",
        "spirals, batch", "adam, few inputs", "adam, many inputs", "adam brings it down", "adam does not bring it down",
        "bounded beside skips", "dropout beside batch", "steps that shrink", "layer, stride", "a stride of no jolt", "dropout beside lsuv"])
def test_what_is_foretold_comes(config, said):
    foretold, came = foretold_and_came(config)
    assert foretold == said and held(foretold, came)


def test_a_rate_that_the_growing_gradients_make_too_large_is_mended():
    config = network(200, "tanh", "orthogonal", "sgd", 0.1, width=32, steps=100)
    frame = initial_frame(config)
    found = next(each for each in diagnose(config, frame) if each.rule == "learning_rate")
    assert found.severity == "warning" and found.measured > found.threshold and "become too large" in found.title
    mended = RunConfig.model_validate(found.config)
    frame = initial_frame(mended)
    after = diagnose(mended, frame)
    assert mended.training.optimizer.params["lr"] < 0.02 and not any(each.rule == "learning_rate" for each in after)
    assert predict(mended, frame, after).outcome == "trains"


@pytest.mark.parametrize(("activation", "norm", "depth"), [("relu", "batch", 60), ("tanh", "layer", 100)])
def test_narrow_normalized_layers_beside_skips_are_offered_a_rate_that_trains(activation, norm, depth):
    """Of 16 units. An eighth of it, nearer to what plain layers are offered, is too small for these steps. (Four of five seeds end far
    below the edge of what counts as trained; seed 0 ends at it, on this or that side as the processor rounds.)"""
    config = network(depth, activation, "kaiming_normal", "sgd", 1e-7, norm=norm, residual=True, width=16, seed=4)
    found = next(each for each in diagnose(config, initial_frame(config)) if each.rule == "learning_rate")
    mended = RunConfig.model_validate(found.config)
    assert foretold_and_came(mended) == ("trains", "trains")
    assert foretold_and_came(changed(mended, training__optimizer__lr=mended.training.optimizer.params["lr"] / 8))[1] != "trains"
