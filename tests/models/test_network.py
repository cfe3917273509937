"""The assembled network against plain PyTorch written out here."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.network import ONEDNN_FROM, Linear, build
from models.normalizations import NORMALIZATIONS

CPU = torch.device("cpu")


def made(**config):
    parsed = RunConfig.model_validate(config)
    return parsed, build(parsed, CPU)


def weights(network):
    return [(layer.weighted.weight, layer.weighted.bias) for layer in network.rows()]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_mlp_is_the_plain_chain(name):
    config, network = made(network={"depth": 4, "width": 12, "activation": {"name": name}}, bias_init={"name": "normal"},
                           data={"name": "moons"})
    x = torch.randn(7, 2)
    *hidden, (w_out, b_out) = weights(network)
    phi = ACTIVATIONS[name].module(config.network.activation.params)
    h = x
    for w, b in hidden:
        h = phi(h @ w.T + b)
    torch.testing.assert_close(network(x), h @ w_out.T + b_out)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("examples", [3, ONEDNN_FROM // 256**2])
def test_a_linear_layer_without_gradients_is_torchs(bias, examples):
    layer, x = Linear(256, 256, bias=bias), torch.randn(examples, 256)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=1 / 16)
    x[0, 5], x[1, 7] = torch.inf, torch.nan
    plain = F.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), plain, rtol=0, atol=0, equal_nan=True)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), plain, equal_nan=True)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_cnn_is_the_plain_chain(padding):
    _, network = made(network={"kind": "cnn", "depth": 5, "width": 6, "padding": padding, "pool_every": 2, "kernel_size": 3})
    x = torch.randn(3, 1, 8, 8)
    *hidden, (w_out, b_out) = weights(network)
    h = x
    for row, (w, b) in enumerate(hidden, start=1):
        h = F.conv2d(F.pad(h, (1, 1, 1, 1), mode="circular"), w, b) if padding == "circular" else F.conv2d(h, w, b, padding=1)
        h = F.relu(h)
        h = F.max_pool2d(h, 2) if row % 2 == 0 else h
    torch.testing.assert_close(network(x), h.mean((2, 3)) @ w_out.T + b_out)


def test_residual_blocks_add_their_input_from_the_second_on():
    _, network = made(network={"depth": 4, "width": 64, "residual": True, "activation": {"name": "tanh"}}, data={"name": "digits"})
    x = torch.randn(5, 64)
    *hidden, (w_out, b_out) = weights(network)
    h = torch.tanh(x @ hidden[0][0].T + hidden[0][1])
    for w, b in hidden[1:]:
        h = h + torch.tanh(h @ w.T + b)
    torch.testing.assert_close(network(x), h @ w_out.T + b_out)


@pytest.mark.parametrize("placement", ["pre_activation", "post_activation"])
@pytest.mark.parametrize(("name", "kind"), [
    (name, kind) for name, entry in NORMALIZATIONS.items() for kind in entry.kinds if name != "none"])
def test_normalizations_average_over_their_axes(name, kind, placement):
    _, network = made(network={"kind": kind, "depth": 1, "width": 8, "activation": {"name": "tanh"}, "dropout": 0,
                               "normalization": {"name": name, "placement": placement, **({"groups": 2} if name == "group" else {})}})
    x = torch.randn(6, 1, 8, 8) if kind == "cnn" else torch.randn(6, 64)
    layer = network.rows()[0]
    h = layer.weighted(x)
    h = torch.tanh(h) if placement == "post_activation" else h
    h = plain_norm(name, h)
    h = h if placement == "post_activation" else torch.tanh(h)
    torch.testing.assert_close(layer(x), h, rtol=1e-4, atol=1e-5)


def plain_norm(name, h, eps=1e-5):
    if name == "group":
        grouped = h.reshape(h.shape[0], 2, -1)
        return ((grouped - grouped.mean(2, keepdim=True)) / (grouped.var(2, correction=0, keepdim=True) + eps).sqrt()).reshape(h.shape)
    per_example = tuple(range(1, h.dim()))
    if name == "rms":
        return h / (h.square().mean(per_example, keepdim=True) + eps).sqrt()
    dims = {"batch": (0, *range(2, h.dim())), "layer": per_example, "instance": (2, 3)}[name]
    return (h - h.mean(dims, keepdim=True)) / (h.var(dims, correction=0, keepdim=True) + eps).sqrt()


def test_a_one_pixel_kernel_on_one_pixel_is_an_mlp():
    """CNN against MLP where they must agree: kernel 1 treats every pixel as an MLP treats an example."""
    _, cnn = made(network={"kind": "cnn", "depth": 4, "width": 10, "kernel_size": 1}, data={"name": "gaussian", "features": 10})
    _, mlp = made(network={"kind": "mlp", "depth": 4, "width": 10}, data={"name": "gaussian", "features": 10})
    for a, b in zip(cnn.rows(), mlp.rows(), strict=True):
        b.weighted.weight.data.copy_(a.weighted.weight.reshape(b.weighted.weight.shape))
    x = torch.randn(9, 10)
    torch.testing.assert_close(cnn(x[:, :, None, None].expand(-1, -1, 8, 8)), mlp(x))


def test_bias_auto_is_off_under_a_normalization_with_affine_parameters():
    cases = [({"name": "none"}, True), ({"name": "batch"}, False), ({"name": "batch", "affine": False}, True),
             ({"name": "layer", "placement": "post_activation"}, True), ({"name": "rms"}, False)]
    for normalization, expected in cases:
        _, network = made(network={"depth": 2, "width": 8, "normalization": normalization})
        assert [layer.weighted.bias is not None for layer in network.rows()] == [expected, expected, True]


def test_dropout_is_inverted_seeded_and_off_in_evaluation():
    config = {"network": {"depth": 1, "width": 4000, "dropout": 0.3, "activation": {"name": "linear"}}, "data": {"name": "digits"}}
    (_, one), (_, two) = made(**config), made(**config)
    x = torch.randn(3, 64)
    dropped, plain = one.rows()[0](x), one.eval().rows()[0](x)
    torch.testing.assert_close(two.rows()[0](x), dropped)
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.02)
    torch.testing.assert_close(dropped[kept], plain[kept] / 0.7)


def test_pooling_stops_at_one_pixel():
    config, network = made(network={"kind": "cnn", "depth": 6, "width": 4, "pool_every": 1})
    assert config.network.pixels(config.input_shape) == [8, 4, 2, 1, 1, 1]
    assert sum(isinstance(module, nn.MaxPool2d) for module in network.modules()) == 3


def test_the_seed_fixes_the_weights_and_the_initializer_leaves_the_data_alone():
    (_, a), (_, b), (_, c) = made(seed=1), made(seed=1), made(seed=2)
    assert torch.equal(a.rows()[3].weighted.weight, b.rows()[3].weighted.weight)
    assert not torch.equal(a.rows()[3].weighted.weight, c.rows()[3].weighted.weight)


def test_ten_thousand_layers():
    _, network = made(network={"depth": 10_000, "width": 4, "activation": {"name": "tanh"}}, init={"name": "orthogonal"},
                      data={"name": "moons"})
    loss = network(torch.randn(4, 2)).square().sum()
    loss.backward()
    assert network.rows()[0].weighted.weight.grad.isfinite().all()
