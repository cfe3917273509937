"""Files that are there whole or not at all, and where a run's weights lie."""

from __future__ import annotations

import os
from pathlib import Path

ENDING = ".safetensors"


def put_in_place(part: Path, target: Path) -> None:
    """Renames a finished file so that after a crash either it is there whole or not at all."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def weights_file(folder: Path, source: str) -> Path:
    """Where the weights of this name are, with or without the ending. The name has passed `models.initializers.source_problem`."""
    return folder / (source if source.endswith(ENDING) else source + ENDING)
