"""Training against a bare PyTorch loop on the same data, and how runs end."""

import math

import pytest
import torch
from torch.nn import functional as F

from models.config import RunConfig
from models.optimizers import OPTIMIZERS
from models.training import Run, batches_of, initial_frame, train

PLAIN = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.05),
    "adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("clip", [None, 0.5])
def test_losses_are_a_bare_loops(name, clip):
    config = RunConfig.model_validate({
        "network": {"depth": 3, "width": 16}, "data": {"name": "digits", "batch_size": 50}, "seed": 7, "capture": {"every": 4},
        "training": {"steps": 10, "clip_norm": clip, "optimizer": {"name": name, "lr": 0.05}}})
    frames = list(train(config))
    reference = Run.start(config)
    optimizer, batches, losses = PLAIN[name](reference.network.parameters()), batches_of(config, reference.data), []
    for _ in range(11):
        inputs, labels = next(batches)
        optimizer.zero_grad()
        loss = F.cross_entropy(reference.network(inputs), labels)
        losses.append(loss.item())
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(reference.network.parameters(), clip)
        optimizer.step()
    assert [frame["step"] for frame in frames] == [0, 4, 8, 10]
    assert [value for frame in frames for value in frame["losses"]] == pytest.approx(losses, rel=1e-5)
    assert [frame["loss"] for frame in frames] == pytest.approx([losses[i] for i in (0, 4, 8, 10)], rel=1e-5)


def test_validation_is_the_held_out_part_in_evaluation_mode():
    config = RunConfig.model_validate({"network": {"depth": 2, "width": 16, "dropout": 0.5}, "training": {"steps": 0}})
    (frame,) = train(config)
    run = Run.start(config)
    network = run.network.eval()
    logits = network(run.data.validation_inputs)
    assert frame["validation_loss"] == pytest.approx(F.cross_entropy(logits, run.data.validation_labels).item(), rel=1e-5)
    assert frame["validation_accuracy"] == pytest.approx((logits.argmax(1) == run.data.validation_labels).float().mean().item())
    none = RunConfig.model_validate({"data": {"validation_fraction": 0}, "training": {"steps": 0}, "network": {"depth": 1, "width": 4}})
    assert next(train(none))["validation_loss"] is None


def test_batch_normalization_is_measured_and_evaluated_as_a_bare_loop_would():
    config = RunConfig.model_validate({"network": {"depth": 2, "width": 16, "normalization": {"name": "batch"}}, "training": {"steps": 3},
                                       "capture": {"every": 3}})
    last = list(train(config))[-1]
    run = Run.start(config)
    batches = batches_of(config, run.data)
    for _ in range(3):
        run.backward(*next(batches))
        run.optimizer.step()
    run.network.eval()
    expected = F.cross_entropy(run.network(run.data.validation_inputs), run.data.validation_labels).item()
    assert last["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_groups_of_a_single_value_go_to_zero_in_any_batch_and_in_a_validation_part_of_one():
    """torch.nn.GroupNorm takes such a group for two examples and refuses it for one; two examples' answer is what one gets too."""
    width = 4
    assert torch.nn.GroupNorm(width, width)(torch.randn(2, width)).abs().max() < 1e-3  # rounding over √ε
    for batch in (1, 2):
        config = RunConfig.model_validate({
            "network": {"depth": 2, "width": width, "activation": {"name": "linear"}, "normalization": {"name": "group", "groups": width}},
            "data": {"name": "spirals", "samples": 4, "batch_size": batch, "validation_fraction": 0.25}, "training": {"steps": 1}})
        frame = initial_frame(config)
        assert frame["quantities"]["activation"]["mean_square"][0] < 1e-6 and frame["validation_loss"] is not None


def test_a_run_that_diverges_ends_with_the_frame_that_shows_it():
    config = RunConfig.model_validate({"network": {"depth": 3, "width": 16}, "capture": {"every": 50},
                                       "training": {"steps": 200, "optimizer": {"name": "sgd", "lr": 1e4}}})
    frames = list(train(config))
    assert frames[0]["loss"] is not None and frames[-1]["loss"] is None and frames[-1]["step"] < 200
    assert [frame["seq"] for frame in frames] == list(range(len(frames)))


@pytest.mark.parametrize(("std", "optimizer"), [(1.0, {"name": "sgd", "lr": 1e4}), (0.25, {"name": "sgd", "lr": 0.7}),
                                                (0.25, {"name": "momentum", "lr": 0.1})])
def test_the_last_frame_of_a_run_that_diverges_between_two_has_the_update_that_led_there(std, optimizer):
    """At step 1, 3 and 6."""
    config = RunConfig.model_validate({
        "network": {"depth": 20, "width": 16, "activation": {"name": "linear"}}, "init": {"name": "normal", "std": std},
        "training": {"steps": 2000, "optimizer": optimizer}, "capture": {"every": 1000}})
    frame = list(train(config))[-1]
    assert frame["loss"] is None and frame["step"] not in (0, 1000)
    reference = Run.start(config)
    bare, batches = PLAIN[optimizer["name"]](reference.network.parameters()), batches_of(config, reference.data)
    for group in bare.param_groups:
        group["lr"] = optimizer["lr"]
    weights = [row.weighted.weight for row in reference.network.rows()]
    before = [weight.detach().clone() for weight in weights]
    for _ in range(frame["step"]):
        bare.zero_grad()
        inputs, labels = next(batches)
        F.cross_entropy(reference.network(inputs), labels).backward()
        before = [weight.detach().clone() for weight in weights]
        bare.step()
    changes = [(weight.detach() - old).double() for weight, old in zip(weights, before, strict=True)]
    finite = [change[change.isfinite()].norm().item() for change in changes]
    assert frame["quantities"]["update"]["norm"] == pytest.approx(finite, rel=1e-4)


def test_a_run_stops_when_it_is_told_to():
    frames = list(train(RunConfig.model_validate({"network": {"depth": 1, "width": 4}, "capture": {"every": 1}}), lambda done: done < 5))
    assert [frame["step"] for frame in frames] == [0, 1, 2, 3, 4, 5]


def test_epochs_count_full_batches():
    config = RunConfig.model_validate({"data": {"name": "digits", "batch_size": 100}, "training": {"epochs": 3}})
    assert config.split == (1438, 359) and config.total_steps == 3 * 14


def test_an_epoch_sees_every_example_once():
    config = RunConfig.model_validate({"data": {"name": "moons", "samples": 100, "batch_size": 16, "validation_fraction": 0.2}})
    run = Run.start(config)
    batches = batches_of(config, run.data)
    seen = torch.cat([next(batches)[0] for _ in range(5)])
    assert len(seen) == 80 and len(torch.unique(seen, dim=0)) == 80


def test_the_same_seed_gives_the_same_numbers():
    config = RunConfig.model_validate({"network": {"depth": 3, "width": 16, "dropout": 0.2}, "training": {"steps": 6}})
    one, two = ([frame["loss"] for frame in train(config)] for _ in range(2))
    other = [frame["loss"] for frame in train(config.model_copy(update={"seed": 1}))]
    assert one == two and one != other and all(math.isfinite(value) for value in one)
