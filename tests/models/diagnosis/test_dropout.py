"""Dropout whose noise hides what tells two inputs apart."""

import math

import pytest
import torch

from models.config import RunConfig
from models.diagnosis import Verdict
from models.theory import outlook
from models.training import train
from tests.models.diagnosis.networks import look, network, predicted, rules, scaled


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
