"""The page's files: where they lie, and each page with the head that all of them share."""

from __future__ import annotations

from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
HEAD = "<!--head-->"


def page(name: str) -> str:
    """The HTML of `frontend/NAME.html`, with `parts/head.html` where it says so."""
    return (FRONTEND / f"{name}.html").read_text().replace(HEAD, (FRONTEND / "parts" / "head.html").read_text())
