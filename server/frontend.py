"""Where the page's files lie, and the HTML of each page with the parts that pages share."""

from __future__ import annotations

import re
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
PLOTLY = FRONTEND / "vendor" / "plotly.min.js"
"""Plotly.js' cartesian bundle: a third of the whole one that the `plotly` package brings, in the same version (a test compares them)."""

PART = re.compile("<!--([a-z]+)-->")
"""Stands in a page for `parts/NAME.html`, which several pages share."""

SIGNED_IN = '  <meta name="signed-in" content="true">\n'
"""Added to the head for a browser that can sign out: the page's scripts cannot see the cookie."""


def page(name: str, signed_in: bool = False) -> str:
    """The HTML of `frontend/NAME.html` with its parts."""
    html = PART.sub(lambda part: _read(f"parts/{part[1]}"), _read(name))
    return html.replace("</head>", f"{SIGNED_IN}</head>", 1) if signed_in else html


def _read(name: str) -> str:
    return (FRONTEND / f"{name}.html").read_text()
