"""Every remedy that is offered, over random configurations: applied, the finding is gone."""

from itertools import islice
from typing import Any

import pytest
import torch

from benchmarks.remedies import configurations, findings, left, left_at_the_end, shortened, worst_on_the_way
from models.config import RunConfig
from models.diagnosis.remedy import CROWDED, SILENCED, candidates, changed, crowding, silenced


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


def test_a_run_that_learned_nothing_under_heavy_dropout_gets_less_and_learns() -> None:
    config = RunConfig.model_validate({
        "network": {"depth": 4, "width": 44, "dropout": 0.9, "activation": {"name": "hardtanh"}}, "init": {"name": "xavier_normal"},
        "data": {"name": "digits", "batch_size": 128}, "seed": 767, "capture": {"every": 50, "samples": 64, "bins": 8},
        "training": {"steps": 100, "optimizer": {"name": "sgd", "lr": 2.2e-5}}})
    finding = next(finding for finding in worst_on_the_way(config) if finding.rule == "not_learned")
    mended = RunConfig.model_validate(finding.config)
    assert mended.network.dropout == 0.1 and "Lower the dropout to 0.1" in finding.remedy and mended.total_steps == 500
    assert left_at_the_end(finding) is None


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
