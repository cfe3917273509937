"""The documents lead where they say: links, and the files that the README and the packages name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = ["models/theory", "models/theory/band", "models/diagnosis"]


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path) if path else document
        assert file.exists() and (not anchor or anchor in anchors(file)), target


def test_every_entry_of_the_log_has_its_topic():
    log = ROOT / "docs" / "log.md"
    linked = set(re.findall(r"\]\(#([\w-]+)\)", log.read_text()))
    assert anchors(log) - linked == {"log"}


def named(text: str) -> set[str]:
    return set(re.findall(r"[\w.-]+\.(?:py|js)", text))


def test_the_readme_names_every_module():
    """A newcomer finds every file of the server and the models in the tree of the README, those of larger packages in their docstrings."""
    files = {path.name for folder in ("models", "server") for path in (ROOT / folder).glob("*.py")} - {"__init__.py"}
    assert files - named((ROOT / "README.md").read_text()) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_its_modules(package):
    folder = ROOT / package
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    docstring = (folder / "__init__.py").read_text().split('"""')[1]
    assert files - named(docstring) == set() and named(docstring) - files == set()
