"""Every remedy that is offered, over random configurations: applied, the finding is gone."""

import math
from itertools import islice
from typing import Any

import pytest
import torch

from benchmarks.remedies import configurations, findings, left, left_at_the_end, shortened, trained, worst_on_the_way
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.diagnosis.candidates import candidates
from models.diagnosis.soundness import CROWDED, SILENCED, crowding, silenced
from models.diagnosis.tolerance import growth
from models.diagnosis.variants import changed, uncentred
from models.training import initial_frame, train
from tests.models.diagnosis.networks import look
from tests.models.diagnosis.networks import network as made


@pytest.mark.parametrize("seed", [1, 2])
def test_a_remedy_applied_leaves_nothing_as_bad_of_its_finding(seed: int) -> None:
    """Over the catalogue, depths 2 to 60, widths 4 to 256, learning rates 1e-5 to 10 (`python -m benchmarks.remedies` draws more)."""
    offered = [(config, finding) for config in islice(configurations(seed), 20) for finding in findings(config) if finding.config]
    assert len(offered) > 15
    assert [(config.canonical(), finding) for config, finding in offered if left(finding)] == []


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("lr", [1e-6, 10.0])
def test_a_mended_start_comes_with_a_learning_rate_of_its_own(optimizer: str, lr: float) -> None:
    """The start loses the gradient, so no learning rate suits it: the remedy mends the start and sets the rate with it."""
    config = RunConfig.model_validate({"network": {"depth": 30, "width": 64, "activation": {"name": "sigmoid"}}, "data": {"name": "digits"},
                                       "training": {"optimizer": {"name": optimizer, "lr": lr}}})
    found = {finding.rule: finding for finding in findings(config)}
    mended = RunConfig.model_validate(found["learning_rate"].config)
    assert mended.training.optimizer.params["lr"] != lr and mended.network != config.network
    for rule in ("vanishing_gradient", "learning_rate"):
        mended = RunConfig.model_validate(found[rule].config)
        after = {finding.rule: finding for finding in findings(mended)}
        assert "learning_rate" not in after and "vanishing_gradient" not in after, (rule, after)


@pytest.mark.parametrize("lr", [1e-4, 1e-9, 1e-20])
def test_however_small_a_rate_is_a_sound_start_stays(lr: float) -> None:
    config = RunConfig.model_validate({"network": {"depth": 8, "width": 64}, "data": {"name": "digits"},
                                       "training": {"optimizer": {"name": "sgd", "lr": lr}}})
    finding = next(finding for finding in findings(config) if finding.rule == "learning_rate")
    mended = RunConfig.model_validate(finding.config)
    assert (mended.network, mended.init) == (config.network, config.init) and finding.remedy.startswith("Set the learning rate to 0.0")
    assert mended.training.optimizer.params["lr"] == pytest.approx(0.0032, rel=0.1)


def test_a_learning_rate_that_suits_the_mended_start_stays() -> None:
    config = RunConfig.model_validate({"network": {"depth": 20, "width": 64}, "init": {"name": "xavier_normal"}, "data": {"name": "digits"},
                                       "training": {"steps": 500}})
    finding = next(finding for finding in findings(config) if finding.rule == "vanishing_signal")
    assert RunConfig.model_validate(finding.config).training == config.training


def test_dropout_that_leaves_nothing_is_lowered_first() -> None:
    """Of 8 units none is left to 0.43 of the examples in each layer: no weights and no normalization mend that."""
    config = RunConfig.model_validate({"network": {"depth": 16, "width": 8, "dropout": 0.9, "activation": {"name": "tanh"}},
                                       "init": {"name": "pytorch_default"}, "data": {"name": "digits", "batch_size": 32}})
    finding = next(finding for finding in findings(config) if finding.rule == "dead_units")
    mended = RunConfig.model_validate(finding.config)
    assert mended.network.dropout < 0.9 and silenced(mended) <= SILENCED < silenced(config)
    assert left(finding) is None


def test_relu_leaves_nothing_more_often() -> None:
    """Of 5 units and dropout 0.4, 0.6 are kept and 0.3 above 0: drawn anew for each of 20,000 examples in plain torch."""
    generator = torch.Generator().manual_seed(0)
    z, drawn = (torch.randn(20_000, 5, generator=generator), torch.rand(20_000, 5, generator=generator))
    share = float((z.relu() * (drawn >= 0.4) == 0).all(1).double().mean())
    config = RunConfig.model_validate({"network": {"depth": 12, "width": 5, "dropout": 0.4, "normalization": {"name": "rms"}},
                                       "data": {"name": "digits", "batch_size": 32}})
    assert silenced(config) == pytest.approx(12 * 32 * share, rel=0.05)
    tanh = changed(config, network__activation={"name": "tanh"})
    assert silenced(tanh) == pytest.approx(12 * 32 * 0.4**5)


@pytest.mark.parametrize(("network", "data"), [
    ({"depth": 12, "width": 20, "dropout": 0.9, "activation": {"name": "relu6"},
      "normalization": {"name": "rms", "placement": "post_activation"}}, "moons"),
    ({"depth": 8, "width": 7, "dropout": 0.9, "activation": {"name": "hardsigmoid"}}, "moons"),
])
def test_what_few_units_are_offered_under_dropout_mends_them(network: dict[str, Any], data: str) -> None:
    """Of both, a lower dropout alone left single draws with gradients that vanish or explode."""
    for seed in (95, 951):
        config = RunConfig.model_validate({"network": network, "init": {"name": "trunc_normal", "std": 0.05}, "seed": seed,
                                           "data": {"name": data, "batch_size": 32}})
        offered = [finding for finding in findings(config) if finding.config]
        assert offered and [finding for finding in offered if left(finding)] == []


def test_a_run_that_learned_nothing_under_heavy_dropout_gets_none_and_learns() -> None:
    config = RunConfig.model_validate({
        "network": {"depth": 4, "width": 44, "dropout": 0.9, "activation": {"name": "hardtanh"}}, "init": {"name": "xavier_normal"},
        "data": {"name": "digits", "batch_size": 128}, "seed": 767, "capture": {"every": 50, "samples": 64, "bins": 8},
        "training": {"steps": 100, "optimizer": {"name": "sgd", "lr": 2.2e-5}}})
    finding = next(finding for finding in worst_on_the_way(config) if finding.rule == "not_learned")
    mended = RunConfig.model_validate(finding.config)
    assert mended.network.dropout == 0.0 and "Leave out the dropout" in finding.remedy and mended.total_steps == 500
    assert left_at_the_end(finding) is None


def digits(steps: int, optimizer: dict[str, Any], network: dict[str, Any], **more: Any) -> RunConfig:
    return RunConfig.model_validate({"network": network, "data": {"name": "digits", "batch_size": 32}, "capture": {
        "every": 50, "samples": 64, "bins": 8}, "training": {"steps": steps, "optimizer": optimizer}, **more})


UNLEARNED = {
    "few steps": digits(50, {"name": "sgd", "lr": 0.056}, {"depth": 3, "width": 116, "activation": {"name": "sigmoid"}, "residual": True,
                                                             "bias": False}, init={"name": "kaiming_uniform"}, seed=466),
    "heavy dropout": digits(100, {"name": "momentum", "lr": 0.00012}, {
        "depth": 21, "width": 40, "dropout": 0.9, "bias": True, "activation": {"name": "elu"}, "normalization": {"name": "group"}},
        seed=364, init={"name": "variance_scaling", "distribution": "truncated_normal"}, bias_init={"name": "normal", "std": 0.2}),
    "a little dropout in many layers": changed(digits(100, {"name": "sgd", "lr": 0.052}, {
        "depth": 14, "width": 21, "dropout": 0.1, "activation": {"name": "gelu"}, "normalization": {"name": "rms"}, "bias": True},
        init={"name": "kaiming_uniform"}, seed=327), data__batch_size=128),
    "a start mended for the dropout that it has": digits(100, {"name": "sgd", "lr": 0.0085}, {
        "depth": 9, "width": 59, "dropout": 0.5, "activation": {"name": "selu"}}, init={"name": "kaiming_normal", "gain": 0.514}, seed=687),
    "an activation far from 0": changed(digits(100, {"name": "momentum", "lr": 0.0011}, {
        "depth": 2, "width": 8, "dropout": 0.1, "activation": {"name": "hardsigmoid"}, "normalization": {"name": "layer"}},
        init={"name": "orthogonal"}, seed=561), data__batch_size=8),
    "the same between skips": digits(50, {"name": "momentum", "lr": 0.0089}, {
        "depth": 7, "width": 68, "dropout": 0.5, "activation": {"name": "hardsigmoid"}, "bias": True, "residual": True}, seed=426,
        init={"name": "variance_scaling"}, bias_init={"name": "constant", "value": 0.1}),
    "few units": digits(50, {"name": "sgd", "lr": 0.0023}, {"depth": 2, "width": 4, "activation": {"name": "hardswish"}}, seed=291,
                        init={"name": "kaiming_normal"}, bias_init={"name": "normal", "std": 0.2}),
}


@pytest.mark.parametrize("why", UNLEARNED)
def test_a_run_that_learned_nothing_is_offered_one_that_learns(why: str) -> None:
    """Of the first nothing at initialization speaks against it, and no remedy was offered; of the others it did not learn either."""
    finding = next(finding for finding in worst_on_the_way(UNLEARNED[why]) if finding.rule == "not_learned")
    assert finding.config is not None
    mended = changed(RunConfig.model_validate(finding.config), capture__every=250)
    assert 500 <= mended.total_steps <= 1000
    assert finding.remedy.count("steps") == finding.remedy.count(f"{mended.total_steps} steps") + finding.remedy.count("so few steps")
    assert "not_learned" not in {found.rule for found in trained(mended)[-1]}


def test_where_no_run_that_learns_is_foreseen_it_says_so() -> None:
    """Three groups do not divide 32 units, and of six theory knows nothing."""
    config = digits(25, {"name": "sgd", "lr": 0.003}, {
        "depth": 3, "width": 6, "normalization": {"name": "group", "groups": 3, "placement": "post_activation"}})
    finding = next(finding for finding in worst_on_the_way(config) if finding.rule == "not_learned")
    assert finding.config is None and "none is foreseen to make it learn" in finding.remedy


def test_a_network_that_has_learned_is_not_warned_of_its_signal() -> None:
    """Adam takes the skips' sum up by two decades while the loss falls from 2.3 to 0.7."""
    config = digits(160, {"name": "adam", "lr": 2e-5}, {"depth": 19, "width": 129, "activation": {"name": "tanh"}, "residual": True},
                    init={"name": "variance_scaling", "scale": 1 / 19}, seed=675)
    config = changed(config, data__batch_size=128)
    last = {finding.rule: finding for finding in trained(config)[-1]}
    assert last["prediction"].measured is not None and last["prediction"].measured < 1.15
    assert last["exploding_signal"].severity == "note" and "healthy" in last


@pytest.mark.parametrize(("network", "init", "words"), [
    ({"kind": "cnn", "depth": 11, "width": 7, "activation": {"name": "silu"}}, "orthogonal", "Take 32 channels"),
    ({"kind": "cnn", "depth": 5, "width": 10, "activation": {"name": "linear"}, "dropout": 0.9}, "lecun_normal", "channels"),
    ({"depth": 36, "width": 93, "activation": {"name": "prelu"}, "residual": True, "dropout": 0.9}, "orthogonal", "Lower the dropout"),
    ({"depth": 2, "width": 5, "activation": {"name": "mish"}}, "zeros",
     "Draw the weights at random around 0, as kaiming_normal does. Take 16"),
    ({"kind": "cnn", "depth": 11, "width": 20, "activation": {"name": "leaky_relu"}, "dropout": 0.5}, "lsuv",
     "LSUV fits them without dropout"),
    ({"depth": 5, "width": 6, "activation": {"name": "celu"}}, "pytorch_default", "Take 16 units"),
    ({"kind": "cnn", "depth": 3, "width": 6, "activation": {"name": "gelu"}}, "pytorch_default", "Take 16 channels"),
], ids=["channels", "channels under dropout", "dropout", "symmetry of few units", "lsuv", "few units", "few channels"])
def test_images_heavy_dropout_and_few_alike_units_have_remedies_too(network: dict[str, Any], init: str, words: str) -> None:
    config = RunConfig.model_validate({"network": network, "init": {"name": init}, "data": {"name": "digits", "batch_size": 128}})
    offered = [finding for finding in findings(config) if finding.config]
    assert any(words in finding.remedy for finding in offered), [finding.remedy for finding in offered]
    assert [finding for finding in offered if left(finding)] == []


@pytest.mark.parametrize("init", [{"name": "zeros"}, {"name": "constant", "value": 0.05}, {"name": "kaiming_normal", "gain": 0.0}], ids=str)
def test_weights_that_start_alike_are_mended_before_a_word_on_rates(init: dict[str, Any]) -> None:
    """Of four units theory has no word. Their biases are drawn, so that while they train the weights are no longer one number."""
    config = RunConfig.model_validate({
        "network": {"depth": 3, "width": 4, "activation": {"name": "mish"}, "residual": True}, "init": init, "seed": 2,
        "bias_init": {"name": "pytorch_default"}, "data": {"name": "moons", "batch_size": 8}, "capture": {"every": 10, "samples": 256},
        "training": {"steps": 50, "optimizer": {"name": "momentum", "lr": 5.3e-5}}})
    found = worst_on_the_way(config)
    assert {"correlation", "update_ratio"} & {finding.rule for finding in found}
    for finding in found:
        assert "Draw the weights at random around 0" in finding.remedy and finding.config is not None, finding
        assert min(initial_frame(RunConfig.model_validate(finding.config))["quantities"]["weight"]["std"]) > 0.1
        assert left_at_the_end(finding) is None, finding


def test_a_normalization_that_is_there_is_not_asked_for() -> None:
    """Zero weights behind one are drawn anew, and nothing else is changed; skips are said alone."""
    config = RunConfig.model_validate({"network": {"depth": 12, "width": 64, "activation": {"name": "elu"}, "normalization": {
        "name": "layer", "eps": 1e-3}}, "init": {"name": "zeros"}, "data": {"name": "digits", "batch_size": 128}})
    finding = next(finding for finding in findings(config) if finding.rule == "symmetry")
    assert finding.config is not None and "normalization" not in finding.remedy
    assert RunConfig.model_validate(finding.config).network == config.network and left(finding) is None
    skipped = [words for words, found in candidates(config) if found.network.residual and found.network.normalization.name == "layer"]
    assert skipped and not any("Put a layer normalization" in words or "takes the place" in words for words in skipped)
    others = [(words, found) for words, found in candidates(config) if found.network.normalization.name == "batch"]
    assert others and all("It takes the place of the layer normalization." in words for words, _ in others)
    bare = changed(config, network__normalization={"name": "none"})
    assert not any("takes the place" in words for words, _ in candidates(bare))


@pytest.mark.parametrize("bias", [True, False, "auto"])
def test_biases_that_were_left_out_stay_left_out(bias: object) -> None:
    config = RunConfig.model_validate({"network": {"depth": 12, "width": 64, "activation": {"name": "gelu"}, "bias": bias},
                                       "init": {"name": "xavier_normal"}, "bias_init": {"name": "normal", "std": 0.2}})
    for words, found in candidates(config):
        assert found.network.bias in ((False,) if bias is False else (bias, "auto")), words
        assert ("σ_b²" in words) == (found.bias_init != config.bias_init), words


def test_a_large_rate_is_not_left_to_the_draw_of_more_layers_than_units() -> None:
    """Of this draw the first step moves the last hidden layer by 129 of itself at the old rate, of three others by at most 1."""
    config = RunConfig.model_validate({
        "network": {"depth": 18, "width": 16, "activation": {"name": "relu6"}, "bias": False}, "seed": 573,
        "init": {"name": "xavier_normal", "gain": 1.9375265471977774}, "data": {"name": "moons", "batch_size": 8},
        "training": {"steps": 200, "optimizer": {"name": "sgd", "lr": 0.77}}})
    finding = next(finding for finding in findings(config) if finding.rule == "learning_rate")
    assert finding.config is not None and left(finding) is None
    assert finding.config["training"]["optimizer"]["lr"] < 0.1
    wide = changed(config, network__width=64, init={"name": "xavier_normal", "gain": 1.2}, training__optimizer__lr=0.05)
    kept = [found.config for found in findings(wide) if found.config and found.rule == "vanishing_signal"]
    assert kept and all(found["training"]["optimizer"]["lr"] == 0.05 for found in kept)


@pytest.mark.parametrize(("network", "init", "seed", "rule"), [
    ({"depth": 10, "width": 11, "activation": {"name": "prelu"}, "bias": False}, {"name": "orthogonal"}, 391, "vanishing_signal"),
    ({"depth": 9, "width": 7, "activation": {"name": "softplus"}, "bias": False}, {"name": "lecun_normal", "gain": 1.461}, 813,
     "vanishing_gradient"),
])
def test_a_note_is_not_answered_by_a_start_whose_draw_may_be_as_far_off(network: dict[str, Any], init: dict[str, Any], seed: int,
                                                                        rule: str) -> None:
    """Gaussian weights, which had been offered, leave the first its note in 2 of 20 draws."""
    config = RunConfig.model_validate({"network": network, "init": init, "data": {"name": "digits", "batch_size": 64}, "seed": seed})
    finding = next(finding for finding in findings(config) if finding.rule == rule)
    assert finding.config is not None
    for other in range(6):
        assert left(finding.model_copy(update={"config": {**finding.config, "seed": seed + other}})) is None, finding


def test_an_activation_far_from_0_gives_way_to_one_that_is_centred() -> None:
    """A layer normalization and skips had left 15 layers of hardsigmoid with nearly alike inputs, and updates of 5e-6 at the end."""
    config = digits(100, {"name": "momentum", "lr": 0.0069}, {
        "depth": 15, "width": 19, "dropout": 0.1, "activation": {"name": "hardsigmoid"}, "bias": True}, init={"name": "identity"}, seed=566,
        bias_init={"name": "normal", "std": 0.2})
    found = worst_on_the_way(config)
    assert "update_ratio" in {finding.rule for finding in found}
    for finding in found:
        assert finding.remedy.startswith("Use tanh") and left_at_the_end(finding) is None, finding


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_far_from_0_is_what_hands_on_one_constant_for_the_most_part(name: str) -> None:
    """The mean's share of the mean square, from 100,000 Gaussian numbers in plain torch."""
    config = RunConfig.model_validate({"network": {"activation": {"name": name}}})
    z = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    handed_on = ACTIVATIONS[name].module(config.network.activation.params)(z).detach()
    assert uncentred(config) == bool(handed_on.mean() ** 2 > handed_on.square().mean() / 2)


def test_layers_of_too_few_units_for_their_number_are_widened_first() -> None:
    """Twenty layers of seven units: no weights and no normalization carry the gradient through, since the draw decides."""
    config = RunConfig.model_validate({"network": {"depth": 20, "width": 7, "activation": {"name": "softplus"}},
                                       "init": {"name": "kaiming_normal"}, "data": {"name": "digits", "batch_size": 32}})
    finding = next(finding for finding in findings(config) if finding.rule == "vanishing_gradient")
    assert crowding(RunConfig.model_validate(finding.config)) <= 0.5 < CROWDED < crowding(config)
    assert left(finding) is None


def test_groups_that_do_not_divide_more_units_are_left_as_they_are() -> None:
    config = RunConfig.model_validate({"network": {"depth": 20, "width": 6, "activation": {"name": "sigmoid"},
                                                   "normalization": {"name": "group", "groups": 3}}, "data": {"name": "digits"}})
    assert all(candidate.network.width == 6 for _, candidate in candidates(config))


def test_what_a_run_comes_to_is_gone_at_the_end_of_the_remedys_run() -> None:
    """Faults that only training brings, and those of the start, over random configurations (`--training` draws more)."""
    found = [(config, finding) for config in islice(filter(None, map(shortened, configurations(3))), 12)
             for finding in worst_on_the_way(config) if finding.config is not None]
    assert len(found) > 10
    assert [(config.canonical(), finding) for config, finding in found if left_at_the_end(finding)] == []


def test_a_rate_leaves_room_for_gradients_that_grow_as_a_network_learns() -> None:
    """Eleven residual layers of eight units start with logits of 0.07. At a thousandth of the weights in the first step (0.082) it was a
    tenth of them when the network had learned."""
    config = digits(50, {"name": "sgd", "lr": 0.00022}, {
        "depth": 11, "width": 8, "activation": {"name": "gelu"}, "bias": False, "residual": True}, seed=688,
        init={"name": "trunc_normal", "std": 0.05})
    config = changed(config, data__batch_size=128)
    finding = next(finding for finding in worst_on_the_way(config) if finding.rule == "update_ratio")
    assert finding.config is not None and finding.config["training"]["optimizer"]["lr"] < 0.03
    assert 500 <= finding.config["training"]["steps"] < 1000 and left_at_the_end(finding) is None
    adaptive = changed(config, training__optimizer={"name": "adam", "lr": 1e-6})
    assert growth(adaptive, 0.005) == 1.0 < growth(config, 0.005) == pytest.approx(4.0 / 0.005**0.5)


def test_no_batch_normalization_of_few_values_is_offered() -> None:
    config = digits(200, {"name": "adamw", "lr": 7.3e-5}, {"depth": 20, "width": 24, "activation": {"name": "hardsigmoid"}})
    assert any(found.network.normalization.name == "batch" for _, found in candidates(config))
    few = changed(config, data__batch_size=8)
    assert not any(found.network.normalization.name == "batch" for _, found in candidates(few))


def test_five_units_are_not_left_with_a_slope_alone() -> None:
    """Of 16 layers of five units leaky ReLU leaves inputs alike."""
    config = RunConfig.model_validate({
        "network": {"depth": 16, "width": 5, "bias": False}, "init": {"name": "lsuv"}, "seed": 155,
        "data": {"name": "digits", "batch_size": 8}})
    finding = next(finding for finding in findings(config) if finding.rule == "dead_units")
    assert finding.config is not None and finding.config["network"]["width"] >= 16
    assert {after.severity for after in findings(RunConfig.model_validate(finding.config))} <= {"ok", "note"}


@pytest.mark.parametrize(("activation", "depth"), [("relu", 50), ("gelu", 100)])
def test_skips_alone_are_given_the_steps_that_they_take(activation: str, depth: int) -> None:
    """At the end the network has learned, and after a quarter of them it has hardly begun: with three times as many it would have ended."""
    config = made(depth, activation, {"name": "normal", "std": 0.3}, training={"optimizer": {"name": "sgd", "lr": 0.01}})
    mended = RunConfig.model_validate(look(config)[0].config)
    assert mended.network.residual and mended.network.normalization.name == "none"
    _, early, *_, last = train(changed(mended, capture__every=mended.total_steps // 4, capture__samples=64))
    assert (early["loss"] or 0.0) > 0.75 * math.log(10) and (last["loss"] or math.inf) < 0.25 * math.log(10)


def test_inputs_alike_behind_deep_layer_normalizations_are_told_apart_without_them() -> None:
    """54 ReLU layers, batches of 8: with skips beside the normalizations the warning would stay."""
    config = made(54, "relu", "kaiming_uniform", "layer", width=43, seed=943, data={"name": "digits", "batch_size": 8},
                  training={"steps": 200, "optimizer": {"name": "sgd", "lr": 0.0079}})
    found = next(each for each in look(config) if each.rule == "correlation")
    mended = RunConfig.model_validate(found.config)
    assert found.severity == "warning" and mended.network.residual and mended.network.normalization.name == "none"
    assert "correlation" not in {each.rule for each in look(mended)}


@pytest.mark.parametrize(("depth", "width"), [(30, 42), (39, 23)])
def test_a_note_is_offered_nothing_that_is_warned_of(depth: int, width: int) -> None:
    """Skips alone, whose kinks add up under Adam, would be within fp16's range, and explode."""
    config = made(depth, "leaky_relu", "pytorch_default", width=width, bias_init={"name": "constant", "value": 0.1},
                  training={"steps": 200, "optimizer": {"name": "adam", "lr": 0.001}})
    notes = [found for found in look(config) if found.severity == "note"]
    assert "half_precision" in {found.rule for found in notes}
    left_over = [each for found in notes if found.config for each in look(RunConfig.model_validate(found.config))]
    assert [each for each in left_over if each.severity in ("warning", "critical")] == []
