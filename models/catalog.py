"""The catalogue: every choice and every control, as the page draws them and as people script against them."""

from __future__ import annotations

from typing import Any

from models.activations import ACTIVATIONS
from models.choices import Parameter, Table
from models.config import (
    BIAS,
    BINS,
    CLIP_NORM,
    DEPTH,
    DEVICE,
    DROPOUT,
    EPOCHS,
    EVERY,
    KERNEL_SIZE,
    KIND,
    PADDING,
    POOL_EVERY,
    RESIDUAL,
    SAMPLES,
    SEED,
    STEPS,
    WEIGHTS,
    WIDTH,
    RunConfig,
)
from models.datasets import SOURCES
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS
from models.normalizations import NORMALIZATIONS
from models.optimizers import OPTIMIZERS

TABLES: dict[str, Table[Any]] = {
    "network.activation": ACTIVATIONS,
    "network.normalization": NORMALIZATIONS,
    "init": INITIALIZERS,
    "bias_init": BIAS_INITIALIZERS,
    "data": SOURCES,
    "training.optimizer": OPTIMIZERS,
}

SECTIONS: tuple[tuple[str, tuple[tuple[str, Parameter | None], ...]], ...] = (
    ("Network", (("network.kind", KIND), ("network.depth", DEPTH), ("network.width", WIDTH), ("network.kernel_size", KERNEL_SIZE),
                 ("network.padding", PADDING), ("network.pool_every", POOL_EVERY), ("network.bias", BIAS),
                 ("network.residual", RESIDUAL), ("network.dropout", DROPOUT))),
    ("Initialization", (("init", None), ("bias_init", None))),
    ("Activation", (("network.activation", None),)),
    ("Normalization", (("network.normalization", None),)),
    ("Data", (("data", None),)),
    ("Training", (("training.optimizer", None), ("training.steps", STEPS), ("training.epochs", EPOCHS),
                  ("training.clip_norm", CLIP_NORM))),
    ("Run", (("seed", SEED), ("capture.every", EVERY), ("capture.bins", BINS), ("capture.samples", SAMPLES),
             ("capture.weights", WEIGHTS), ("device", DEVICE))),
)
"""The controls of the page in their order: a field's path with its parameter, or with None where the field is a table's choice."""


def _label(table: Table[Any]) -> str:
    """Written as the labels of the other controls are."""
    return table.title.lower()


def catalog() -> dict[str, Any]:
    """Every choice and every control as JSON: what the page draws, and what people script against."""
    return {
        "sections": [
            {"title": title, "controls": [
                {"path": path, **(parameter.control() if parameter else {"type": "table", "label": _label(TABLES[path])})}
                for path, parameter in controls]}
            for title, controls in SECTIONS],
        "choices": {path: {"title": _label(table), "default": table.default, "entries": table.cards()}
                    for path, table in TABLES.items()},
        "schema": RunConfig.model_json_schema(),
        "defaults": RunConfig().model_dump(mode="json"),
    }
