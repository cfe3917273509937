"""Networks in which float32 loses signal or gradient, or that have more layers than units: what is named, and what is offered."""

import pytest
import torch

from models.config import RunConfig
from models.diagnosis.look import Look
from models.diagnosis.soundness import crowding
from models.theory import outlook
from models.training import initial_frame
from tests.models.diagnosis.networks import look, network, rules, scaled


def test_a_signal_that_float32_loses_has_vanished_and_no_unit_is_dead():
    """Small values meet GELU's slope 1/2: each layer halves them. In plain float64 the mean square falls by that, also where float32 holds
    nothing more, and the units that are then 0 are not the fault."""
    found = look(network(depth=200, activation="gelu", init="orthogonal"))
    x, rates = torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), []
    for _ in range(200):
        weight = torch.nn.init.orthogonal_(torch.empty(64, 64, dtype=torch.float64), generator=torch.Generator().manual_seed(len(rates)))
        x = torch.nn.functional.gelu(x @ weight.T)
        rates.append(float(x.square().mean()))
    expected = (rates[-1] / rates[0]) ** (1 / 199)
    assert found[0].rule == "vanishing_signal" and "dead_units" not in rules(found)
    assert found[0].measured == pytest.approx(expected, rel=0.02) and found[0].theory == pytest.approx(expected, rel=0.02)
    assert rules(found)["vanishing_gradient"].measured == pytest.approx(0.25, rel=0.02) and "float32 holds nothing" in found[0].cause


def test_a_gradient_that_float32_loses_falls_by_what_theory_says():
    finding = rules(look(network(depth=200, activation="sigmoid", init="pytorch_default")))["vanishing_gradient"]
    assert finding.measured == pytest.approx(finding.theory, rel=0.05) and finding.theory < 0.03


def test_a_layer_that_is_dead_is_named_with_those_behind_it():
    """Biases far below 0 kill every layer, and the first hands on nothing that could vanish."""
    found = rules(look(network(depth=8, bias_init={"name": "constant", "value": -50.0})))
    assert found["dead_units"].layers == list(range(1, 9))


def test_many_layers_of_few_units_have_a_remedy_that_holds():
    """Beside skips their chance does not add up: 200 layers of 64 units are as theory says, and nothing is worse than a note."""
    for activation, init in (("tanh", scaled(2.0)), ("gelu", {"name": "orthogonal"})):
        worst = look(network(depth=200, activation=activation, init=init))[0]
        assert worst.severity == "critical"
        mended = RunConfig.model_validate(worst.config)
        assert mended.network.residual and mended.network.normalization.name == "none"
        assert {finding.severity for finding in look(mended)} <= {"ok", "note"}


@pytest.mark.parametrize(("activation", "norm"), [("tanh", "layer"), ("relu", "rms"), ("gelu", "layer")])
def test_normalized_layers_beside_skips_stay_near_theory_however_few_their_units(activation, norm):
    config = network(depth=200, activation=activation, norm=norm, width=32, network={"residual": True})
    said, seen = outlook(config), Look(config, initial_frame(config), None)
    assert crowding(config) < 0.1 < 200 / 32
    assert seen.signal.decades == pytest.approx(said.signal, abs=0.5) and seen.gradient.decades == pytest.approx(said.gradient, abs=1.0)


def test_a_remedy_for_plain_steps_keeps_inputs_apart_as_far_as_these_need():
    """He's ReLU of 60 layers keeps its signal, and sgd cannot tell its inputs apart: skips are offered. Adam can."""
    for optimizer, skips in (("sgd", True), ("adam", False)):
        config = network(depth=60, init="xavier_normal", width=128, training={"optimizer": {"name": optimizer}})
        assert RunConfig.model_validate(rules(look(config))["vanishing_signal"].config).network.residual == skips
