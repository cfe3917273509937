"""pyproject.toml says what is needed and constraints.txt which version of it: they must agree with each other and with what runs."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import models

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAMED = [Requirement(line) for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"])]
PINS = {
    canonicalize_name(name): pin
    for name, pin in re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
}
CARRIED_BY_TORCH = re.compile(r"nvidia-|cuda-|triton")
"""torch for CUDA pins these itself, and torch for the CPU has none of them."""


def needed_by(requirement: Requirement) -> set[str]:
    """The names of all that the requirement brings with it on this machine, itself included."""
    found: set[str] = set()
    waiting = [requirement]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or CARRIED_BY_TORCH.match(name):
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            further = Requirement(line)
            extras = wanted.extras or {""}
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(further)
    return found


def test_the_version_is_the_one_the_program_gives() -> None:
    assert PROJECT["version"] == models.__version__


@pytest.mark.parametrize("requirement", NAMED, ids=lambda requirement: requirement.name)
def test_the_pin_is_within_the_bounds(requirement: Requirement) -> None:
    assert Version(PINS[canonicalize_name(requirement.name)]) in requirement.specifier


@pytest.mark.parametrize("requirement", NAMED, ids=lambda requirement: requirement.name)
def test_all_that_it_needs_is_pinned(requirement: Requirement) -> None:
    assert needed_by(requirement) - PINS.keys() == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    assert {name: installed(name) for name in PINS if installed(name)} == PINS


def installed(name: str) -> str | None:
    try:
        return Version(version(name)).public
    except PackageNotFoundError:
        return None


def test_the_pages_plotly_is_npms_and_of_the_version_that_the_python_package_brings() -> None:
    ours = (ROOT / "frontend/vendor/plotly.min.js").read_bytes()
    assert ours == (ROOT / "node_modules/plotly.js-cartesian-dist-min/plotly-cartesian.min.js").read_bytes()
    whole = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    version_of = re.compile(rb"^\* plotly\.js .*?v([\d.]+)$", flags=re.MULTILINE)
    (found,), (expected,) = version_of.findall(ours[:300]), version_of.findall(whole[:300])
    assert found == expected
