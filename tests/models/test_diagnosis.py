"""The verdict: every rule on a network that has the fault, every remedy applied, no alarm over sound networks."""

import json
import math
import re
from functools import lru_cache
from itertools import product

import pytest
import torch

from models.activations import ACTIVATIONS, ROOM
from models.config import RunConfig
from models.diagnosis import Finding, Prediction, Verdict, diagnose, outcome, predict, score
from models.diagnosis.candidates import candidates
from models.diagnosis.finding import SEVERITIES
from models.diagnosis.learned import worth
from models.diagnosis.prediction import ALIKE
from models.diagnosis.soundness import cost
from models.diagnosis.steps import NOTHING_HELPS
from models.diagnosis.variants import changed
from models.theory import outlook, theory_of
from models.training import Run, initial_frame, train
from models.words import Text, raised

pytestmark = pytest.mark.usefixtures("one_thread")


def network(depth=20, activation="relu", init="kaiming_normal", norm=None, width=64, **more):
    found = {"network": {"depth": depth, "width": width, "activation": {"name": activation}, **more.pop("network", {})},
             "init": init if isinstance(init, dict) else {"name": init}, "data": {"name": "digits", "batch_size": 128}, **more}
    if norm:
        found["network"]["normalization"] = norm if isinstance(norm, dict) else {"name": norm}
    return RunConfig.model_validate(found)


def scaled(scale):
    return {"name": "variance_scaling", "scale": scale, "distribution": "normal"}


def predicted(config):
    return lambda frame: theory_of(config, frame["input"])


@lru_cache
def look(config):
    frame = initial_frame(config)
    return diagnose(config, frame, predicted(config)(frame))


def trained(config):
    """Findings of the last frame, the first frame known to them."""
    frames = list(train(config))
    return diagnose(config, frames[-1], None, frames[:1])


def rules(findings):
    return {finding.rule: finding for finding in findings}


def badness(findings):
    return max(len(SEVERITIES) - SEVERITIES.index(finding.severity) for finding in findings)


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


RECOMMENDED = [(name, entry.pairing) for name, entry in ACTIVATIONS.items() if entry.pairing]


@pytest.mark.parametrize(("activation", "pairing"), RECOMMENDED, ids=[name for name, _ in RECOMMENDED])
def test_no_false_alarm_over_the_catalogues_pairings(activation, pairing):
    """Up to the depth that the pairing names, with as many units as it asks for and with 256 or more, with both kinds of optimizers as
    the catalogue has them, nothing is above a note."""
    depths = sorted({depth for depth in (5, 20, 50) if depth < pairing.depth} | {pairing.depth})
    for depth, (least, seed) in product(depths, ((0, 1), (256, 0))):
        config = network(depth, activation, pairing.init, width=max(least, ROOM * depth), seed=seed)
        frame = initial_frame(config)
        expected = theory_of(config, frame["input"])
        for optimizer in ("sgd", "adam"):
            found = diagnose(changed(config, training__optimizer={"name": optimizer}), frame, expected)
            assert {finding.severity for finding in found} <= {"ok", "note"} and "healthy" in rules(found), (config.canonical(), found)


@pytest.mark.parametrize(("activation", "pairing"), RECOMMENDED, ids=[name for name, _ in RECOMMENDED])
def test_a_pairings_depth_is_theorys(activation, pairing):
    """Signal, gradient and two inputs' difference arrive there; of the pairings that name fewer than 50 layers they do not at three
    times the depth, so that the depth says something."""
    def arrives(depth):
        end = outlook(network(depth, activation, pairing.init))
        return abs(end.signal) <= 2.4 and abs(end.gradient) <= 3.0 and end.gap > ALIKE[1]

    assert arrives(pairing.depth)
    assert pairing.depth >= 50 or not arrives(3 * pairing.depth)


@pytest.mark.parametrize("activation", [name for name, entry in ACTIVATIONS.items() if entry.pairing is None])
def test_an_activation_without_a_pairing_has_none(activation):
    """At twenty layers every initializer of the catalogue that draws weights by their fan loses something, in theory."""
    for name in ("xavier_normal", "kaiming_normal", "lecun_normal", "orthogonal", "pytorch_default"):
        end = outlook(network(20, activation, name))
        assert abs(end.gradient) > 3.0 or end.gap < 1e-4, name


NORMALIZED = [("relu", "kaiming_normal"), ("leaky_relu", "kaiming_normal"), ("prelu", "kaiming_normal"), ("tanh", "xavier_normal"),
              ("selu", "lecun_normal"), ("elu", "kaiming_normal"), ("linear", "orthogonal"), ("gelu", "kaiming_normal"),
              ("silu", "kaiming_normal")]


def trains_at(activation, norm, depth):
    """Where BatchNorm's gradient really stops 50 layers from training well."""
    return norm != "batch" or depth < 50 or activation not in ("relu", "leaky_relu", "prelu", "gelu", "silu")


@pytest.mark.parametrize(("activation", "init"), NORMALIZED)
def test_no_false_alarm_over_normalized_networks(activation, init):
    for depth, norm in product((5, 20, 50), ("batch", "layer")):
        if trains_at(activation, norm, depth):
            found = look(network(depth, activation, init, norm))
            assert {finding.severity for finding in found} <= {"ok", "note"} and "healthy" in rules(found), (depth, norm, found)


def test_a_network_that_bears_what_is_warned_of_is_not_said_to_be_without_fault():
    """Of signal and gradient plain steps are judged by their size; a sentence beside a warning cannot say that there is none."""
    config = network(6)
    frame, found = initial_frame(config), look(config)
    warned = [finding.model_copy(update={"rule": "vanishing_gradient", "severity": "warning"}) for finding in found[:1]]
    without, beside = (predict(config, frame, findings) for findings in (found, warned))
    assert without.outcome == beside.outcome == "trains"
    assert without.sentence.startswith("Nothing") and beside.sentence.startswith("It should bear")


@pytest.mark.parametrize("config", [network(50, norm="batch"), network(50, "silu"), network(50, "gelu")], ids=["batch", "silu", "gelu"])
def test_beyond_its_depth_a_pairing_does_not_train_and_is_told_so(config):
    assert predict(config, initial_frame(config), look(config)).outcome == "fails"


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


def test_a_start_without_any_slope_is_not_offered_for_half_precision():
    """hardtanh from -0.001 to 0.001: every start that carries more leaves nearly all of the first layer's values at the limits, where
    no gradient passes. (With ten times the room there is a slope, and a start is offered.)"""
    def narrow(limit):
        activation = {"name": "hardtanh", "min_val": -limit, "max_val": limit}
        return network(20, init={"name": "normal", "std": 1.0}, network={"activation": activation})
    config = narrow(1e-3)
    finding = rules(look(config))["half_precision"]
    assert finding.config is None and finding.remedy == "Keep these layers in float32."
    better = [start for _, start in candidates(config) if cost(start) < cost(config)]
    flat = [initial_frame(start)["quantities"]["activation"]["saturated"][0] for start in better]
    assert flat and min(flat) > 0.98, flat
    offered = RunConfig.model_validate(rules(look(narrow(1e-2)))["half_precision"].config)
    assert "half_precision" not in rules(look(offered))


def test_gradients_of_dropped_units_behind_rms_are_rounding_and_a_start_without_them_is_offered():
    """In plain torch: of the units that dropout takes the gradient is 1e-6 of the others', whatever the width."""
    norm = {"name": "rms", "placement": "post_activation"}
    config = network(46, "prelu", "lecun_uniform", norm=norm, width=64, network={"dropout": 0.5, "bias": False}, seed=181)
    found = rules(look(config))["half_precision"]
    assert found.measured > 0.4 and "half_precision" not in rules(look(RunConfig.model_validate(found.config)))
    torch.manual_seed(0)
    z = torch.randn(64, 256, requires_grad=True)
    a = torch.nn.functional.prelu(z, torch.tensor([0.25]))
    kept = torch.rand(64, 256) < 0.5
    h = (a / a.square().mean(1, keepdim=True).sqrt() * kept) @ torch.randn(256, 256) / 16
    torch.nn.functional.normalize(torch.nn.functional.prelu(h, torch.tensor([0.25])))[:, 0].sum().backward()
    assert z.grad[~kept].abs().median() < 1e-5 * z.grad[kept].abs().median()


def test_half_precision_says_what_fp16_would_lose():
    lost = rules(look(network(40, "sigmoid", "xavier_normal")))["half_precision"]
    assert lost.severity == "note" and lost.measured > 0.5 and 1 in lost.layers and 40 not in lost.layers
    assert "half_precision" not in rules(look(network(5)))


@pytest.mark.parametrize("config", [
    network(40, "sigmoid", "xavier_normal"), network(20, init=scaled(8.0)), network(30, "tanh", scaled(0.3)),
    network(30, "silu", "pytorch_default"), network(25, network={"residual": True}),
], ids=["sigmoid", "overflow", "tanh", "silu", "skips"])
def test_a_start_that_leaves_fp16s_range_is_mended(config):
    """What vanishes or overflows with depth is mended at the start, and then nothing lies outside."""
    finding = rules(look(config))["half_precision"]
    assert finding.config is not None
    assert "half_precision" not in rules(look(RunConfig.model_validate(finding.config)))


def test_a_sound_network_with_small_gradients_is_told_by_how_much_to_scale_its_loss():
    """A batch of 32,768: every example's gradient is a part in so many. Multiplied by the power of two that is named,
    all but a twentieth of each row's gradients lie within fp16's range; by half of it, more are outside."""
    config = RunConfig.model_validate({
        "network": {"depth": 4, "width": 64, "activation": {"name": "tanh"}}, "init": {"name": "orthogonal", "gain": 0.65},
        "data": {"name": "gaussian", "batch_size": 32_768, "samples": 32_768, "validation_fraction": 0.0}, "capture": {"samples": "all"}})
    finding = rules(look(config))["half_precision"]
    assert finding.config is None
    factor = int(re.search(r" = (\d+) before", finding.remedy).group(1))
    power = factor.bit_length() - 1
    assert f"by 2{raised(power)} = {2**power} " in finding.remedy
    lost = [lost_in_fp16(config, 2.0**scale) for scale in (0, power - 1, power)]
    assert power > 1 and lost[0] > lost[1] > 0.045 and lost[2] < 0.055


def lost_in_fp16(config, factor):
    """The largest share of a row's nonzero pre-activation gradients that the loss times this factor leaves outside fp16's range."""
    run, found = Run.start(config), []
    def look_at(module, inputs, output):
        output.register_hook(lambda gradient: found.append(gradient[gradient != 0] * factor))
    for layer in run.network.rows():
        layer.weighted.register_forward_hook(look_at)
    run.backward(run.data.values(run.data.inputs), run.data.labels)
    smallest = torch.finfo(torch.float16).smallest_normal * torch.finfo(torch.float16).eps
    return max(float(((gradient.abs() < smallest) | gradient.half().isinf()).double().mean()) for gradient in found)


def test_findings_are_json_and_worst_first():
    for config in (network(30, init=scaled(1e6)), network(30, init="normal"), network(1, width=1), network(2, "sigmoid", "zeros")):
        found = look(config)
        order = [SEVERITIES.index(finding.severity) for finding in found]
        assert order == sorted(order)
        assert [Finding.model_validate_json(json.dumps(finding.model_dump(), allow_nan=False)) for finding in found] == found
        assert all(set(finding.words) == {name for name in ("title", "cause", "remedy") if getattr(finding, name)} for finding in found)


@pytest.mark.parametrize(("config", "expected"), [
    (network(5, training={"steps": 80, "optimizer": {"name": "sgd", "lr": 0.05}}), "trains"),
    (network(20, init="pytorch_default", training={"steps": 80}), "fails"),
    (network(10, network={"residual": True}, training={"steps": 80, "optimizer": {"name": "sgd", "lr": 0.05}}), "fails"),
], ids=["trains", "vanishes", "diverges"])
def test_the_prediction_of_step_0_is_scored_at_the_end(config, expected):
    verdict = Verdict(config, predicted(config))
    said = [rules(verdict.of(frame)) for frame in train(config)]
    assert verdict.prediction.outcome == expected
    assert "Prediction" in said[0]["prediction"].title and "It held" in said[-1]["prediction"].title


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


@pytest.mark.parametrize(("said", "share", "held"), [
    ("trains", 0.3, True), ("trains", 0.7, False), ("slow", 0.3, False), ("slow", 0.7, True), ("slow", 1.0, True), ("fails", 0.7, False),
    ("fails", 1.0, True)])
def test_slowly_if_at_all_holds_where_it_does_not_train_as_well(said, share, held):
    """share: of a guess's loss, ln(10), over the last ten steps."""
    config = network(2)
    loss = share * math.log(10)
    last = {**next(train(config)), "step": 100, "loss": loss, "losses": [loss] * 10}
    found = score(Prediction(outcome=said, rule=None, sentence=Text("")), config, last)
    assert (found.severity == "ok") == ("It held" in found.title) == held
    assert ("if at all" in found.title) == (said == "slow")
    assert ("below a loss of 1.15" in found.cause) == (share == 0.7)


def test_a_run_that_learned_nothing_is_not_called_healthy_and_is_mended_as_its_start_was():
    chaotic = network(30, "tanh", scaled(4.0), width=128, training={"steps": 60, "optimizer": {"name": "sgd", "lr": 0.0003}},
                      data={"name": "digits"})
    verdict = Verdict(chaotic, predicted(chaotic))
    first, *_, last = [rules(verdict.of(frame)) for frame in train(chaotic)]
    assert "healthy" not in last
    found = last["not_learned"]
    assert found.severity == "warning" and found.measured > 2.18 and "Give it 500 steps" in found.remedy
    start, mended = (RunConfig.model_validate(each.config) for each in (first["learning_rate"], found))
    assert mended == changed(start, training__steps=500)
    verdict = Verdict(mended, predicted(mended))
    after = [rules(verdict.of(frame)) for frame in train(mended)][-1]
    assert "not_learned" not in after and after["prediction"].measured < 1.2


def test_a_run_too_short_or_with_random_labels_cannot_tell():
    short = network(5, training={"steps": 5})
    assert outcome(short, list(train(short))[-1]) is None
    noise = RunConfig.model_validate({"network": {"depth": 3, "width": 16}, "data": {"name": "gaussian"}, "training": {"steps": 25}})
    assert outcome(noise, list(train(noise))[-1]) is None


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


def ending(loss, right, config=None, **more):
    """A frame of step 100 with this loss and accuracy, without validation part."""
    config = config or network(2, data={"name": "digits", "batch_size": 128})
    came = {"step": 100, "loss": loss, "losses": [loss] * 10, "accuracy": right, "validation_accuracy": None}
    return {**initial_frame(config), **came, **more}


@pytest.mark.parametrize(("loss", "right", "came"), [
    (2.29, 0.10, "fails"), (3.07, 0.68, "slow"), (3.07, 0.12, "fails"), (2.25, 0.20, "fails"), (1.5, 0.85, "trains"),
    (0.2, 0.10, "trains")])
def test_how_often_it_is_right_has_a_say_in_what_it_has_learned(loss, right, came):
    assert outcome(network(2), ending(loss, right)) == came


def test_an_accuracy_that_may_be_chance_says_nothing():
    """Of eight examples three are right by chance in one of 26 draws. The validation part is asked where there is one."""
    few = network(2, data={"name": "digits", "batch_size": 8})
    assert outcome(few, ending(2.5, 3 / 8, few)) == "fails" and outcome(few, ending(2.5, 6 / 8, few)) == "trains"
    assert outcome(few, ending(2.5, 3 / 8, few, validation_accuracy=0.4)) == "slow"
    assert outcome(few, ending(2.5, 6 / 8, few, validation_accuracy=0.1)) == "fails"


@pytest.mark.parametrize("right", [0.3, 0.68, 0.9])
def test_what_an_accuracy_is_worth_is_the_best_loss_of_a_network_right_as_often(right):
    """Logits of one size, of which a share `right` is on the label: over all sizes the smallest loss, in plain torch."""
    config = network(2, data={"name": "digits", "batch_size": 1000})
    labels = torch.arange(1000) % 10
    told = torch.where(torch.arange(1000) < 1000 * right, labels, (labels + 1 + torch.arange(1000) // 10 % 9) % 10)
    logits = torch.nn.functional.one_hot(told, 10).double()
    best = min(float(torch.nn.functional.cross_entropy(size * logits, labels)) for size in torch.linspace(0.0, 8.0, 801))
    assert worth(config, ending(9.0, right, config)) == pytest.approx(best, abs=1e-4)


def test_a_network_surer_than_it_is_right_is_told_so_and_learns_with_more_steps():
    """Fifty layers of ReLU between normalized skips start with a loss of 60, and come down from it."""
    config = network(50, "relu", "kaiming_normal", norm="layer", network={"residual": True},
                     training={"steps": 100}, capture={"every": 50, "samples": 64, "bins": 8})
    verdict = Verdict(config, predicted(config))
    last = [rules(verdict.of(frame)) for frame in train(config)][-1]
    found = last["overconfident"]
    assert "not_learned" not in last and "healthy" not in last and found.measured > found.threshold == pytest.approx(math.log(10))
    assert "What it gets wrong it is sure of" in found.cause and "comes down from" in found.cause
    mended = RunConfig.model_validate(found.config)
    assert mended == changed(config, training__steps=500)
    verdict = Verdict(mended, predicted(mended))
    after = [rules(verdict.of(frame)) for frame in train(mended)][-1]
    assert after["prediction"].measured < 0.2 and after["prediction"].severity == "ok" and "overconfident" not in after


def test_a_run_that_had_learned_and_lost_it_is_told_so():
    config = network(2, training={"steps": 100, "optimizer": {"name": "sgd", "lr": 0.5}})
    verdict = Verdict(config, predicted(config))
    first = initial_frame(config)
    verdict.of(first)
    middle, end, less = ({**first, "step": step, "loss": loss, "losses": [loss] * 5, "validation_accuracy": 0.5}
                         for step, loss in ((40, 0.4), (100, 1.9), (100, 1.2)))
    verdict.of(middle)
    found = rules(verdict.of(end))
    assert "0.4 at step 40 and is 1.9 at step 100" in found["lost"].title and "healthy" not in found
    assert found["lost"].config["training"]["optimizer"]["lr"] < 0.5
    calm = Verdict(config, predicted(config))
    calm.of(first)
    calm.of({**middle, "loss": 0.9, "losses": [0.9]})
    assert "lost" not in rules(calm.of(less))


def test_a_loss_that_rises_is_told_beside_what_was_not_learned():
    config = network(2, training={"steps": 100})
    verdict = Verdict(config, predicted(config))
    verdict.of(initial_frame(config) | {"loss": 2.5, "losses": [2.5]})
    assert "The loss has risen from 2.5" in rules(verdict.of(ending(4.0, 0.1, config)))["not_learned"].cause
    verdict.of(initial_frame(config) | {"loss": 2.5, "losses": [2.5]})
    assert "risen" not in rules(verdict.of(ending(2.4, 0.1, config)))["not_learned"].cause


@pytest.mark.parametrize(("depth", "rate", "skips", "severity"), [
    (8, 0.5, False, "critical"), (16, 0.1, False, "warning"), (3, 0.5, False, None), (8, 0.5, True, None), (8, 0.0, False, None)])
def test_dropouts_noise_adds_up_without_skips(depth, rate, skips, severity):
    network_ = {"dropout": rate, "residual": skips, **({"normalization": {"name": "layer"}} if skips else {})}
    found = rules(look(network(depth, init=scaled(2.0 * (1.0 - rate)), network=network_)))
    assert (found["dropout_noise"].severity if severity else None) == severity and ("dropout_noise" in found) == (severity is not None)
    if severity:
        mended = RunConfig.model_validate(found["dropout_noise"].config)
        assert mended.network.dropout < rate and not {"dropout_noise", "exploding_signal", "vanishing_signal"} & rules(look(mended)).keys()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_two_inputs_and_two_passes_of_one_in_plain_torch(activation):
    """Three layers of 1,000 units under dropout 0.3: by how much more two inputs differ than two passes of one; a draw of the weights
    is off by a tenth."""
    scale = (2.0 if activation == "relu" else 1.0) * 0.7
    config = network(3, activation, scaled(scale), width=1000, network={"dropout": 0.3, "bias": False})
    told = [in_plain_torch(activation, scale, torch.Generator().manual_seed(seed)) for seed in range(6)]
    assert sum(told) / len(told) == pytest.approx(outlook(config).told, rel=0.1)


def in_plain_torch(activation, scale, generator):
    phi = {"relu": torch.relu, "tanh": torch.tanh}[activation]
    one, other = torch.randn(2, 100, 500, generator=generator)
    x = torch.stack([one, one, (one + math.sqrt(3.0) * other) / 2.0])
    x = x / x.square().mean(2, keepdim=True).sqrt()
    for _ in range(3):
        z = x @ torch.randn(x.shape[2], 1000, generator=generator) * math.sqrt(scale / x.shape[2])
        x = phi(z) * (torch.rand(z.shape, generator=generator) > 0.3) / 0.7
    z = x @ torch.randn(1000, 1000, generator=generator) * math.sqrt(scale / 1000)
    passes, inputs = (1.0 - float(torch.nn.functional.cosine_similarity(z[0], z[place], dim=1).mean()) for place in (1, 2))
    return (inputs - passes) / passes


def test_of_a_run_that_dropout_drowns_the_prediction_says_that_it_fails():
    config = network(8, init=scaled(1.0), network={"dropout": 0.5}, training={"steps": 100, "optimizer": {"name": "adam", "lr": 1e-3}})
    verdict = Verdict(config, predicted(config))
    last = [verdict.of(frame) for frame in train(config)][-1]
    assert verdict.prediction.outcome == "fails" and verdict.prediction.rule == "dropout_noise"
    assert rules(last)["prediction"].severity == "ok"
