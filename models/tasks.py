"""What is to be found of tensors: tasks, which a sheet carries out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Measure:
    """Moments, counters and histograms of a quantity's row, from all values of a tensor."""

    what: str
    row: int
    tensor: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """The same of what a step made of a weight, whose values before take the new ones' place with `keep`; without, they may be spent."""

    what: str
    row: int
    keep: bool
    tensor: int = 0
    before: int = 1


@dataclass(frozen=True, slots=True)
class Correlate:
    """The mean cosine of two examples' vectors."""

    row: int
    tensor: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """The share of units that are dead, and of values at or beyond the edges if there are some."""

    row: int
    edges: tuple[float, float] | None
    tensor: int = 0


@dataclass(frozen=True, eq=False)
class Tasks:
    """What is found of the tensors that come together, which tasks know by their places: the same object time after time, as a sheet
    keeps what it needs for it."""

    each: tuple[Measure | Compare | Correlate | Share, ...]

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Of which they fill a row."""
        return tuple(task.what for task in self.each if isinstance(task, Measure | Compare))
