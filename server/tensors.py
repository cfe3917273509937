"""Trained weights between the disk and a network: the worker's side of `server.weights`, which knows them as files only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from server.files import put_in_place, weights_file


def read(folder: Path, source: str) -> dict[str, Tensor]:
    """The tensors of a source, by name."""
    return load_file(weights_file(folder, source))


def write(folder: Path, run_id: str, state: Mapping[str, Tensor]) -> None:
    """Keeps a run's weights."""
    folder.mkdir(parents=True, exist_ok=True)
    target = weights_file(folder, run_id)
    part = target.with_suffix(".part")
    save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, part)
    put_in_place(part, target)
