"""The second road: a lesson's network in torch.nn and torch.nn.init alone, with data, seeds and a loop of its own.

It shares no code with `models`, and has its own list of the defaults that the lessons leave out.
"""

from __future__ import annotations

from functools import partial

import torch
from sklearn.datasets import load_digits, make_moons
from torch import nn
from torch.nn import functional, init

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "linear": nn.Identity, "selu": nn.SELU, "leaky_relu": nn.LeakyReLU}
LIMITS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
OPTIMIZERS = {"sgd": (torch.optim.SGD, 0.01), "adam": (torch.optim.Adam, 0.001), "adamw": (torch.optim.AdamW, 0.001)}


def _name(part, default):
    return part.get("name", default), {key: value for key, value in part.items() if key != "name"}


def weights(weight, config, activation):
    name, options = _name(config.get("init", {}), "kaiming_normal")
    gain = options.pop("gain", 1.0)
    fills = {
        "delta_orthogonal": delta_orthogonal, "zeros": init.zeros_, "orthogonal": init.orthogonal_, "xavier_normal": init.xavier_normal_,
        "kaiming_normal": partial(init.kaiming_normal_, nonlinearity=activation),
        "lecun_normal": partial(init.kaiming_normal_, nonlinearity="linear"),
        "pytorch_default": lambda w: init.kaiming_uniform_(w, a=5**0.5),
        "normal": lambda w: init.normal_(w, options.get("mean", 0.0), options.get("std", 0.05)),
        "constant": lambda w: init.constant_(w, options.get("value", 0.05)),
        "variance_scaling": lambda w: init.normal_(w, 0.0, (options.get("scale", 1.0) / w[0].numel()) ** 0.5),
    }
    fills[name](weight)
    weight.mul_(gain)


def delta_orthogonal(weight):
    """A random rotation (Q of a Gaussian matrix) in the kernel's centre; the output layer is all centre."""
    size = max(weight.shape[:2])
    rotation = torch.linalg.qr(torch.randn(size, size))[0][: weight.shape[0], : weight.shape[1]]
    weight.zero_()
    if weight.dim() == 2:
        weight.copy_(rotation)
    else:
        weight[:, :, 1, 1] = rotation


def norms(name, options, width, conv):
    """torch's own layers; of what they do not have (layer normalization of images) the group normalization that it is."""
    if name == "batch":
        return (nn.BatchNorm2d if conv else nn.BatchNorm1d)(width, momentum=options.get("momentum", 0.1))
    if name == "instance":
        return nn.InstanceNorm2d(width, affine=True)
    if name in ("layer", "group"):
        return nn.GroupNorm(1 if name == "layer" else options.get("groups", 8), width)
    return nn.Identity()


def biases(bias, config):
    name, options = _name(config.get("bias_init", {}), "zeros")
    {"zeros": init.zeros_, "constant": lambda b: init.constant_(b, options.get("value", 0.01)),
     "normal": lambda b: init.normal_(b, 0.0, options.get("std", 0.05))}[name](bias)


class Network(nn.Module):
    """Linear or convolutional, normalization before or after the activation, dropout, skip: as the lesson's network says."""

    def __init__(self, config, inputs, classes):
        super().__init__()
        network = config.get("network", {})
        self.phi = _name(network.get("activation", {}), "relu")[0]
        normalization, options = _name(network.get("normalization", {}), "none")
        self.before = options.get("placement", "pre_activation") == "pre_activation"
        self.skip, self.drop = network.get("residual", False), nn.Dropout(network.get("dropout", 0.0))
        width, depth, bias = network.get("width", 256), network.get("depth", 20), network.get("bias", "auto")
        hidden = not (normalization != "none" and self.before) if bias == "auto" else bias
        fans, self.conv = [inputs] + [width] * depth, network.get("kind") == "cnn"
        kernel = {"kernel_size": 3, "padding": 1, "padding_mode": network.get("padding", "zeros")}
        layers = [nn.Conv2d(fan, width, bias=hidden, **kernel) if self.conv else nn.Linear(fan, width, bias=hidden) for fan in fans[:-1]]
        self.linears = nn.ModuleList([*layers, nn.Linear(width, classes, bias=bias is not False)])
        self.norms = nn.ModuleList(norms(normalization, options, width, self.conv) for _ in range(depth))
        with torch.no_grad():
            for linear in self.linears:
                weights(linear.weight, config, self.phi)
                if linear.bias is not None:
                    biases(linear.bias, config)

    def forward(self, x):
        self.z, self.phi_of_z, self.h, self.normed = [], [], [], []
        for row, (linear, norm) in enumerate(zip(self.linears[:-1], self.norms, strict=True)):
            z = norm(linear(x)) if self.before else linear(x)
            value = ACTIVATIONS[self.phi]()(z)
            self.normed.append(linear(x).detach() if self.before else value.detach())
            out = self.drop(value if self.before else norm(value))
            x = out + x if self.skip and row else out
            self.z.append(z)
            self.phi_of_z.append(value)
            self.h.append(x)
        self.z.append(self.linears[-1](x.mean((2, 3)) if self.conv else x))
        self.h.append(self.z[-1])
        return self.z[-1]


def data(config):
    """Standardized training inputs and labels."""
    name, options = _name(config.get("data", {}), "digits")
    network = config.get("network", {})
    pixels = [8, 8] if network.get("kind") == "cnn" else []
    if name == "gaussian":
        size = options.get("batch_size", 256)
        return torch.randn(size, options.get("features", network.get("width", 256)), *pixels), torch.randint(10, (size,)), 10, size
    if name == "moons":
        x, y = make_moons(options.get("samples", 2000), noise=options.get("noise", 0.2), random_state=int(torch.randint(2**31, ())))
        x = (x - x.mean(0)) / x.std(0)
    else:
        digits = load_digits()
        x, y = (digits.data - digits.data.mean()) / digits.data.std(), digits.target
        x = x.reshape(-1, 1, *pixels) if pixels else x
    order = torch.randperm(len(x))[:len(x) - round(len(x) * options.get("validation_fraction", 0.2))]
    size = options.get("batch_size", 256)
    return torch.tensor(x, dtype=torch.float32)[order], torch.tensor(y)[order], int(y.max()) + 1, len(order) if size == "all" else size


class Run:
    """A lesson's configuration trained from its own seed: what stands at step 0 and after the last step."""

    def __init__(self, config, seed):
        torch.manual_seed(seed)
        x, y, classes, size = data(config)
        self.network = Network(config, x.shape[1], classes)
        training = config.get("training", {})
        name, options = _name(training.get("optimizer", {}), "sgd")
        kind, lr = OPTIMIZERS[name]
        optimizer = kind(self.network.parameters(), **{"lr": lr, **options})
        self.steps, self.frames = training.get("steps", 200), {}
        for step in range(self.steps + 1):
            batch = torch.randperm(len(x))[:size]
            optimizer.zero_grad()
            before = self.before(x[batch], y[batch]) if step in (0, self.steps) else {}
            loss = functional.cross_entropy(self.network(x[batch]), y[batch])
            if step in (0, self.steps):
                for z in self.network.z:
                    z.retain_grad()
            loss.backward()
            if step in (0, self.steps):
                self.frames[0 if step == 0 else -1] = self.look(loss, y[batch], before)
            if step < self.steps:
                optimizer.step()
        self.frames.setdefault(-1, self.frames[0])

    def before(self, x, y):
        """What holds before the training pass: the loss in evaluation mode, and the running statistics."""
        net = self.network.eval()
        with torch.no_grad():
            loss = functional.cross_entropy(net(x), y).item()
        net.train()
        means = [getattr(norm, "running_mean", None) for norm in net.norms]
        return {"evaluation_loss": loss, "running": [None if mean is None else mean.clone() for mean in means]}

    def look(self, loss, labels, before):
        net = self.network
        tensors = {"activation": net.h, "preactivation": net.z, "preactivation_gradient": [z.grad for z in net.z],
                   "weight": [linear.weight for linear in net.linears], "weight_gradient": [linear.weight.grad for linear in net.linears]}
        rows = {name: [numbers(tensor.detach()) for tensor in found] for name, found in tensors.items()}
        for row, value in zip(rows["activation"], net.phi_of_z, strict=False):
            value = value.detach()
            row["dead"] = (value == 0).all(0).double().mean().item()
            if net.phi in LIMITS:
                low, high = LIMITS[net.phi]
                row["saturated"] = ((value < low + 0.03) | (value > high - 0.03)).double().mean().item()
        rows["normalization"] = [held(norm, x, mean) for norm, x, mean in zip(net.norms, net.normed, before["running"], strict=True)]
        accuracy = (net.z[-1].argmax(1) == labels).double().mean().item()
        return {"loss": loss.item(), "evaluation_loss": before["evaluation_loss"], "accuracy": accuracy, "quantities": rows}

    def at(self, place):
        """The number at a question's place."""
        frame = self.frames[place["frame"]]
        return frame["quantities"][place["quantity"]][place["layer"] - 1][place["field"]] if "quantity" in place else frame[place["field"]]


def held(norm, x, running_mean):
    """gamma and beta of a normalization, and by how many standard deviations of its batch the running mean is off."""
    if isinstance(norm, nn.Identity):
        return {}
    found = {"gamma_low": norm.weight.min().item(), "gamma_high": norm.weight.max().item(), "beta": norm.bias.mean().item()}
    if running_mean is not None:
        channels = x.transpose(0, 1).flatten(1)
        found["running_mean_gap"] = ((running_mean - channels.mean(1)).norm() / channels.std(1).norm()).item()
    return found


def numbers(x):
    x = x.double()
    return {"mean": x.mean().item(), "std": x.std(correction=0).item(), "mean_square": x.square().mean().item(), "norm": x.norm().item(),
            "min": x.min().item(), "max": x.max().item(), "zeros": int((x == 0).sum()), "n": x.numel()}
