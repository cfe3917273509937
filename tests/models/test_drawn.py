"""Weights that are kept from one network to the next: the same as those that are drawn, whatever else changes."""

import pytest
import torch

from models.config import RunConfig
from models.drawn import Drawn
from models.training import Run

SMALL = {"network": {"depth": 4, "width": 20, "bias": True}, "bias_init": {"name": "normal"}}
"""As every test begins."""


def state(drawn, **config):
    network = {**SMALL["network"], **config.pop("network", {})}
    run = Run.start(RunConfig.model_validate({**SMALL, **config, "network": network}), drawn=drawn)
    return {name: tensor.clone() for name, tensor in run.network.state_dict().items()}, run


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("change", [
    {}, {"seed": 1}, {"init": {"name": "orthogonal"}}, {"init": {"gain": 2.0}}, {"init": {"mode": "fan_out"}}, {"network": {"width": 21}},
    {"network": {"depth": 5}}, {"network": {"bias": False}}, {"network": {"activation": {"name": "tanh"}}},
    {"bias_init": {"name": "normal", "std": 1.0}},
    {"bias_init": {"name": "zeros"}}, {"data": {"name": "spirals"}}, {"network": {"normalization": {"name": "batch"}, "dropout": 0.2}},
    {"init": {"name": "lsuv"}}, {"network": {"kind": "cnn", "kernel_size": 3}}, {"data": {"batch_size": 16}},
], ids=str)
def test_after_any_other_network_the_weights_are_those_that_are_drawn(change):
    drawn = Drawn(2**20)
    state(drawn)
    assert same(state(drawn, **change)[0], state(None, **change)[0])
    assert same(state(drawn, **change)[0], state(None, **change)[0])  # and now they are the kept ones
    assert same(state(drawn)[0], state(None)[0])


def test_what_is_kept_is_not_drawn_again_and_is_nobodys_to_change():
    drawn = Drawn(2**20)
    _, run = state(drawn)
    with torch.no_grad():
        run.network.rows()[0].weighted.weight.zero_()  # training, LSUV and trained weights change them in place

    def never():
        raise AssertionError("drawn again")

    tensors = [parameter.detach().clone() for layer in run.network.rows() for parameter in layer.weighted.parameters()]
    drawn.fill(tensors, drawn.law, never)
    assert same(dict(enumerate(tensors)), dict(enumerate(state(None)[0].values())))


def test_more_than_the_limit_is_not_kept():
    drawn = Drawn(100)
    state(drawn)
    assert drawn.kept == [] and drawn.law is None
