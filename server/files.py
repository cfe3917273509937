"""Puts files in place so that they are whole or not there at all; and where the file of some weights lies."""

from __future__ import annotations

import os
from pathlib import Path

ENDING = ".safetensors"


def put_in_place(part: Path, target: Path) -> None:
    """Renames a finished file to `target`, in the same folder, so that even after a crash it is there whole or not at all."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def weights_file(folder: Path, source: str) -> Path:
    """The file of the weights with this name, with or without the ending; `models.initializers.source_problem` has passed it."""
    return folder / (source if source.endswith(ENDING) else source + ENDING)
