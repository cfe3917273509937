"""Lines of PyTorch, run as a reader would paste them: the network, its weights and its optimizer are those that a run has."""

import math
from itertools import islice

import pytest
import torch
from torch import nn

from benchmarks.remedies import configurations, findings
from models.activations import ACTIVATIONS
from models.as_pytorch import as_pytorch
from models.config import RunConfig
from models.diagnosis import written
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS
from models.network import build
from models.normalizations import NORMALIZATIONS
from models.optimizers import OPTIMIZERS

DATASET = torch.utils.data.TensorDataset(torch.zeros(10_000, 1))

MLP = {"network": {"depth": 3, "width": 96}, "data": {"name": "digits", "batch_size": 64}}
CNN = {"network": {"kind": "cnn", "depth": 5, "width": 24}, "data": {"name": "digits", "batch_size": 64}}


def pasted(lines, **names):
    names |= {"dataset": DATASET}
    exec(lines, names)
    return names


def same_network(ours, model, config):
    """Layer by layer the same parameters, and from the same parameters the same logits; the weights' and biases' moments as they are drawn,
    within five standard errors of both (the fourth moment of what is drawn is at most 3 var^2)."""
    assert [parameter.shape for parameter in ours.parameters()] == [parameter.shape for parameter in model.parameters()]
    orthogonal = INITIALIZERS[config.init.name].law == "orthogonal"
    for parameters in zip(ours.parameters(), model.parameters(), strict=True):
        one, other = (parameter.detach() for parameter in parameters)
        if one.dim() < 2 and one.numel() < 64:
            continue  # so few biases say nothing of the law that they are drawn from
        spread, n = float(one.std(correction=0)), one.numel()
        assert float(other.mean()) == pytest.approx(float(one.mean()), abs=1e-6 + 7.1 * spread / math.sqrt(n))
        if orthogonal and one.dim() > 1:  # their length is not drawn, but their mean is, and with it how they spread around it
            assert float(other.norm()) == pytest.approx(float(one.norm()), rel=0.02)
        else:
            assert float(other.std(correction=0)) == pytest.approx(spread, rel=5.0 / math.sqrt(n) + 1e-6, abs=1e-7)
    with torch.no_grad():
        for one, other in zip(ours.parameters(), model.parameters(), strict=True):
            other.copy_(one)
        x = torch.randn(6, *config.input_shape, generator=torch.Generator().manual_seed(1))
        expected = ours.eval()(x)
        torch.testing.assert_close(model.eval()(x), expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


def same_program(config, names):
    same_network(build(config, torch.device("cpu")), names["model"], config)
    chosen = config.training.optimizer
    ours = OPTIMIZERS[chosen.name].build([nn.Parameter(torch.zeros(1))], chosen.params)
    assert type(names["optimizer"]) is type(ours) and names["optimizer"].defaults == ours.defaults
    assert names["loader"].batch_size == config.batch_size
    assert names.get("steps") == config.training.steps


VARIED = [
    *({**MLP, "network": {**MLP["network"], "activation": {"name": name}}} for name in ACTIVATIONS),
    *({**MLP, "network": {**MLP["network"], "activation": {"name": name}}, "init": {"name": law, "mode": mode}}
      for name in ("leaky_relu", "prelu", "gelu", "tanh", "selu") for law in ("kaiming_normal", "kaiming_uniform")
      for mode in ("fan_in", "fan_out")),
    *({**base, "init": {"name": name, "gain": gain}} for base in (MLP, CNN) for gain in (1.0, 0.7) for name, entry in INITIALIZERS.items()
      if entry.lines and base["network"].get("kind", "mlp") in entry.kinds),
    *({**MLP, "init": {"name": "variance_scaling", "scale": 1.7, "mode": mode, "distribution": law}}
      for mode in ("fan_in", "fan_out", "fan_avg") for law in ("normal", "uniform", "truncated_normal")),
    *({**MLP, "bias_init": {"name": name}, "network": {**MLP["network"], "bias": bias}} for name in BIAS_INITIALIZERS
      for bias in ("auto", False)),
    *({**base, "network": {**base["network"], "residual": residual, "dropout": 0.2, "normalization": {
        "name": name, **({} if name == "none" else {"placement": place, "eps": 1e-4})}}}
      for base in (MLP, CNN) for name, entry in NORMALIZATIONS.items() if base["network"].get("kind", "mlp") in entry.kinds
      for place, residual in (("pre_activation", True), ("post_activation", False))),
    *({**CNN, "network": {**CNN["network"], "pool_every": 2, "residual": True, "padding": "circular", "kernel_size": size}}
      for size in (1, 3)),
    *({**MLP, "training": {"optimizer": {"name": name}}} for name in OPTIMIZERS),
    {**MLP, "training": {"optimizer": {"name": "momentum", "nesterov": True, "weight_decay": 0.01}}},
]


@pytest.mark.parametrize("settings", VARIED)
def test_a_whole_configuration(settings):
    config = RunConfig.model_validate(settings)
    torch.manual_seed(0)
    same_program(config, pasted(as_pytorch(config)))


@pytest.mark.parametrize("seed", [5, 6])
def test_a_remedys_lines_turn_the_program_into_the_mended_one(seed):
    tried = 0
    for config in islice(configurations(seed), 20):
        program = as_pytorch(config)
        for finding in written(config, findings(config)):
            if finding.config is None or not program:
                continue
            torch.manual_seed(0)
            mended = RunConfig.model_validate(finding.config)
            same_program(mended, pasted(finding.pytorch, **pasted(program)))
            tried += 1
    assert tried > 15


def test_only_what_differs_is_written():
    config = RunConfig.model_validate(MLP)
    slower = RunConfig.model_validate({**MLP, "training": {"optimizer": {"name": "sgd", "lr": 0.003}}})
    clipped = RunConfig.model_validate({**MLP, "training": {"clip_norm": 0.5}})
    assert as_pytorch(config, config) == ""
    assert as_pytorch(slower, config) == "import torch\n\noptimizer = torch.optim.SGD(model.parameters(), lr=0.003)"
    assert as_pytorch(clipped, config) == "from torch import nn\n\nnn.utils.clip_grad_norm_(model.parameters(), 0.5)\noptimizer.step()"
    scaled = RunConfig.model_validate({**MLP, "init": {"name": "variance_scaling", "scale": 1.0065, "distribution": "normal"}})
    assert "nn.init.normal_(layer.weight, std=(1.0065 / fan_in)**0.5)" in as_pytorch(scaled, config)
    assert "Sequential" not in as_pytorch(scaled, config) and "optim" not in as_pytorch(scaled, config)


def test_weights_that_take_more_than_lines_are_not_written():
    config = RunConfig.model_validate(MLP)
    assert as_pytorch(RunConfig.model_validate({**MLP, "init": {"name": "lsuv"}}), config) == ""


def test_clipping_is_the_steps_own():
    config = RunConfig.model_validate({**MLP, "training": {"clip_norm": 0.5}})
    model = nn.Linear(3, 2)
    model(torch.ones(4, 3)).square().sum().mul(100.0).backward()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    pasted(as_pytorch(config, RunConfig.model_validate(MLP)), model=model, optimizer=optimizer)
    moved = torch.cat([(old - new.detach()).flatten() for old, new in zip(before, model.parameters(), strict=True)])
    assert float(moved.norm()) == pytest.approx(0.5, rel=1e-4)
