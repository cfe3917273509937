"""The optimizers: torch.optim's own, with the parameters worth moving."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from models.choices import Choice, Parameter, Params, Table
from models.later import nn, optim
from models.words import say


@dataclass(frozen=True, kw_only=True)
class OptimizerChoice(Choice):
    """An optimizer.

    make:  (torch.optim, parameters, params) -> the optimizer; with what writes calls in torch.optim's place, the call's source
    state: how many numbers it keeps for each weight
    """

    make: Callable[[Any, Any, Params], Any]
    state: int

    def build(self, parameters: Iterable[nn.Parameter], params: Params) -> optim.Optimizer:
        """The torch.optim optimizer."""
        made: optim.Optimizer = self.make(optim, parameters, params)
        return made


def _lr(default: float) -> Parameter:
    return Parameter("lr", "float", default, "learning rate", low=0.0, high=1e4, slider=(1e-5, 10.0), log=True)


def _decay(default: float = 0.0) -> Parameter:
    return Parameter("weight_decay", "float", default, "weight decay", low=0.0, high=10.0, slider=(0.0, 0.1))


def _unit(name: str, default: float, label: str, help: str = "") -> Parameter:
    return Parameter(name, "float", default, label, help, low=0.0, high=0.999999, slider=(0.0, 0.999))


_EPS = Parameter("eps", "float", 1e-8, "ε", "Added to the denominator.", low=0.0, high=1.0, above=True, slider=(1e-10, 1e-2), log=True)
_BETAS = (_unit("beta1", 0.9, "β₁", "Decay of the mean gradient."), _unit("beta2", 0.999, "β₂", "Decay of the mean square gradient."))
_NESTEROV = Parameter("nesterov", "bool", False, "Nesterov")


def _adam(cls: Any, parameters: Any, p: Params) -> Any:
    return cls(parameters, lr=p["lr"], betas=(p["beta1"], p["beta2"]), eps=p["eps"], weight_decay=p["weight_decay"])


OPTIMIZERS: Table[OptimizerChoice] = Table("Optimizer", "sgd", (
    OptimizerChoice(
        name="sgd", label="SGD", formula="θ ← θ − lr · g", source="torch.optim.SGD", state=0,
        parameters=(_lr(0.01), _decay(), _unit("momentum", 0.0, "momentum")),
        make=lambda optim, params, p: optim.SGD(params, lr=p["lr"], weight_decay=p["weight_decay"], momentum=p["momentum"]),
    ),
    OptimizerChoice(
        name="momentum", label="SGD + momentum", formula="v ← momentum · v + g;  θ ← θ − lr · v",
        source="torch.optim.SGD; Sutskever et al. 2013", state=1,
        parameters=(_lr(0.01), _decay(), _unit("momentum", 0.9, "momentum"), _NESTEROV),
        check=lambda p: say("nesterov needs a momentum above 0") if p["nesterov"] and p["momentum"] == 0 else None,
        make=lambda optim, params, p: optim.SGD(params, lr=p["lr"], weight_decay=p["weight_decay"], momentum=p["momentum"],
                                               nesterov=p["nesterov"]),
    ),
    OptimizerChoice(
        name="rmsprop", label="RMSprop", formula="s ← α s + (1 − α) g²;  θ ← θ − lr · g / (√s + ε)",
        source="torch.optim.RMSprop; Tieleman & Hinton 2012", state=1,
        parameters=(_lr(0.001), _decay(), _unit("alpha", 0.99, "α"), _EPS, _unit("momentum", 0.0, "momentum")),
        make=lambda optim, params, p: optim.RMSprop(params, lr=p["lr"], weight_decay=p["weight_decay"], alpha=p["alpha"], eps=p["eps"],
                                                   momentum=p["momentum"]),
    ),
    OptimizerChoice(
        name="adam", label="Adam", formula="θ ← θ − lr · m̂ / (√v̂ + ε)", source="torch.optim.Adam; Kingma & Ba 2015 (1412.6980)",
        state=2, parameters=(_lr(0.001), _decay(), *_BETAS, _EPS), make=lambda optim, params, p: _adam(optim.Adam, params, p),
    ),
    OptimizerChoice(
        name="adamw", label="AdamW", formula="θ ← (1 − lr · weight_decay) θ − lr · m̂ / (√v̂ + ε)",
        source="torch.optim.AdamW; Loshchilov & Hutter 2019 (1711.05101)", state=2,
        parameters=(_lr(0.001), _decay(0.01), *_BETAS, _EPS), make=lambda optim, params, p: _adam(optim.AdamW, params, p),
    ),
))
