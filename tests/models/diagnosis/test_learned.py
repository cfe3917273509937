"""What a run has learned at its end, whether that was foretold, and what is offered where it has not."""

import math

import pytest
import torch

from models.config import RunConfig
from models.diagnosis import Prediction, Verdict, outcome, score
from models.diagnosis.learned import facts, understatement, worth
from models.diagnosis.variants import changed
from models.training import initial_frame, train
from models.words import Text
from tests.models.diagnosis.networks import network, predicted, rules, scaled


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
    assert ("below a loss of 1.15" in found.outcome) == (share == 0.7)


def test_a_run_that_learned_nothing_is_not_called_healthy_and_is_mended_as_its_start_was():
    chaotic = network(30, "tanh", scaled(4.0), width=128, training={"steps": 60, "optimizer": {"name": "sgd", "lr": 0.0003}},
                      data={"name": "digits"}, capture={"every": 250, "samples": 64, "bins": 8})
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


@pytest.mark.parametrize(("step", "words"), [
    (0, "At initialization the loss is not finite;"), (1, "After 1 step the loss is no longer finite;")])
def test_a_loss_that_never_was_finite_is_not_called_so_no_longer(step, words):
    assert facts(network(2), {**ending(None, 0.1), "step": step}).startswith(words)


@pytest.mark.parametrize("right", [0.3, 0.68, 0.9])
def test_what_an_accuracy_is_worth_is_the_best_loss_of_a_network_right_as_often(right):
    """Logits of one size, of which a share `right` is on the label: over all sizes the smallest loss, in plain torch."""
    config = network(2, data={"name": "digits", "batch_size": 1000})
    labels = torch.arange(1000) % 10
    told = torch.where(torch.arange(1000) < 1000 * right, labels, (labels + 1 + torch.arange(1000) // 10 % 9) % 10)
    logits = torch.nn.functional.one_hot(told, 10).double()
    best = min(float(torch.nn.functional.cross_entropy(size * logits, labels)) for size in torch.linspace(0.0, 8.0, 801))
    assert worth(config, ending(9.0, right, config)) == pytest.approx(best, abs=1e-4)


def test_a_network_that_is_less_sure_than_right_is_not_called_too_sure():
    """Logits that lean to the label by little, as early in training: right on 80 %, and their own softmax bears the loss. Only a loss above
    a guess's takes answers that are wrong and sure."""
    config = network(2, data={"name": "digits", "batch_size": 1000})
    labels = torch.arange(1000) % 10
    told = torch.nn.functional.one_hot(torch.where(torch.arange(1000) < 800, labels, (labels + 1) % 10), 10).double()
    unsure, sure = (float(torch.nn.functional.cross_entropy(size * told, labels)) for size in (1.3, 15.0))
    assert 0.5 * math.log(10) < unsure < math.log(10) < sure
    assert understatement(config, ending(unsure, 0.8, config)).startswith("Its loss understates that")
    assert understatement(config, ending(sure, 0.8, config)).startswith("What it gets wrong it is sure of")
    assert understatement(config, ending(0.9, 0.8, config)) == ""


def test_a_network_surer_than_it_is_right_is_told_so_and_learns_with_more_steps():
    """Fifty layers of ReLU between normalized skips start with a loss of 60, and come down from it."""
    config = network(50, "relu", "kaiming_normal", norm="layer", network={"residual": True},
                     training={"steps": 100}, capture={"every": 250, "samples": 64, "bins": 8})
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
