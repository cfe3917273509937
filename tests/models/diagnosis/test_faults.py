"""Every rule on a network that has the fault, and every remedy applied."""

import json
from itertools import product

import pytest

from models.config import RunConfig
from models.diagnosis import Finding, Verdict, diagnose, outcome
from models.diagnosis.candidates import candidates
from models.diagnosis.finding import SEVERITIES
from models.diagnosis.look import least
from models.diagnosis.steps import NOTHING_HELPS
from models.diagnosis.variants import changed
from models.training import initial_frame, train
from tests.models.diagnosis.networks import badness, look, network, predicted, rules, scaled, trained

FAULTS = {
    "vanishing_signal": network(init="xavier_normal"),
    "exploding_signal": network(init=scaled(3.0)),
    "vanishing_gradient": network(activation="sigmoid", init="xavier_normal"),
    "exploding_gradient": network(activation="tanh", init=scaled(9.0)),
    "correlation": network(activation="sigmoid", init="xavier_normal", depth=5),
    "saturation": network(activation="tanh", init=scaled(400.0), depth=5),
    "dead_units": network(depth=10, bias_init={"name": "constant", "value": -2.0}),
    "symmetry": network(init="zeros"),
    "small_batch": network(depth=5, norm="batch", data={"name": "digits", "batch_size": 3}),
    "useless_bias": network(depth=5, norm="batch", network={"bias": True}),
    "kaiming_gain": network(depth=5, activation="tanh"),
    "learning_rate": network(depth=5, training={"optimizer": {"name": "sgd", "lr": 1e-6}}),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_is_found_and_its_remedy_applied_it_is_gone(rule):
    before = look(FAULTS[rule])
    finding = rules(before)[rule]
    assert finding.remedy and finding.cause and finding.title and finding.config is not None
    assert RunConfig.model_validate(finding.config).model_dump(mode="json") == finding.config
    after = look(RunConfig.model_validate(finding.config))
    assert rule not in rules(after) and badness(after) <= badness(before)


STARTS = [(activation, init, norm) for activation, init, norm in (
    ("relu", "pytorch_default", None), ("tanh", "kaiming_normal", None), ("silu", "kaiming_normal", None), ("gelu", "xavier_normal", None),
    ("softplus", "kaiming_normal", "layer"), ("hardsigmoid", "xavier_normal", None), ("relu", "constant", None),
    ("hardswish", "kaiming_normal", None), ("relu", "kaiming_normal", "batch"))]


@pytest.mark.parametrize(("depth", "start"), list(product((5, 30), STARTS)), ids=str)
def test_every_remedy_offered_mends_what_it_is_offered_for(depth, start):
    before = look(network(depth, *start))
    for finding in before:
        if finding.config is not None:
            after = look(RunConfig.model_validate(finding.config))
            assert finding.rule not in rules(after) and badness(after) <= badness(before), (finding, after)


@pytest.mark.parametrize(("depth", "steps", "optimizer"), [
    (1, 200, {"name": "sgd", "lr": 1e-6}), (2, 1, {"name": "sgd"}), (3, 10, {"name": "adam", "lr": 1e-7}),
    (1, 200, {"name": "sgd", "lr": 10.0}), (5, 200, {"name": "sgd", "lr": 0.0})])
def test_a_learning_rate_that_mends_comes_with_the_steps_that_it_takes(depth, steps, optimizer):
    """A network of few layers moves less in as many steps: the remedy asks for more."""
    finding = rules(look(network(depth, training={"steps": steps, "optimizer": optimizer})))["learning_rate"]
    assert "learning_rate" not in rules(look(RunConfig.model_validate(finding.config)))


def test_the_critical_variance_counts_dropout():
    """Dropout multiplies mean squares by 1 / (1 - p), so that ReLU is critical at 2 (1 - p)."""
    finding = rules(look(network(12, init=scaled(3.0), width=256, network={"dropout": 0.05})))["exploding_signal"]
    assert finding.config["init"]["scale"] == pytest.approx(1.9)
    assert "exploding_signal" not in rules(look(RunConfig.model_validate(finding.config)))


def test_kaimings_gain_is_not_named_where_another_gain_is_chosen():
    assert "kaiming_gain" not in rules(look(network(5, "tanh", {"name": "kaiming_normal", "gain": 0.6})))


def test_where_no_gradient_arrives_no_learning_rate_is_offered():
    """Of 200 layers of two units nothing arrives, and no more units than are offered carry it; of twelve, 32 units do."""
    silent = {"width": 2, "bias_init": {"name": "constant", "value": -3.0}, "training": {"optimizer": {"name": "sgd"}, "steps": 50}}
    finding = rules(look(network(200, **silent)))["learning_rate"]
    assert finding.config is None and finding.remedy == NOTHING_HELPS
    finding = rules(look(network(12, **silent)))["learning_rate"]
    assert finding.remedy.startswith("Take 32 units a layer") and badness(look(RunConfig.model_validate(finding.config))) <= 2


def test_skips_without_normalization_explode_and_are_mended():
    finding = look(network(20, network={"residual": True}))[0]
    assert finding.severity == "critical" and finding.rule == "exploding_signal"
    assert badness(look(RunConfig.model_validate(finding.config))) <= 2


@pytest.mark.parametrize(("gain", "rule"), [(-0.5, "vanishing_signal"), (1.0, "exploding_signal")])
def test_of_skips_the_words_are_those_for_skips(gain, rule):
    """x + gain x: each layer takes from the sum, or adds to it. What mends it is not told as to a network without skips."""
    config = network(20, "linear", {"name": "identity", "gain": gain}, network={"residual": True})
    finding = rules(look(config))[rule]
    assert "the sum that the skips carry" in finding.cause and "give back" not in finding.cause
    assert "starts from variance 1" not in finding.remedy and rule not in rules(look(RunConfig.model_validate(finding.config)))
    structures = {sentence for sentence, found in candidates(config) if found.network.normalization.name != "none"}
    assert structures and all("the skips' sum" in sentence for sentence in structures)
    plain = changed(config, network__residual=False)
    assert not any("the skips' sum" in sentence for sentence, _ in candidates(plain))


def test_depth_decides_a_slow_decay_is_a_note_and_a_half_a_layer_is_critical():
    decays = rules(look(network(50, "tanh", "xavier_normal")))
    assert decays["vanishing_signal"].severity == "note"
    halves = look(network(20, init="xavier_normal"))[0]
    assert halves.severity == "critical" and "×0.5" in halves.title and abs(halves.theory - 0.5) < 0.02
    assert abs(halves.measured - 0.5) < 0.05 and halves.layers[-1] == 20
    assert "vanishing_signal" not in rules(look(network(3, init="xavier_normal")))


@pytest.mark.parametrize(("depth", "words"), [(30, "by less than 10⁻⁷ of their size"), (3, "by 0.0")])
def test_inputs_that_float32_cannot_tell_apart_differ_by_less_than_its_rounding(depth, words):
    found = rules(look(network(depth, "sigmoid", "xavier_normal")))["correlation"]
    gap = 1.0 - found.measured
    assert words in found.cause and (gap < 1e-7) == (depth == 30)


def test_all_units_alike_says_nothing_of_what_follows_from_it():
    found = rules(look(network(5, init="constant")))
    assert found["symmetry"].severity == "critical" and found["symmetry"].layers == [1, 2, 3, 4, 5]
    assert not {"dead_units", "vanishing_signal", "correlation", "learning_rate"} & set(found)
    after = rules(trained(network(3, "tanh", "constant", training={"steps": 5})))
    assert after["symmetry"].severity == "critical"


def test_a_run_that_diverges_and_its_remedy():
    wild = network(10, training={"steps": 30, "optimizer": {"name": "sgd", "lr": 5.0}})
    finding = rules(trained(wild))["divergence"]
    assert finding.severity == "critical" and finding.config is not None
    mended = RunConfig.model_validate(finding.config)
    assert mended.training.optimizer.params["lr"] < 0.1
    after = trained(mended)
    assert "divergence" not in rules(after) and badness(after) <= 2


@pytest.mark.parametrize("lr", [1e-6, 0.5])
def test_updates_too_small_or_too_large_get_the_learning_rate_that_is_right(lr):
    steps = {"steps": 3, "optimizer": {"name": "sgd", "lr": lr}}
    finding = rules(trained(network(5, "tanh", "xavier_normal", training=steps)))["update_ratio"]
    mended = RunConfig.model_validate({**finding.config, "training": {**finding.config["training"], "steps": 3}})
    assert "update_ratio" not in rules(trained(mended))


def test_findings_are_json_and_worst_first():
    for config in (network(30, init=scaled(1e6)), network(30, init="normal"), network(1, width=1), network(2, "sigmoid", "zeros")):
        found = look(config)
        order = [SEVERITIES.index(finding.severity) for finding in found]
        assert order == sorted(order)
        assert [Finding.model_validate_json(json.dumps(finding.model_dump(), allow_nan=False)) for finding in found] == found
        assert all(set(finding.words) == {name for name in ("title", "cause", "remedy") if getattr(finding, name)} for finding in found)


@pytest.mark.parametrize(("activation", "init", "bias", "words"), [
    ("silu", "identity", 0.0, "bring them nothing"), ("relu", "identity", 0.0, "bring them nothing"),
    ("relu", "xavier_normal", -20.0, "on the flat side"),
])
def test_why_units_are_dead_is_told_by_their_pre_activations(activation, init, bias, words):
    """Of two inputs the identity reaches two units; a bias of -20 leaves none above 0."""
    config = network(3, activation, init, bias_init={"name": "constant", "value": bias}, data={"name": "moons"})
    assert words in rules(look(config))["dead_units"].cause


def test_a_note_that_nothing_does_away_with_does_not_say_that_nothing_helps():
    """While it trains no start is offered for a note; a warning of the same run has its remedy."""
    config = network(2, "celu", {"name": "xavier_uniform", "gain": 0.5}, width=77, network={"residual": True, "bias": False},
                     training={"steps": 100, "optimizer": {"name": "rmsprop", "lr": 4.3}})
    verdict = Verdict(config, predicted(config))
    found = [verdict.of(frame) for frame in train(config)][-1]
    bare = [finding for finding in found if finding.severity == "note" and finding.config is None and finding.remedy]
    assert bare and not any(str(finding.remedy) == str(NOTHING_HELPS) for finding in bare)
    assert any(finding.config for finding in found if finding.severity in ("critical", "warning"))


def test_a_product_of_many_linear_layers_bears_little_of_a_step():
    """Its first step moves the last hidden layer by 0.4 of itself, which a ReLU network bears ten times over: it diverges."""
    config = network(16, "linear", "xavier_normal", training={"steps": 100, "optimizer": {"name": "sgd", "lr": 0.05}}, seed=77)
    *_, last = train(config)
    found = rules(look(config))["learning_rate"]
    assert outcome(config, last) == "fails" and found.severity in ("warning", "critical") and found.measured < 1.0
    mended = RunConfig.model_validate(found.config)
    *_, last = train(mended)
    assert outcome(mended, last) == "trains" and "learning_rate" not in rules(look(mended))
    relu = changed(config, network__activation={"name": "relu"}, init={"name": "kaiming_normal"})
    assert "learning_rate" not in rules(look(relu))


def test_an_overflow_is_named_by_the_row_where_it_begins() -> None:
    config = RunConfig.model_validate({"network": {"depth": 60, "width": 64}, "init": {"name": "normal", "std": 10.0},
                                       "data": {"name": "gaussian"}, "seed": 3})
    frame = initial_frame(config)
    first = next(row for row, lost in zip(frame["layers"], frame["quantities"]["preactivation"]["pos_inf"], strict=True) if lost)
    worst = diagnose(config, frame)[0]
    assert worst.rule == "divergence" and worst.layers[0] == first > 10


def test_a_healthy_network_whose_signal_changes_with_depth_says_by_how_much():
    config = network(8, norm={"name": "batch", "placement": "post_activation"}, network={"residual": True})
    quantities = initial_frame(config)["quantities"]
    signal, back = (quantities[name]["mean_square"][:8] for name in ("activation", "preactivation_gradient"))
    cause = rules(look(config))["healthy"].cause
    assert f"a factor of {signal[-1] / signal[0]:.3g} and the gradient, on its way back, by {back[0] / back[-1]:.3g}" in str(cause)
    assert "keep their size" in str(rules(look(network(8, "selu", "lecun_normal", width=256)))["healthy"].cause)


@pytest.mark.parametrize(("width", "lr"), [(64, 0.01), (256, 0.01)])
def test_saturation_counts_where_its_remedy_is_chosen(width: int, lr: float) -> None:
    """Theory sees signal and gradient carried; the frame sees them flat. The remedy learns more in as many steps."""
    config = network(depth=6, activation="sigmoid", init={"name": "normal", "std": 1.0}, width=width, capture={"every": 100},
                     training={"steps": 100, "optimizer": {"name": "momentum", "lr": lr}})
    finding = rules(look(config))["saturation"]
    assert finding.remedy != str(NOTHING_HELPS) and finding.config is not None
    mended = changed(RunConfig.model_validate(finding.config), training__steps=100, capture__every=100)
    assert "saturation" not in rules(look(mended))
    losses = [list(train(each))[-1]["loss"] for each in (config, mended)]
    assert losses[1] < 0.5 * losses[0]


def test_saturated_is_not_said_to_stop_a_gradient_that_arrives() -> None:
    causes = {}
    for scale in (1.0, 400.0):
        config = network(depth=6, activation="sigmoid" if scale == 1.0 else "tanh", init={"name": "normal", "std": scale}, width=256)
        found = look(config)
        causes[rules(found)["saturation"].cause] = "vanishing_gradient" in rules(found)
    assert any("passes through the other values" in cause for cause in causes)
    assert all("lets no gradient pass" in cause for cause, vanishes in causes.items() if vanishes)


def test_what_trained_biases_add_at_the_end_does_not_hide_that_the_signal_vanishes() -> None:
    """Xavier with ReLU halves the mean square in each layer; only the last layers get a gradient, which goes into their biases."""
    found = trained(network(40, init="xavier_normal", training={"steps": 60, "optimizer": {"name": "sgd", "lr": 0.1}}))
    vanishing = rules(found)["vanishing_signal"]
    assert vanishing.severity == "critical" and vanishing.measured == pytest.approx(0.5, rel=0.1)
    assert "grows again" in vanishing.cause


@pytest.mark.parametrize(("column", "expected"), [
    ((1.0, 0.1, 1e-3, 0.2), 2), ((1.0, 0.1, 0.2, 30.0), None), ((1.0, 0.1, 1e-2), None), ((1.0, 0.5, 0.0, 1e-9), 2),
    ((1.0, None, 0.9), None), ((None, None), None), ((0.0, 0.0), None), ((1.0, 4.0, 2.0), None)])
def test_where_a_signal_is_least_counts_if_that_is_further_down_than_its_end_is_away(column, expected) -> None:
    assert least(column) == expected
