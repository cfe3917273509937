"""The activations: for each its torch.nn module, phi itself, and the facts that theory and diagnosis need.

A network uses the module. Theory uses `phi` and `derivative`, written out here on numpy arrays: so it needs no PyTorch, and does not depend
on the code that it checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.choices import Choice, Parameter, Params, Selection, Table
from models.later import nn
from models.words import Text, say, together

UNPAIRED = say("Goes with no initializer through many layers: its output is never negative and bends little, so all inputs soon look "
               "alike. Put a normalization before it.")
"""Said of an activation without a Pairing."""

Array = NDArray[np.float64]

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


ROOM = 4
"""Units that a pairing asks for in each layer, for each layer of depth."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The initializer that an activation goes with, and up to which depth.

    init:  the initializer's name
    depth: layers through which signal and gradient pass according to theory, without normalization and skips, where each layer has at least
           ROOM * depth units (tests/models/diagnosis/test_false_alarms.py). The width matters because a network strays from theory by an
           amount that grows with depth / width (Hanin & Rolnick 2018, 1803.01719).
    why:   why they go together, as the end of a sentence
    """

    init: str
    depth: int
    why: Text

    def sentence(self) -> Text:
        return say("Goes with {init} up to about {depth} layers, each of at least four times as many units: {why}", init=self.init,
                   depth=self.depth, why=self.why)


@dataclass(frozen=True, kw_only=True)
class Activation(Choice):
    """An elementwise nonlinearity phi.

    make:        (torch.nn, params) -> its module; (what writes calls in torch.nn's place, params) -> the call's source
    phi:         (x, params) -> phi(x), elementwise, in float64; learnable parameters are at their initial value
    derivative:  (x, params) -> phi'(x) almost everywhere, likewise
    kinks:       params -> points where phi or its derivative is not smooth: quadrature splits there
    limits:      params -> (infimum, supremum) of a bounded phi, else None
    scale:       params -> the distance over which phi's smooth features change: that of phi's nearest pole from the real axis, about
    slope_below: params -> the slope below 0 of a phi that is x above 0 and straight below (ReLU's family), else None: closed forms hold
    slow:        phi reaches its asymptotes like a power, not exponentially
    torch_gain:  params -> arguments of torch.nn.init.calculate_gain where torch has a gain, else None
    pairing:     the initializer it goes with at its default parameters; None where none carries a signal through many layers

    (params are the values of its parameters, by name.)
    """

    make: Callable[[Any, Params], Any]
    phi: Callable[[Array, Params], Array]
    derivative: Callable[[Array, Params], Array]
    kinks: Callable[[Params], tuple[float, ...]] = lambda params: ()
    limits: Callable[[Params], tuple[float, float] | None] = lambda params: None
    scale: Callable[[Params], float] = lambda params: 1.0
    slope_below: Callable[[Params], float | None] = lambda params: None
    slow: bool = False
    torch_gain: Callable[[Params], tuple[str, float | None] | None] = lambda params: None
    pairing: Pairing | None = None

    def module(self, params: Params) -> nn.Module:
        """The torch.nn module."""
        made: nn.Module = self.make(nn, params)
        return made

    def card(self, shared: tuple[Parameter, ...]) -> dict[str, Any]:
        """The entry as JSON, with the pairing; the note ends with the pairing in words."""
        said = self.pairing.sentence() if self.pairing else UNPAIRED
        pairing = None if self.pairing is None else {"init": self.pairing.init, "depth": self.pairing.depth, "why": self.pairing.why}
        note = together(self.note, said)
        return {**super().card(shared), "note": note, "words": {"note": note.parts}, "pairing": pairing}

    def gain(self, params: Params) -> float:
        """Kaiming's gain: torch's where torch has one, else 1/sqrt(E[phi(z)^2]) for z ~ N(0, 1); infinite where that integral is 0.

        He et al. 2015 (1502.01852) ask for gain^2 E[phi(z)^2] = 1; torch's own values for tanh (5/3) and selu (3/4) differ
        from it and are kept, because that is what `torch.nn.init.kaiming_*` gives.
        """
        named = self.torch_gain(params)
        if named is not None:
            return calculate_gain(*named)
        second_moment = gaussian_second_moment(lambda z: self.phi(z, params))
        return 1.0 / math.sqrt(second_moment) if second_moment > 0.0 else math.inf

    def gain_formula(self, params: Params) -> str:
        """How the gain is computed, as text: the call in torch, or the integral."""
        named = self.torch_gain(params)
        return "1/√E[φ(z)²]" if named is None else f"calculate_gain({', '.join(repr(part) for part in named if part is not None)})"


def calculate_gain(nonlinearity: str, param: float | None) -> float:
    """The values of torch.nn.init.calculate_gain."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + float(param or 0.0) ** 2))
    return {"linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}[nonlinearity]


def gaussian_second_moment(phi: Callable[[Array], Array]) -> float:
    """E[phi(z)^2] for z ~ N(0, 1), by the trapezoidal rule on [-12, 12] (spectrally accurate where phi is smooth)."""
    z = np.linspace(-12.0, 12.0, 48_001)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    with np.errstate(over="ignore"):
        return float(np.trapezoid(phi(z) ** 2 * density, z))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, x))


def _sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -x))


def _sigmoid_slope(x: Array) -> Array:
    return _sigmoid(x) * _sigmoid(-x)


def _normal_cdf(x: Array) -> Array:
    from scipy.special import ndtr  # a tenth of the server's start, for one activation

    return np.asarray(ndtr(x))


def _gelu(x: Array, params: Params) -> Array:
    return x * (_normal_cdf(x) if params["approximate"] == "none" else 0.5 * (1.0 + np.tanh(_gelu_argument(x))))


def _gelu_argument(x: Array) -> Array:
    return math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)


def _gelu_slope(x: Array, params: Params) -> Array:
    if params["approximate"] == "none":
        return _normal_cdf(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    t = np.tanh(_gelu_argument(x))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * math.sqrt(2.0 / math.pi) * (1.0 + 3 * 0.044715 * x * x)


def _mish_slope(x: Array) -> Array:
    t = np.tanh(_softplus(x))
    return t + x * (1.0 - t * t) * _sigmoid(x)


def _between(x: Array, low: float, high: float) -> Array:
    return np.where((x > low) & (x < high), 1.0, 0.0)


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _leaky_slope(x: Array, slope: float) -> Array:
    return np.where(x > 0, 1.0, slope)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


_HANDED_ON = say("its gain hands on the mean square it receives. Two inputs still become alike, slowly.")
_STABLE = say("its gain makes variance 1 a stable fixed point. The gradient's mean square grows by 1.04 a layer.")
_UNSTABLE = say("its gain makes variance 1 a fixed point, but an unstable one, from which the signal then grows.")

_ALPHA = Parameter("alpha", "float", 1.0, "alpha", "Value that the activation tends to on the left, times -1.",
                   low=0.0, high=100.0, above=True, slider=(0.1, 5.0))

ACTIVATIONS: Table[Activation] = Table("Activation", "relu", (
    Activation(
        name="linear", label="Linear", formula="φ(x) = x", source="torch.nn.Identity; Saxe et al. 2014 (1312.6120)",
        make=lambda nn, p: nn.Identity(), phi=lambda x, p: x, derivative=lambda x, p: np.ones_like(x),
        slope_below=lambda p: 1.0, torch_gain=lambda p: ("linear", None),
        pairing=Pairing("orthogonal", 100, say("it keeps every length, forward and backward.")),
    ),
    Activation(
        name="relu", label="ReLU", formula="φ(x) = max(0, x)", source="torch.nn.ReLU; Nair & Hinton 2010",
        make=lambda nn, p: nn.ReLU(), phi=lambda x, p: np.maximum(x, 0.0), derivative=lambda x, p: _leaky_slope(x, 0.0),
        kinks=lambda p: (0.0,), slope_below=lambda p: 0.0, torch_gain=lambda p: ("relu", None),
        pairing=Pairing("kaiming_normal", 30, _HANDED_ON),
    ),
    Activation(
        name="leaky_relu", label="Leaky ReLU", formula="φ(x) = x if x > 0 else negative_slope · x",
        source="torch.nn.LeakyReLU; Maas et al. 2013",
        parameters=(Parameter("negative_slope", "float", 0.01, "negative slope", low=-10.0, high=10.0, slider=(0.0, 1.0)),),
        make=lambda nn, p: nn.LeakyReLU(p["negative_slope"]),
        phi=lambda x, p: _leaky(x, p["negative_slope"]), derivative=lambda x, p: _leaky_slope(x, p["negative_slope"]),
        kinks=lambda p: (0.0,), slope_below=lambda p: float(p["negative_slope"]),
        torch_gain=lambda p: ("leaky_relu", float(p["negative_slope"])),
        pairing=Pairing("kaiming_normal", 30, _HANDED_ON),
    ),
    Activation(
        name="prelu", label="PReLU", formula="φ(x) = x if x > 0 else a · x, a learned",
        source="torch.nn.PReLU; He et al. 2015 (1502.01852)",
        parameters=(Parameter("init", "float", 0.25, "initial slope a", low=-10.0, high=10.0, slider=(0.0, 1.0)),),
        make=lambda nn, p: nn.PReLU(init=p["init"]),
        phi=lambda x, p: _leaky(x, p["init"]), derivative=lambda x, p: _leaky_slope(x, p["init"]),
        kinks=lambda p: (0.0,), slope_below=lambda p: float(p["init"]), torch_gain=lambda p: ("leaky_relu", float(p["init"])),
        pairing=Pairing("kaiming_normal", 50, _HANDED_ON),
    ),
    Activation(
        name="elu", label="ELU", formula="φ(x) = x if x > 0 else α (eˣ − 1)", source="torch.nn.ELU; Clevert et al. 2016 (1511.07289)",
        parameters=(_ALPHA,), make=lambda nn, p: nn.ELU(p["alpha"]),
        phi=lambda x, p: _elu(x, p["alpha"]), derivative=lambda x, p: _elu_slope(x, p["alpha"]), kinks=lambda p: (0.0,),
        pairing=Pairing("kaiming_normal", 50, _STABLE),
    ),
    Activation(
        name="selu", label="SELU", formula="φ(x) = 1.0507 · (x if x > 0 else 1.6733 (eˣ − 1))",
        source="torch.nn.SELU; Klambauer et al. 2017 (1706.02515)",
        make=lambda nn, p: nn.SELU(),
        phi=lambda x, p: SELU_SCALE * _elu(x, SELU_ALPHA), derivative=lambda x, p: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
        kinks=lambda p: (0.0,), torch_gain=lambda p: ("selu", None),
        pairing=Pairing("lecun_normal", 50, say("mean 0 and variance 1 are a stable fixed point. The gradient's mean square "
                                                   "grows by 1.07 a layer.")),
    ),
    Activation(
        name="celu", label="CELU", formula="φ(x) = x if x > 0 else α (e^(x/α) − 1)", source="torch.nn.CELU; Barron 2017 (1704.07483)",
        parameters=(replace(_ALPHA, low=1e-6, above=False),),  # torch divides by it in float32
        make=lambda nn, p: nn.CELU(p["alpha"]),
        phi=lambda x, p: p["alpha"] * _elu(x / p["alpha"], 1.0), derivative=lambda x, p: _elu_slope(x / p["alpha"], 1.0),
        kinks=lambda p: (0.0,), scale=lambda p: float(p["alpha"]),
        pairing=Pairing("kaiming_normal", 50, _STABLE),
    ),
    Activation(
        name="gelu", label="GELU", formula="φ(x) = x Φ(x), Φ the normal distribution function",
        source="torch.nn.GELU; Hendrycks & Gimpel 2016 (1606.08415)",
        parameters=(Parameter("approximate", "choice", "none", "approximation", choices=("none", "tanh")),),
        make=lambda nn, p: nn.GELU(approximate=p["approximate"]), phi=_gelu, derivative=_gelu_slope,
        pairing=Pairing("kaiming_normal", 15, _UNSTABLE),
    ),
    Activation(
        name="silu", label="SiLU (swish)", formula="φ(x) = x σ(x)", source="torch.nn.SiLU; Ramachandran et al. 2017 (1710.05941)",
        make=lambda nn, p: nn.SiLU(), phi=lambda x, p: x * _sigmoid(x), derivative=lambda x, p: _sigmoid(x) + x * _sigmoid_slope(x),
        pairing=Pairing("kaiming_normal", 10, _UNSTABLE),
    ),
    Activation(
        name="mish", label="Mish", formula="φ(x) = x tanh(softplus(x))", source="torch.nn.Mish; Misra 2019 (1908.08681)",
        make=lambda nn, p: nn.Mish(), phi=lambda x, p: x * np.tanh(_softplus(x)), derivative=lambda x, p: _mish_slope(x),
        pairing=Pairing("kaiming_normal", 30, _UNSTABLE),
    ),
    Activation(
        name="softplus", label="Softplus", formula="φ(x) = ln(1 + e^(βx)) / β", source="torch.nn.Softplus; Dugas et al. 2001",
        parameters=(
            Parameter("beta", "float", 1.0, "β", low=0.0, high=100.0, above=True, slider=(0.1, 10.0)),
            Parameter("threshold", "float", 20.0, "threshold", "Above βx = threshold the function is x, as in torch.",
                      low=1.0, high=1000.0, slider=(1.0, 50.0)),
        ),
        make=lambda nn, p: nn.Softplus(p["beta"], p["threshold"]),
        phi=lambda x, p: np.where(p["beta"] * x > p["threshold"], x, _softplus(p["beta"] * x) / p["beta"]),
        derivative=lambda x, p: np.where(p["beta"] * x > p["threshold"], 1.0, _sigmoid(p["beta"] * x)),
        kinks=lambda p: (p["threshold"] / p["beta"],), scale=lambda p: 1.0 / float(p["beta"]),
    ),
    Activation(
        name="softsign", label="Softsign", formula="φ(x) = x / (1 + |x|)", source="torch.nn.Softsign; Glorot & Bengio 2010",
        make=lambda nn, p: nn.Softsign(),
        phi=lambda x, p: x / (1.0 + np.abs(x)), derivative=lambda x, p: (1.0 + np.abs(x)) ** -2.0,
        kinks=lambda p: (0.0,), limits=lambda p: (-1.0, 1.0), slow=True,
        pairing=Pairing("xavier_normal", 12, say("σ_w² = 1 is critical where the signal is small, and every layer makes it smaller.")),
    ),
    Activation(
        name="tanh", label="Tanh", formula="φ(x) = tanh(x)", source="torch.nn.Tanh; LeCun et al. 1998",
        make=lambda nn, p: nn.Tanh(), phi=lambda x, p: np.tanh(x),
        derivative=lambda x, p: np.cosh(np.clip(x, -300, 300)) ** -2.0, limits=lambda p: (-1.0, 1.0),
        torch_gain=lambda p: ("tanh", None),
        pairing=Pairing("xavier_normal", 100, say("σ_w² = 1 is critical where the signal is small, and that falls only like 1/layer.")),
    ),
    Activation(
        name="hardtanh", label="Hardtanh", formula="φ(x) = min(max(x, min_val), max_val)", source="torch.nn.Hardtanh",
        parameters=(
            Parameter("min_val", "float", -1.0, "min_val", low=-100.0, high=100.0, slider=(-5.0, 0.0)),
            Parameter("max_val", "float", 1.0, "max_val", low=-100.0, high=100.0, slider=(0.0, 5.0)),
        ),
        check=lambda p: None if p["min_val"] < p["max_val"] else say("min_val {min_val} must be below max_val {max_val}", **p),
        make=lambda nn, p: nn.Hardtanh(p["min_val"], p["max_val"]),
        phi=lambda x, p: np.clip(x, p["min_val"], p["max_val"]), derivative=lambda x, p: _between(x, p["min_val"], p["max_val"]),
        kinks=lambda p: (p["min_val"], p["max_val"]), limits=lambda p: (p["min_val"], p["max_val"]),
        pairing=Pairing("orthogonal", 100, say("it keeps every length, and few values reach the limits.")),
    ),
    Activation(
        name="sigmoid", label="Sigmoid", formula="φ(x) = 1 / (1 + e^(−x))", source="torch.nn.Sigmoid",
        make=lambda nn, p: nn.Sigmoid(), phi=lambda x, p: _sigmoid(x), derivative=lambda x, p: _sigmoid_slope(x),
        limits=lambda p: (0.0, 1.0), torch_gain=lambda p: ("sigmoid", None),
    ),
    Activation(
        name="hardsigmoid", label="Hardsigmoid", formula="φ(x) = min(max(x/6 + 1/2, 0), 1)", source="torch.nn.Hardsigmoid",
        make=lambda nn, p: nn.Hardsigmoid(), phi=lambda x, p: _hard_sigmoid(x), derivative=lambda x, p: _between(x, -3.0, 3.0) / 6.0,
        kinks=lambda p: (-3.0, 3.0), limits=lambda p: (0.0, 1.0),
    ),
    Activation(
        name="hardswish", label="Hardswish", formula="φ(x) = x · min(max(x/6 + 1/2, 0), 1)",
        source="torch.nn.Hardswish; Howard et al. 2019 (1905.02244)",
        make=lambda nn, p: nn.Hardswish(), phi=lambda x, p: x * _hard_sigmoid(x),
        derivative=lambda x, p: np.where(x >= 3.0, 1.0, _between(x, -3.0, 3.0) * (2.0 * x + 3.0) / 6.0),
        kinks=lambda p: (-3.0, 3.0),
        pairing=Pairing("kaiming_normal", 8, _UNSTABLE),
    ),
    Activation(
        name="relu6", label="ReLU6", formula="φ(x) = min(max(0, x), 6)", source="torch.nn.ReLU6; Krizhevsky 2010",
        make=lambda nn, p: nn.ReLU6(), phi=lambda x, p: np.clip(x, 0.0, 6.0), derivative=lambda x, p: _between(x, 0.0, 6.0),
        kinks=lambda p: (0.0, 6.0), limits=lambda p: (0.0, 6.0),
        pairing=Pairing("kaiming_normal", 30, _HANDED_ON),
    ),
))


def gain_of(activation: Selection) -> float:
    """Kaiming's gain of a chosen activation, computed once: where torch names none it is an integral."""
    return _known_gain(activation.name, tuple(sorted(activation.params.items())))


@lru_cache(256)
def _known_gain(name: str, params: tuple[tuple[str, Any], ...]) -> float:
    return ACTIVATIONS[name].gain(dict(params))
