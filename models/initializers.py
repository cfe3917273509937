"""The initializers of weights and of biases: how each fills a tensor, and the variance that its formula gives.

`torch.nn.init` fills where it can. The variances are written out beside it: theory uses them, and tests compare them with what was filled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from models.choices import Choice, Parameter, Params, Table
from models.later import nn, torch
from models.words import Text, say
from models.written import Written

if TYPE_CHECKING:
    from torch import Generator, Tensor

TRUNCATED_STD = 0.87962566103423978
"""Standard deviation of N(0, 1) cut at +-2: what Keras divides by to keep the variance asked for."""


@dataclass(frozen=True, slots=True)
class Fan:
    """Inputs and outputs of one unit of a weight (out, in, *kernel), as torch.nn.init counts them. `taps` is the number of the kernel's
    entries, 1 of a matrix."""

    fan_in: int
    fan_out: int
    taps: int = 1

    @classmethod
    def of(cls, weight: Tensor) -> Fan:
        """The fans of a weight (out, in, *kernel)."""
        taps = math.prod(weight.shape[2:])
        return cls(weight.shape[1] * taps, weight.shape[0] * taps, taps)

    def mode(self, mode: str) -> float:
        """fan_in, fan_out or their average."""
        return {"fan_in": self.fan_in, "fan_out": self.fan_out, "fan_avg": (self.fan_in + self.fan_out) / 2}[mode]


GAUSSIAN, UNIFORM = 3.0, 1.8
"""Kurtosis of these two laws."""

Fill: TypeAlias = "Callable[[Tensor, Params, float, Generator], object]"
Variance = Callable[[Fan, Params, float], float]


@dataclass(frozen=True, slots=True)
class Kaiming:
    """What Kaiming's rule knows of an activation: the gain, and the arguments that give it in torch (calculate_gain), if torch has it."""

    gain: float
    named: tuple[str, float | None] | None


@dataclass(frozen=True, kw_only=True)
class Initializer(Choice):
    """How the weights are drawn.

    fill:        (weight, params, nonlinearity_gain, generator) fills the weight in place
    variance:    (fan, params, nonlinearity_gain) -> E[(w - E w)^2] of one entry
    std:         (fan, params, nonlinearity_gain) -> its root as a formula with these numbers, as text
    lines:       (params, what Kaiming's rule knows of the activation) -> PyTorch that fills layer.weight, as source, with fan_in and
                 fan_out as names; None where the weights depend on more than that
    law:         "gaussian" or "uniform" where entries are independent, "orthogonal" where they are not, "fixed" where nothing is drawn
    fan:         the fan in the formula; None where it has none, or where it is the parameter `mode`
    uses_gain:   whether nonlinearity_gain, the activation's (models.activations.gain_of), is in the formula
    data_driven: the weights are rescaled on the first batch afterwards (LSUV)
    trained:     the weights are replaced by trained ones afterwards, in the layers that those fit
    mean:        params -> E w
    kurtosis:    params -> E[(w - E w)^4] / E[(w - E w)^2]^2 of one entry, where entries are independent
    """

    fill: Fill
    variance: Variance
    std: Callable[[Fan, Params, float], str]
    lines: Callable[[Params, Kaiming], str] | None
    law: Literal["gaussian", "uniform", "orthogonal", "fixed"]
    fan: Literal["fan_in", "fan_out", "fan_avg"] | None = None
    uses_gain: bool = False
    data_driven: bool = False
    trained: bool = False
    mean: Callable[[Params], float] = lambda params: 0.0
    kurtosis: Callable[[Params], float] = lambda params: GAUSSIAN


@dataclass(frozen=True, kw_only=True)
class BiasInitializer(Choice):
    """How the biases are drawn.

    fill:     (bias, params, fan_in, generator) fills the bias in place
    line:     params -> PyTorch that fills layer.bias, as source, with fan_in as a name
    variance: (params, fan_in) -> E[(b - E b)^2] of one entry, sigma_b^2 where the mean is 0
    mean:     params -> E b
    kurtosis: E[(b - E b)^4] / E[(b - E b)^2]^2 of one entry
    """

    fill: Callable[[Tensor, Params, int, Generator], object]
    line: Callable[[Params], str]
    variance: Callable[[Params, int], float]
    mean: Callable[[Params], float] = lambda params: 0.0
    kurtosis: float = GAUSSIAN


def truncated_variance(mean: float, std: float, low: float, high: float) -> float:
    """Variance of N(mean, std^2) cut to [low, high] (Johnson, Kotz & Balakrishnan 1994, section 10.1).

    Where the interval is far narrower than std the density is flat there, and the closed form, a difference of nearly
    equal numbers, gives way to the uniform law's (high - low)^2 / 12.
    """
    a, b = (low - mean) / std, (high - mean) / std
    if b - a < 1e-3:
        return (high - low) ** 2 / 12
    pdf = [math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi) for t in (a, b)]
    cdf = [0.5 * math.erfc(-t / math.sqrt(2)) for t in (a, b)]
    mass = cdf[1] - cdf[0]
    return std**2 * (1 - (b * pdf[1] - a * pdf[0]) / mass - ((pdf[1] - pdf[0]) / mass) ** 2)


def truncated_mean(mean: float, std: float, low: float, high: float) -> float:
    """Mean of N(mean, std^2) cut to [low, high]: `mean` itself only where the cut is symmetric around it (same source)."""
    a, b = (low - mean) / std, (high - mean) / std
    if b - a < 1e-3:
        return (low + high) / 2
    pdf = [math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi) for t in (a, b)]
    mass = 0.5 * (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2)))
    return mean + std * (pdf[0] - pdf[1]) / mass


def truncated_kurtosis(mean: float, std: float, low: float, high: float) -> float:
    """Kurtosis of N(mean, std^2) cut to [low, high] (same source, whose raw moments follow from a recurrence:
    E[z^k] = (k - 1) E[z^(k-2)] - (b^(k-1) p(b) - a^(k-1) p(a)) / mass, with z standardized, p its density and a, b the ends).

    The uniform law's where the interval is so narrow that the density is flat in it.
    """
    a, b = (low - mean) / std, (high - mean) / std
    if b - a < 0.1:
        return UNIFORM
    pdf = [math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi) for t in (a, b)]
    mass = 0.5 * (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2)))
    z = [0.0, 1.0]
    for k in range(1, 5):
        z.append((k - 1) * z[-2] - (b ** (k - 1) * pdf[1] - a ** (k - 1) * pdf[0]) / mass)
    _, _, m, second, third, fourth = z
    return (fourth - 4 * m * third + 6 * m**2 * second - 3 * m**4) / (second - m**2) ** 2


def _flat(params: Params) -> float:
    return UNIFORM


def _scaled_kurtosis(params: Params) -> float:
    return {"normal": GAUSSIAN, "uniform": UNIFORM, "truncated_normal": truncated_kurtosis(0.0, 1.0, -2.0, 2.0)}[params["distribution"]]


def _orthogonal(weight: Tensor, generator: Generator) -> None:
    nn.init.orthogonal_(weight, generator=generator)


def _delta_orthogonal(weight: Tensor, generator: Generator) -> None:
    """Orthogonal in the kernel's centre, zero elsewhere (Xiao et al. 2018, 1806.05393, algorithm 2)."""
    if weight.dim() == 2:
        return _orthogonal(weight, generator)
    centre = torch.empty(weight.shape[:2])
    _orthogonal(centre, generator)
    with torch.no_grad():
        weight.zero_()
        weight[:, :, weight.shape[2] // 2, weight.shape[3] // 2] = centre
    return None


def _identity(weight: Tensor) -> None:
    nn.init.eye_(weight) if weight.dim() == 2 else nn.init.dirac_(weight)


def _variance_scaling(weight: Tensor, p: Params, generator: Generator) -> None:
    std = math.sqrt(p["scale"] / Fan.of(weight).mode(p["mode"]))
    if p["distribution"] == "normal":
        nn.init.normal_(weight, 0.0, std, generator=generator)
    elif p["distribution"] == "uniform":
        nn.init.uniform_(weight, -math.sqrt(3) * std, math.sqrt(3) * std, generator=generator)
    elif std > 0:
        wide = std / TRUNCATED_STD
        nn.init.trunc_normal_(weight, 0.0, wide, -2 * wide, 2 * wide, generator=generator)
    else:
        nn.init.zeros_(weight)


def _lecun_normal(weight: Tensor, generator: Generator) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="linear", generator=generator)


def _lecun_uniform(weight: Tensor, generator: Generator) -> None:
    nn.init.kaiming_uniform_(weight, nonlinearity="linear", generator=generator)


def _kaiming_normal(weight: Tensor, mode: str, gain: float, generator: Generator) -> None:
    nn.init.normal_(weight, 0.0, gain / math.sqrt(Fan.of(weight).mode(mode)), generator=generator)


def _kaiming_uniform(weight: Tensor, mode: str, gain: float, generator: Generator) -> None:
    bound = gain * math.sqrt(3.0 / Fan.of(weight).mode(mode))
    nn.init.uniform_(weight, -bound, bound, generator=generator)


def _call(name: str, **named: object) -> str:
    """A call of torch.nn.init on layer.weight, as source."""
    return str(getattr(Written("nn.init", nn.init), name)(Written("layer.weight"), **named))


def _kaiming_lines(law: str, p: Params, kaiming: Kaiming) -> str:
    """torch's own call where it knows the activation, else the law with the gain as a number."""
    if kaiming.named is None:
        return _law_lines(law, f"{kaiming.gain:.7g} / {p['mode']}**0.5")
    nonlinearity, slope = kaiming.named
    return _call(f"kaiming_{law}_", a=slope or 0, mode=p["mode"], nonlinearity=nonlinearity)


def _law_lines(law: str, std: str) -> str:
    """Weights of mean 0 and this standard deviation, a formula."""
    if law == "normal":
        return _call("normal_", std=Written(std))
    if law == "uniform":
        return f"bound = 3**0.5 * {std}\n" + _call("uniform_", a=Written("-bound"), b=Written("bound"))
    return f"std = {std} / {TRUNCATED_STD:.8g}\n" + _call("trunc_normal_", std=Written("std"), a=Written("-2 * std"), b=Written("2 * std"))


def _variance_scaling_lines(p: Params) -> str:
    fan = "(0.5 * (fan_in + fan_out))" if p["mode"] == "fan_avg" else p["mode"]
    return _law_lines(p["distribution"], f"({p['scale']!r} / {fan})**0.5") if p["scale"] else _call("zeros_")


_DELTA_LINES = """nn.init.zeros_(layer.weight)
middle = layer.weight.shape[-1] // 2
nn.init.orthogonal_(layer.weight.data[:, :, middle, middle] if isinstance(layer, nn.Conv2d) else layer.weight)"""


def _ordered(p: Params) -> Text | None:
    return None if p["a"] < p["b"] else say("a = {a} must be below b = {b}", a=p["a"], b=p["b"])


def _matrix_variance(fan: Fan) -> float:
    """A (semi-)orthogonal out x (in * taps) matrix has min(rows, columns) unit singular values."""
    return 1.0 / max(fan.fan_out // fan.taps, fan.fan_in)


def _delta_variance(fan: Fan) -> float:
    """The orthogonal matrix's variance over the taps, of which only the middle one is not 0."""
    return 1.0 / (max(fan.fan_out, fan.fan_in) // fan.taps * fan.taps)


def _share_of_ones(fan: Fan) -> float:
    """Share of an identity's entries that are 1."""
    rows, columns = fan.fan_out // fan.taps, fan.fan_in // fan.taps
    return min(rows, columns) / (rows * columns * fan.taps)


def _identity_variance(fan: Fan) -> float:
    return _share_of_ones(fan) * (1.0 - _share_of_ones(fan))


SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PICKLE_ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")


def source_problem(source: str) -> Text | None:
    """What is wrong with a name of trained weights, None where nothing is. Only plain names are allowed: none can lead out of the folder
    where weights lie."""
    if source and not SOURCE_NAME.fullmatch(source):
        return say("{source!r} is not possible: a run's id or the name of a .safetensors file, letters, digits, '.', '_' and '-', no path",
                   source=source)
    if source.lower().endswith(PICKLE_ENDINGS):
        return say("{source!r} is a pickle file: loading one runs whatever code it holds, so pickles are refused; "
                   "save the tensors with safetensors.torch.save_file(model.state_dict(), NAME) instead", source=source)
    return None


def _fallback(params: Params) -> tuple[Initializer, Params]:
    """The initializer of the layers that no trained weights fit, with its parameters at their defaults."""
    entry = INITIALIZERS[params["fallback"]]
    return entry, {parameter.name: parameter.default for parameter in entry.parameters}


def _fill_fallback(weight: Tensor, params: Params, gain: float, generator: Generator) -> None:
    entry, own = _fallback(params)
    entry.fill(weight, own, gain, generator)


def _fallback_variance(fan: Fan, params: Params, gain: float) -> float:
    entry, own = _fallback(params)
    return entry.variance(fan, own, gain)


def _fallback_std(fan: Fan, params: Params, gain: float) -> str:
    entry, own = _fallback(params)
    return entry.std(fan, own, gain)


def _left_by_the_cut(params: Params) -> float:
    """Share of the standard deviation that is left after the cut."""
    cut = truncated_variance(params["mean"], params["std"], params["a"], params["b"])
    return math.sqrt(cut) / float(params["std"])


_STD = Parameter("std", "float", 0.05, "std", "Standard deviation of a weight.", low=0.0, high=1000.0, slider=(1e-3, 10.0), log=True)
_MEAN = Parameter("mean", "float", 0.0, "mean", "Mean of a weight.", low=-100.0, high=100.0, slider=(-0.5, 0.5))
_FAN_MODE = Parameter("mode", "choice", "fan_in", "fan mode", "fan_in keeps the forward signal, fan_out the gradient.",
                      choices=("fan_in", "fan_out"))
_GLOROT = "torch.nn.init; Glorot & Bengio 2010 (PMLR 9:249)"
_HE = "torch.nn.init; He et al. 2015 (1502.01852)"
_KAIMING_NOTE = say("The gain follows the activation: torch's calculate_gain where it has one, else 1/√E[φ(z)²], z ~ N(0, 1).")

GAIN = Parameter("gain", "float", 1.0, "gain ×", "A factor on every weight, after the initializer.",
                 low=-1000.0, high=1000.0, slider=(0.1, 10.0), log=True)

INITIALIZERS: Table[Initializer] = Table("Initializer", "kaiming_normal", (
    Initializer(
        name="zeros", label="Zeros", formula="w = 0", source="torch.nn.init.zeros_", law="fixed",
        note=say("Every unit of a layer computes the same and gets the same gradient: nothing breaks the symmetry."),
        lines=lambda p, kaiming: _call("zeros_"),
        fill=lambda w, p, gain, g: nn.init.zeros_(w), variance=lambda fan, p, gain: 0.0, std=lambda fan, p, gain: "0",
    ),
    Initializer(
        name="constant", label="Constant", formula="w = value", source="torch.nn.init.constant_", law="fixed",
        parameters=(Parameter("value", "float", 0.05, "value", low=-1000.0, high=1000.0, slider=(-1.0, 1.0)),),
        lines=lambda p, kaiming: _call("constant_", val=p["value"]),
        fill=lambda w, p, gain, g: nn.init.constant_(w, p["value"]), mean=lambda p: float(p["value"]),
        variance=lambda fan, p, gain: 0.0, std=lambda fan, p, gain: "0",
    ),
    Initializer(
        name="uniform", label="Uniform", formula="w ~ U(a, b)", source="torch.nn.init.uniform_", law="uniform",
        parameters=(
            Parameter("a", "float", -0.05, "a", "Lower bound.", low=-1000.0, high=1000.0, slider=(-1.0, 0.0)),
            Parameter("b", "float", 0.05, "b", "Upper bound.", low=-1000.0, high=1000.0, slider=(0.0, 1.0)),
        ),
        check=_ordered, mean=lambda p: (p["a"] + p["b"]) / 2,
        kurtosis=_flat,
        lines=lambda p, kaiming: _call("uniform_", a=p["a"], b=p["b"]),
        fill=lambda w, p, gain, g: nn.init.uniform_(w, p["a"], p["b"], generator=g),
        variance=lambda fan, p, gain: (p["b"] - p["a"]) ** 2 / 12, std=lambda fan, p, gain: f"{p['b'] - p['a']:.4g} / √12",
    ),
    Initializer(
        name="normal", label="Normal", formula="w ~ N(mean, std²)", source="torch.nn.init.normal_", law="gaussian",
        parameters=(_STD, _MEAN), mean=lambda p: float(p["mean"]),
        lines=lambda p, kaiming: _call("normal_", mean=p["mean"], std=p["std"]),
        fill=lambda w, p, gain, g: nn.init.normal_(w, p["mean"], p["std"], generator=g),
        variance=lambda fan, p, gain: p["std"] ** 2, std=lambda fan, p, gain: f"{p['std']:.4g}",
    ),
    Initializer(
        name="trunc_normal", label="Truncated normal", formula="w ~ N(mean, std²) cut to [a, b]",
        source="torch.nn.init.trunc_normal_", law="gaussian",
        parameters=(
            Parameter("std", "float", 0.05, "std", "Standard deviation before the cut.", low=1e-6, high=1000.0,
                      slider=(1e-3, 10.0), log=True),
            Parameter("mean", "float", 0.0, "mean", low=-2.0, high=2.0, slider=(-0.5, 0.5)),
            Parameter("a", "float", -2.0, "a", "Lower cut, absolute as in torch.", low=-1000.0, high=1000.0, slider=(-2.0, 0.0)),
            Parameter("b", "float", 2.0, "b", "Upper cut, absolute as in torch.", low=-1000.0, high=1000.0, slider=(0.0, 2.0)),
        ),
        check=lambda p: _ordered(p) or (
            None if p["a"] <= p["mean"] <= p["b"]
            else say("mean {mean} must lie between a = {a} and b = {b}", mean=p["mean"], a=p["a"], b=p["b"])),
        lines=lambda p, kaiming: _call("trunc_normal_", mean=p["mean"], std=p["std"], a=p["a"], b=p["b"]),
        fill=lambda w, p, gain, g: nn.init.trunc_normal_(w, p["mean"], p["std"], p["a"], p["b"], generator=g),
        variance=lambda fan, p, gain: truncated_variance(p["mean"], p["std"], p["a"], p["b"]),
        std=lambda fan, p, gain: f"{p['std']:.4g} · {_left_by_the_cut(p):.4g}",
        mean=lambda p: truncated_mean(p["mean"], p["std"], p["a"], p["b"]),
        kurtosis=lambda p: truncated_kurtosis(p["mean"], p["std"], p["a"], p["b"]),
    ),
    Initializer(
        name="xavier_uniform", label="Xavier uniform", formula="w ~ U(±√(6 / (fan_in + fan_out)))", source=_GLOROT, law="uniform",
        fan="fan_avg", kurtosis=_flat,
        lines=lambda p, kaiming: _call("xavier_uniform_"),
        fill=lambda w, p, gain, g: nn.init.xavier_uniform_(w, generator=g),
        variance=lambda fan, p, gain: 2.0 / (fan.fan_in + fan.fan_out),
        std=lambda fan, p, gain: f"√(6 / ({fan.fan_in} + {fan.fan_out})) / √3",
    ),
    Initializer(
        name="xavier_normal", label="Xavier normal", formula="w ~ N(0, 2 / (fan_in + fan_out))", source=_GLOROT, law="gaussian",
        lines=lambda p, kaiming: _call("xavier_normal_"),
        fan="fan_avg", fill=lambda w, p, gain, g: nn.init.xavier_normal_(w, generator=g),
        variance=lambda fan, p, gain: 2.0 / (fan.fan_in + fan.fan_out),
        std=lambda fan, p, gain: f"√(2 / ({fan.fan_in} + {fan.fan_out}))",
    ),
    Initializer(
        name="kaiming_uniform", label="Kaiming (He) uniform", formula="w ~ U(±gain(φ) √(3 / fan))", source=_HE, law="uniform",
        note=_KAIMING_NOTE, parameters=(_FAN_MODE,), uses_gain=True,
        kurtosis=_flat,
        lines=lambda p, kaiming: _kaiming_lines("uniform", p, kaiming),
        fill=lambda w, p, gain, g: _kaiming_uniform(w, p["mode"], gain, g),
        variance=lambda fan, p, gain: gain**2 / fan.mode(p["mode"]),
        std=lambda fan, p, gain: f"{gain:.4g} · √(3 / {fan.mode(p['mode'])}) / √3",
    ),
    Initializer(
        name="kaiming_normal", label="Kaiming (He) normal", formula="w ~ N(0, gain(φ)² / fan)", source=_HE, law="gaussian",
        note=_KAIMING_NOTE, parameters=(_FAN_MODE,), uses_gain=True,
        lines=lambda p, kaiming: _kaiming_lines("normal", p, kaiming),
        fill=lambda w, p, gain, g: _kaiming_normal(w, p["mode"], gain, g),
        variance=lambda fan, p, gain: gain**2 / fan.mode(p["mode"]),
        std=lambda fan, p, gain: f"{gain:.4g} / √{fan.mode(p['mode'])}",
    ),
    Initializer(
        name="lecun_uniform", label="LeCun uniform", formula="w ~ U(±√(3 / fan_in))", source="LeCun et al. 1998, Efficient BackProp",
        law="uniform", fan="fan_in", kurtosis=_flat,
        lines=lambda p, kaiming: _call("kaiming_uniform_", nonlinearity="linear"),
        fill=lambda w, p, gain, g: _lecun_uniform(w, g), variance=lambda fan, p, gain: 1.0 / fan.fan_in,
        std=lambda fan, p, gain: f"√(3 / {fan.fan_in}) / √3",
    ),
    Initializer(
        name="lecun_normal", label="LeCun normal", formula="w ~ N(0, 1 / fan_in)", source="LeCun et al. 1998, Efficient BackProp",
        lines=lambda p, kaiming: _call("kaiming_normal_", nonlinearity="linear"),
        law="gaussian", fan="fan_in", fill=lambda w, p, gain, g: _lecun_normal(w, g), variance=lambda fan, p, gain: 1.0 / fan.fan_in,
        std=lambda fan, p, gain: f"1 / √{fan.fan_in}",
    ),
    Initializer(
        name="orthogonal", label="Orthogonal", formula="WᵀW = I, drawn uniformly", law="orthogonal",
        source="torch.nn.init.orthogonal_; Saxe et al. 2014 (1312.6120)",
        lines=lambda p, kaiming: _call("orthogonal_"),
        fill=lambda w, p, gain, g: _orthogonal(w, g), variance=lambda fan, p, gain: _matrix_variance(fan),
        std=lambda fan, p, gain: f"1 / √{1 / _matrix_variance(fan):.0f}",
    ),
    Initializer(
        name="delta_orthogonal", label="Delta-orthogonal", formula="orthogonal at the kernel's centre, 0 elsewhere",
        source="Xiao et al. 2018 (1806.05393)", law="orthogonal", kinds=("cnn",),
        note=say("The output layer, which is no convolution, is orthogonal."),
        lines=lambda p, kaiming: _DELTA_LINES,
        fill=lambda w, p, gain, g: _delta_orthogonal(w, g), variance=lambda fan, p, gain: _delta_variance(fan),
        std=lambda fan, p, gain: f"1 / √{1 / _delta_variance(fan):.0f}",
    ),
    Initializer(
        name="identity", label="Identity", formula="W = I (Dirac for convolutions)", source="torch.nn.init.eye_, dirac_", law="fixed",
        lines=lambda p, kaiming: "(nn.init.eye_ if layer.weight.dim() == 2 else nn.init.dirac_)(layer.weight)",
        fill=lambda w, p, gain, g: _identity(w), variance=lambda fan, p, gain: _identity_variance(fan),
        std=lambda fan, p, gain: f"√({_share_of_ones(fan):.4g} · (1 − {_share_of_ones(fan):.4g}))",
    ),
    Initializer(
        name="variance_scaling", label="Variance scaling", formula="variance scale / fan, as in Keras", law="gaussian",
        source="tf.keras.initializers.VarianceScaling", note=say("With fan_in, scale is mean-field theory's σ_w²."),
        parameters=(
            Parameter("scale", "float", 1.0, "scale", "With fan_in this is σ_w².", low=0.0, high=1e6, slider=(0.01, 10.0), log=True),
            Parameter("mode", "choice", "fan_in", "fan mode", choices=("fan_in", "fan_out", "fan_avg")),
            Parameter("distribution", "choice", "truncated_normal", "distribution", choices=("normal", "uniform", "truncated_normal")),
        ),
        kurtosis=_scaled_kurtosis,
        lines=lambda p, kaiming: _variance_scaling_lines(p),
        fill=lambda w, p, gain, g: _variance_scaling(w, p, g), variance=lambda fan, p, gain: p["scale"] / fan.mode(p["mode"]),
        std=lambda fan, p, gain: f"√({p['scale']:.4g} / {fan.mode(p['mode']):.15g})",
    ),
    Initializer(
        name="pytorch_default", label="PyTorch default", formula="w ~ U(±1 / √fan_in)", law="uniform",
        source="torch.nn.Linear, torch.nn.Conv2d: kaiming_uniform_(a=√5)",
        note=say("Its variance is 1 / (3 fan_in): a third of LeCun's, a sixth of He's."),
        fan="fan_in", kurtosis=_flat,
        lines=lambda p, kaiming: _call("kaiming_uniform_", a=Written("5**0.5")),
        fill=lambda w, p, gain, g: nn.init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
        variance=lambda fan, p, gain: 1.0 / (3 * fan.fan_in), std=lambda fan, p, gain: f"1 / √(3 · {fan.fan_in})",
    ),
    Initializer(
        name="lsuv", label="LSUV", formula="orthogonal, then each layer scaled to unit output variance on the first batch",
        source="Mishkin & Matas 2015 (1511.06422)", law="orthogonal", data_driven=True,
        parameters=(
            Parameter("tolerance", "float", 0.01, "tolerance", "Largest |variance − 1| that is left.", low=1e-6, high=1.0,
                      slider=(1e-3, 0.5), log=True),
            Parameter("max_iterations", "int", 10, "iterations", "At most so many rescalings a layer.", low=1, high=100, slider=(1, 20)),
        ),
        lines=None,
        fill=lambda w, p, gain, g: _orthogonal(w, g), variance=lambda fan, p, gain: _matrix_variance(fan),
        std=lambda fan, p, gain: f"1 / √{1 / _matrix_variance(fan):.0f}",
    ),
    Initializer(
        name="pretrained", label="Pretrained", formula="w = trained weights, where their shapes fit", law="fixed", trained=True,
        source="a run that kept its weights (capture.weights), an upload, or a .safetensors file in the data directory",
        note=say("Layers that do not fit are listed, and start from the initializer named below."),
        parameters=(
            Parameter("source", "text", "", "source", "A run's id, or the name of a .safetensors file."),
            Parameter("fallback", "choice", "kaiming_normal", "other layers", "The initializer of layers that no weights fit.", choices=(
                "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "lecun_normal", "lecun_uniform", "orthogonal",
                "pytorch_default", "identity", "zeros")),
        ),
        lines=None,
        fill=_fill_fallback, variance=_fallback_variance, std=_fallback_std, uses_gain=True,
    ),
), shared=(GAIN,))


BIAS_INITIALIZERS: Table[BiasInitializer] = Table("Biases", "zeros", (
    BiasInitializer(
        name="zeros", label="Zeros", formula="b = 0", source="torch.nn.init.zeros_",
        line=lambda p: "nn.init.zeros_(layer.bias)",
        fill=lambda b, p, fan_in, g: nn.init.zeros_(b), variance=lambda p, fan_in: 0.0,
    ),
    BiasInitializer(
        name="constant", label="Constant", formula="b = value", source="torch.nn.init.constant_",
        parameters=(Parameter("value", "float", 0.01, "value", low=-1000.0, high=1000.0, slider=(-1.0, 1.0)),),
        line=lambda p: f"nn.init.constant_(layer.bias, {p['value']!r})",
        fill=lambda b, p, fan_in, g: nn.init.constant_(b, p["value"]), variance=lambda p, fan_in: 0.0, mean=lambda p: float(p["value"]),
    ),
    BiasInitializer(
        name="normal", label="Normal", formula="b ~ N(0, std²)", source="torch.nn.init.normal_; σ_b = std in mean-field theory",
        parameters=(Parameter("std", "float", 0.05, "std = σ_b", low=0.0, high=1000.0, slider=(1e-3, 10.0), log=True),),
        line=lambda p: f"nn.init.normal_(layer.bias, std={p['std']!r})",
        fill=lambda b, p, fan_in, g: nn.init.normal_(b, 0.0, p["std"], generator=g), variance=lambda p, fan_in: p["std"] ** 2,
    ),
    BiasInitializer(
        name="uniform", label="Uniform", formula="b ~ U(±bound)", source="torch.nn.init.uniform_",
        parameters=(Parameter("bound", "float", 0.05, "bound", low=0.0, high=1000.0, slider=(1e-3, 10.0), log=True),),
        line=lambda p: f"nn.init.uniform_(layer.bias, {-p['bound']!r}, {p['bound']!r})",
        fill=lambda b, p, fan_in, g: nn.init.uniform_(b, -p["bound"], p["bound"], generator=g),
        variance=lambda p, fan_in: p["bound"] ** 2 / 3, kurtosis=UNIFORM,
    ),
    BiasInitializer(
        name="pytorch_default", label="PyTorch default", formula="b ~ U(±1 / √fan_in)", source="torch.nn.Linear, torch.nn.Conv2d",
        line=lambda p: "nn.init.uniform_(layer.bias, -1 / fan_in**0.5, 1 / fan_in**0.5)",
        fill=lambda b, p, fan_in, g: nn.init.uniform_(b, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=g),
        variance=lambda p, fan_in: 1.0 / (3 * fan_in), kurtosis=UNIFORM,
    ),
))
