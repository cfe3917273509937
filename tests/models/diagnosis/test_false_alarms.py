"""No alarm over sound networks: the catalogue's pairings up to their depth, and normalized networks."""

from itertools import product

import pytest

from models.activations import ACTIVATIONS, ROOM
from models.diagnosis import diagnose, predict
from models.diagnosis.prediction import ALIKE
from models.diagnosis.variants import changed
from models.theory import outlook, theory_of
from models.training import initial_frame
from tests.models.diagnosis.networks import look, network, rules

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
    """Where BatchNorm's gradient really stops 50 layers from training well, and tanh's behind layer normalizations at the default rate
    (200 steps at 0.01 end at 0.99 and 0.81 of a guess's loss, at 0.003 at 0.36 and 0.37)."""
    return depth < 50 or activation not in (("relu", "leaky_relu", "prelu", "gelu", "silu") if norm == "batch" else ("tanh",))


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
    assert predict(config, initial_frame(config), look(config)).outcome != "trains"
