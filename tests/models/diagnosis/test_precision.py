"""What fp16 would lose, and what is offered."""

import re

import pytest
import torch

from models.config import RunConfig
from models.diagnosis.candidates import candidates
from models.diagnosis.soundness import cost
from models.training import Run, initial_frame
from models.words import raised
from tests.models.diagnosis.networks import look, network, rules, scaled


def test_a_start_without_any_slope_is_not_offered_for_half_precision():
    """hardtanh from -0.001 to 0.001: without skips every start that carries more leaves nearly all of the first layer's values at the
    limits, where no gradient passes. It passes beside skips, and with ten times the room such a start
    is offered; with less, none is foreseen to give no reason for a note."""
    def narrow(limit):
        activation = {"name": "hardtanh", "min_val": -limit, "max_val": limit}
        return network(20, init={"name": "normal", "std": 1.0}, network={"activation": activation})
    config = narrow(1e-3)
    better = [start for _, start in candidates(config) if cost(start) < cost(config) and not start.network.residual]
    flat = [initial_frame(start)["quantities"]["activation"]["saturated"][0] for start in better]
    assert flat and min(flat) > 0.98, flat
    assert rules(look(config))["half_precision"].config is None
    offered = RunConfig.model_validate(rules(look(narrow(1e-2)))["half_precision"].config)
    assert offered.network.residual and "half_precision" not in rules(look(offered))


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
