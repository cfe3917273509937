"""A run as one HTML file that opens without a server: the dashboard's own page with its modules, Plotly and the run's data inside.

Browsers load no modules from files. So each module becomes a data: URL in an import map, and imports are changed to the map's keys.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from models.config import RunConfig
from models.theory import theory_of
from server.exports import stored_frames
from server.frontend import FRONTEND, PLOTLY, page
from server.records import RunRecord
from server.store import Store

PREFIX = "sigprop/"
"""The modules' keys in the import map begin with it."""
STYLE = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)">')
IMPORT = re.compile(r'(\bfrom\s+|\bimport\s+)"(\.{1,2}/[^"]+)"')


def as_html(store: Store, record: RunRecord, catalog: dict[str, Any]) -> Iterator[bytes]:
    """The report, piece by piece."""
    before, after = _page().split(b"<!--data-->")
    frames = stored_frames(store, record.id)
    first = next(frames, b"null")
    yield before
    yield b'<script type="application/json" id="report">{"catalog":' + _safe(orjson.dumps(catalog))
    yield b',"run":' + _safe(record.model_dump_json().encode()) + b',"theory":' + _safe(_theory(record, first)) + b',"frames":[' + first
    for frame in frames:
        yield b"," + frame
    yield b"]}</script>" + after


def _theory(record: RunRecord, first_frame: bytes) -> bytes:
    """Theory's JSON for the batch of the first frame; for unknown inputs where the run has no frame."""
    inputs = (orjson.loads(first_frame) or {"input": {"mean_square": None, "correlation": None}})["input"]
    found = theory_of(RunConfig.model_validate(record.config), inputs)
    return found.model_dump_json().encode()


def _safe(data: bytes) -> bytes:
    """The JSON with "</" escaped, so that it cannot end the script element in which it stands."""
    return data.replace(b"</", b"<\\/")


@cache
def _page() -> bytes:
    """index.html with everything it loads put inside, and a mark where the data goes. Raises LookupError where it lacks one of `parts`."""
    html, styles = STYLE.subn(lambda sheet: f"<style>{(FRONTEND / sheet[1]).read_text()}</style>", page("index"))
    if not styles:
        raise LookupError("the page has no style sheet for the report to put inside")
    icon = _data_url("image/svg+xml", (FRONTEND / "icon.svg").read_bytes())
    parts = {
        '<script src="/static/vendor/plotly.min.js" defer></script>': f"<script>{PLOTLY.read_text()}</script>",
        '<script src="/static/js/main.js" type="module"></script>': f'<script type="importmap">{_import_map()}</script>',
        "</body>": f'<!--data--><script type="module">import "{PREFIX}js/main.js";</script></body>',
        "/static/icon.svg": icon,
    }
    for found, inlined in parts.items():
        if found not in html:
            raise LookupError(f"the page has no {found!r} for the report to put inside")
        html = html.replace(found, inlined)
    return html.encode()


def _import_map() -> str:
    modules = {path.relative_to(FRONTEND).as_posix(): path for path in FRONTEND.rglob("*.js")}
    urls = {PREFIX + name: _data_url("text/javascript", _module(name, path)) for name, path in modules.items()}
    return orjson.dumps({"imports": urls}).decode()


def _module(name: str, path: Path) -> bytes:
    """The module with its relative imports turned into the map's keys."""
    folder = posixpath.dirname(name)

    def renamed(found: re.Match[str]) -> str:
        return f'{found[1]}"{PREFIX}{posixpath.normpath(posixpath.join(folder, found[2]))}"'

    return IMPORT.sub(renamed, path.read_text()).encode()


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
