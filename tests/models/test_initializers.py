"""Every initializer: the variance it claims against what it fills, and the fill against torch.nn.init itself."""

import math

import pytest
import torch
from scipy import stats
from torch import nn

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS, Fan, truncated_kurtosis, truncated_variance
from models.network import build
from models.training import initial_frame

DRAWN = [name for name, entry in INITIALIZERS.items() if not entry.data_driven]
SHAPES = [(300, 200), (150, 400), (60, 40, 3, 3), (48, 48, 5, 5)]


def params_of(table, name, **given):
    return {**{p.name: p.default for p in table[name].parameters}, **given}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", DRAWN)
def test_variance_is_the_formulas(name, shape):
    entry = INITIALIZERS[name]
    if name == "delta_orthogonal" and len(shape) == 2:
        shape = (*shape, 1, 1)
    weight, params, gain = torch.empty(shape), params_of(INITIALIZERS, name), 1.7
    entry.fill(weight, params, gain, torch.Generator().manual_seed(3))
    claimed = entry.variance(Fan.of(weight), params, gain)
    assert weight.double().var(correction=0).item() == pytest.approx(claimed, rel=0.03, abs=1e-12)
    assert weight.double().mean().item() == pytest.approx(entry.mean(params) if name != "identity" else weight.mean().item(), abs=0.02)


@pytest.mark.parametrize(("mean", "a", "b"), [(0.05, -0.01, 0.2), (0.0, 0.0, 0.2), (0.0, -0.2, 0.2), (0.0, -1e-6, 3e-6)])
def test_a_cut_that_is_not_symmetric_moves_the_mean(mean, a, b):
    weight, params = torch.empty(400, 500), params_of(INITIALIZERS, "trunc_normal", std=0.1, mean=mean, a=a, b=b)
    INITIALIZERS["trunc_normal"].fill(weight, params, 1.0, torch.Generator().manual_seed(3))
    assert INITIALIZERS["trunc_normal"].mean(params) == pytest.approx(weight.double().mean().item(), abs=0.005 * (b - a))


@pytest.mark.parametrize(("name", "reference"), [
    ("xavier_uniform", lambda w, g: nn.init.xavier_uniform_(w, generator=g)),
    ("xavier_normal", lambda w, g: nn.init.xavier_normal_(w, generator=g)),
    ("kaiming_normal", lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g)),
    ("kaiming_uniform", lambda w, g: nn.init.kaiming_uniform_(w, nonlinearity="relu", generator=g)),
    ("orthogonal", lambda w, g: nn.init.orthogonal_(w, generator=g)),
    ("pytorch_default", lambda w, g: nn.init.kaiming_uniform_(w, a=math.sqrt(5), generator=g)),
])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fill_is_torchs(name, reference, shape):
    ours, theirs = torch.empty(shape), torch.empty(shape)
    INITIALIZERS[name].fill(ours, params_of(INITIALIZERS, name), math.sqrt(2), torch.Generator().manual_seed(5))
    reference(theirs, torch.Generator().manual_seed(5))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("distribution", ["normal", "uniform", "truncated_normal"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling_keeps_its_variance_in_every_form(distribution, mode):
    weight = torch.empty(800, 500)
    params = {"scale": 1.7610, "mode": mode, "distribution": distribution}
    INITIALIZERS["variance_scaling"].fill(weight, params, 1.0, torch.Generator().manual_seed(0))
    fan = {"fan_in": 500, "fan_out": 800, "fan_avg": 650}[mode]
    assert weight.double().var().item() * fan == pytest.approx(1.7610, rel=0.01)


@pytest.mark.parametrize(("mean", "std", "low", "high"), [
    (0, 1, -2, 2), (0.5, 2, -1, 1), (0, 0.05, -2, 2), (1.0, 0.3, 0.9, 4.0), (0, 1000, -1, 1)])
def test_truncated_variance_is_scipys(mean, std, low, high):
    from scipy.stats import truncnorm

    expected = truncnorm((low - mean) / std, (high - mean) / std, mean, std).var()
    assert truncated_variance(mean, std, low, high) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", BIAS_INITIALIZERS)
def test_bias_variance_is_the_formulas(name):
    bias, params = torch.empty(20_000), params_of(BIAS_INITIALIZERS, name)
    BIAS_INITIALIZERS[name].fill(bias, params, 25, torch.Generator().manual_seed(2))
    assert bias.double().var().item() == pytest.approx(BIAS_INITIALIZERS[name].variance(params, 25), rel=0.05, abs=1e-12)
    assert bias.double().mean().item() == pytest.approx(BIAS_INITIALIZERS[name].mean(params), abs=5e-3)


def test_delta_orthogonal_convolution_keeps_the_norm_of_every_image():
    weight = torch.empty(16, 16, 3, 3)
    INITIALIZERS["delta_orthogonal"].fill(weight, {}, 1.0, torch.Generator().manual_seed(0))
    images = torch.randn(5, 16, 8, 8)
    out = nn.functional.conv2d(images, weight, padding=1)
    torch.testing.assert_close(out.flatten(1).norm(dim=1), images.flatten(1).norm(dim=1))


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_lsuv_gives_every_layer_unit_variance(kind):
    config = RunConfig.model_validate({"network": {"kind": kind, "depth": 6, "width": 24, "activation": {"name": "tanh"}, "dropout": 0.3},
                                       "init": {"name": "lsuv", "tolerance": 0.001}})
    batch = torch.randn(64, *config.input_shape, generator=torch.Generator().manual_seed(0)) * 7
    network = build(config, torch.device("cpu"), batch).eval()
    x = batch
    for layer in network.rows():
        h = layer.weighted(x if layer.entry is None else layer.entry(x))
        assert h.var().item() == pytest.approx(1.0, abs=0.002)
        x = layer(x)


@pytest.mark.parametrize("activation", ["relu", "selu", "softplus"])
def test_lsuv_does_not_take_rounding_for_a_signal(activation):
    """Behind an instance normalization every channel's mean is 0, and so is what the output layer reads: a loss of ln 10."""
    config = RunConfig.model_validate({
        "network": {"kind": "cnn", "depth": 3, "width": 16, "activation": {"name": activation},
                    "normalization": {"name": "instance", "placement": "post_activation"}},
        "init": {"name": "lsuv"}})
    frame = initial_frame(config)
    assert frame["loss"] == pytest.approx(math.log(10), abs=1e-6)
    assert frame["quantities"]["weight"]["mean_square"][-1] < 1
    assert frame["quantities"]["preactivation"]["std"][:-1] == pytest.approx([1.0] * 3, abs=0.06)  # the tolerance is of the variance


def test_gain_multiplies_every_weight():
    config = {"network": {"depth": 3, "width": 20}}
    plain, doubled = (build(RunConfig.model_validate({**config, "init": {"gain": gain}}), torch.device("cpu")) for gain in (1.0, 2.0))
    for a, b in zip(plain.rows(), doubled.rows(), strict=True):
        torch.testing.assert_close(2 * a.weighted.weight, b.weighted.weight)


def test_kaiming_follows_the_activation():
    for name, entry in ACTIVATIONS.items():
        params = params_of(ACTIVATIONS, name)
        config = RunConfig.model_validate({"network": {"depth": 2, "width": 400, "activation": {"name": name}}})
        std = build(config, torch.device("cpu")).rows()[1].weighted.weight.std().item()
        assert std == pytest.approx(entry.gain(params) / 20, rel=0.01)


@pytest.mark.parametrize(("low", "high"), [(-2.0, 2.0), (-0.5, 3.0), (-0.1, 0.05), (-40.0, 40.0), (-0.04, 0.05)])
def test_the_kurtosis_of_a_truncated_weight(low: float, high: float) -> None:
    expected = 3.0 + float(stats.truncnorm(low, high).stats("k")) if high - low > 0.1 else 1.8
    assert truncated_kurtosis(0.3, 2.0, 0.3 + 2.0 * low, 0.3 + 2.0 * high) == pytest.approx(expected, rel=1e-6)
