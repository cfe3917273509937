"""The outline of a part of the plane, by marching squares: the line's points are found on the sides of a grid's cells by halving, not by
interpolation between the grid's values, so that it is as smooth where those jump.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.theory.nonlinearity import Array

Mask = NDArray[np.bool_]
Side = tuple[int, int]
"""Of a cell: the numbers of the two nodes that it joins."""

HALVINGS = 20


def outline(inside: Callable[[Array, Array], Mask], x: Array, y: Array) -> list[Array]:
    """The lines along which `inside` changes, within the rectangle of x (W,) and y (B,), both rising: each (P, 2), closed or ending at the
    rectangle's border. `inside` takes points as their x (N,) and y (N,). A part with no more than one node of the grid is left out.
    """
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    there, number = inside(*nodes.T), np.arange(len(nodes)).reshape(len(y), len(x))
    sides = np.concatenate([_joined(number[:, :-1], number[:, 1:]), _joined(number[:-1], number[1:])])
    crossed = sides[there[sides[:, 0]] != there[sides[:, 1]]]
    places = _halved(inside, nodes[crossed[:, 0]], nodes[crossed[:, 1]], there[crossed[:, 0]])
    found: dict[Side, Array] = dict(zip(map(_side, crossed), places, strict=True))
    return [np.array([found[side] for side in line]) for line in _lines(_links(number, found))]


def _joined(one: NDArray[np.int_], other: NDArray[np.int_]) -> NDArray[np.int_]:
    return np.stack([one.ravel(), other.ravel()], axis=-1)


def _side(nodes: NDArray[np.int_]) -> Side:
    return int(nodes[0]), int(nodes[1])


def _halved(inside: Callable[[Array, Array], Mask], start: Array, end: Array, there: Mask) -> Array:
    """Where `inside` changes between start (N, 2), where it is `there` (N,), and end."""
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        same = (inside(*middle.T) == there)[:, None]
        start, end = np.where(same, middle, start), np.where(same, end, middle)
    return (start + end) / 2


def _links(number: NDArray[np.int_], crossed: dict[Side, Array]) -> list[tuple[Side, Side]]:
    """Pairs of crossed sides of a cell that a line joins. Of four, where opposite corners are alike, two that meet in a corner."""
    corners = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], axis=-1).reshape(-1, 4)
    cells = ([side for side in ((a, b), (b, c), (d, c), (a, d)) if side in crossed] for a, b, c, d in corners.tolist())
    return [(cell[at], cell[at + 1]) for cell in cells for at in range(0, len(cell), 2)]


def _is_around_one_node(line: list[Side]) -> bool:
    """So small that its shape is the grid's."""
    return len(line) == 5 and line[0] == line[-1]


def _lines(links: list[tuple[Side, Side]]) -> list[list[Side]]:
    """The links in rows, those first that have ends; a ring comes back to its first side."""
    beside: defaultdict[Side, list[Side]] = defaultdict(list)
    for one, other in links:
        beside[one].append(other)
        beside[other].append(one)
    lines = []
    for start in sorted(beside, key=lambda side: len(beside[side])):
        line = [start]
        while beside[line[-1]]:
            following = beside[line[-1]].pop()
            beside[following].remove(line[-1])
            line.append(following)
        if len(line) > 1 and not _is_around_one_node(line):
            lines.append(line)
    return lines
