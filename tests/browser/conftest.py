"""Real Chromium, driven by Playwright, against a real server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, sync_playwright

from tests import chromium

PATIENCE_MS = 90_000
"""How long a condition may take to come true: machines that run tests are busy."""

HEAT_MAP = """() => {
    const plot = document.querySelector('[data-testid=panel-histograms] .js-plotly-plot');
    const map = plot?.data?.find(trace => trace.type === 'heatmap');
    return map && JSON.stringify([map.z.length, map.z[0].length, Array.from(map.z, row => Array.from(row))]);
}"""


@dataclass
class Tab:
    """A page, and everything it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, url):
        self.page.goto(url)
        self.drawn()

    def drawn(self):
        self.page.wait_for_selector("body[data-ready='true']")

    def at(self, testid):
        return self.page.get_by_test_id(testid)

    def until(self, script, argument=None):
        """Waits until the JavaScript expression is true in the page."""
        return self.page.wait_for_function(script, arg=argument).json_value()

    def status(self, *words):
        """Waits until the status line says one of the words."""
        return self.until("words => words.find(word => document.querySelector('[data-testid=run-status]').textContent.includes(word))",
                          list(words))

    def heat_map(self):
        """[values, layers, shares] of the depth heat map, as JSON, once it is drawn."""
        return self.until(HEAT_MAP)

    def heat_map_changed(self, before):
        """The depth heat map once it is another than before."""
        return self.until(f"before => {{ const now = ({HEAT_MAP})(); return now !== before && now; }}", before)

    def step(self):
        return int(self.page.evaluate("document.body.dataset.step"))


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        launched = chromium.launch(playwright)
        yield launched
        launched.close()


@contextmanager
def tabs(browser, server):
    """Opens tabs, each in a context of its own like another person's browser; at the end none may have complained."""
    opened = []

    def make(**options):
        context = browser.new_context(base_url=server.url, **{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        tab = Tab(context.new_page())
        tab.page.on("console", lambda message: message.type in ("error", "warning") and tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        opened.append((context, tab))
        return tab

    yield make
    complaints = [text for _, tab in opened for text in tab.complaints]
    for context, _ in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def new_tab(browser, server):
    with tabs(browser, server) as make:
        yield make


@pytest.fixture
def tab(new_tab):
    return new_tab()
