"""Where the page's files lie, and the HTML of each page with the head that all pages share."""

from __future__ import annotations

from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
PLOTLY = FRONTEND / "vendor" / "plotly.min.js"
"""Plotly.js' cartesian bundle: a third of the whole one that the `plotly` package brings, in the same version (a test compares them)."""

HEAD = "<!--head-->"
"""Stands in each page where the shared head goes."""

SIGNED_IN = '\n  <meta name="signed-in" content="true">'
"""Added to the head for a browser that can sign out: the page's scripts cannot see the cookie."""


def page(name: str, signed_in: bool = False) -> str:
    """The HTML of `frontend/NAME.html`, with `parts/head.html` in the place of HEAD."""
    head = (FRONTEND / "parts" / "head.html").read_text() + (SIGNED_IN if signed_in else "")
    return (FRONTEND / f"{name}.html").read_text().replace(HEAD, head)
