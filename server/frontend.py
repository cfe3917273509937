"""The page's files: where they lie, and each page with the head that all of them share."""

from __future__ import annotations

from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
PLOTLY = FRONTEND / "vendor" / "plotly.min.js"
"""Plotly.js' cartesian bundle, a third of the whole one that the `plotly` package brings, in the same version (a test looks)."""

HEAD = "<!--head-->"


SIGNED_IN = '\n  <meta name="signed-in" content="true">'
"""In the head for who can sign out: scripts cannot see the cookie."""


def page(name: str, signed_in: bool = False) -> str:
    """The HTML of `frontend/NAME.html`, with `parts/head.html` where it says so."""
    head = (FRONTEND / "parts" / "head.html").read_text() + (SIGNED_IN if signed_in else "")
    return (FRONTEND / f"{name}.html").read_text().replace(HEAD, head)
