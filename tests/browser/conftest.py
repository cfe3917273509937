"""Real Chromium, driven by Playwright, against a real server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests import chromium

PATIENCE_MS = 90_000
"""How long a condition may take to come true: machines that run tests are busy."""

HEAT_MAP = """() => {
    const plot = document.querySelector('[data-testid=panel-histograms] .js-plotly-plot');
    const map = plot.data.find(trace => trace.type === 'heatmap');
    return JSON.stringify([map.z.length, map.z[0].length, Array.from(map.z, row => Array.from(row))]);
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
        """[values, layers, shares] of the depth heat map, as JSON."""
        return self.page.evaluate(HEAT_MAP)

    def heat_map_changed(self, before):
        """The depth heat map once it is another than before."""
        return self.until(f"before => {{ const now = ({HEAT_MAP})(); return now !== before && now; }}", before)

    def step(self):
        return int(self.page.evaluate("document.body.dataset.step"))


ONE_PROCESS = "--process-per-site"
"""Pages of one context that come from one server share a process, which has compiled the scripts: they open in half the time."""

MOST_FREE = 3
"""Profiles that are kept for the tests to come: each keeps a process."""


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        launched = chromium.launch(playwright, ONE_PROCESS)
        yield launched
        launched.close()


@dataclass
class Profile:
    """A context for one test after another. A page that stays open keeps the process of the others alive."""

    options: dict
    context: BrowserContext
    keeper: Page

    @classmethod
    def of(cls, browser, server, options):
        context = browser.new_context(base_url=server.url, **options)
        profile = cls(options, context, context.new_page())
        profile.keeper.goto("/api/health")
        return profile

    def empty(self):
        """Leaves nothing of a test to the next but what the browser has cached."""
        for page in self.context.pages:
            if page is not self.keeper:
                page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        self.context.set_offline(False)
        self.keeper.evaluate("localStorage.clear()")


@pytest.fixture(scope="session")
def profiles(browser, server):
    """Those that no test uses at the moment, the last one last."""
    free = []
    yield free
    for profile in free:
        profile.context.close()


@contextmanager
def tabs(browser, server, profiles):
    """Opens tabs, each like another person's browser; at the end none may have complained."""
    opened = []

    def make(viewport=None, color_scheme=None, **options):
        profile = next((one for one in profiles if one.options == options), None)
        if profile:
            profiles.remove(profile)
        else:
            profile = Profile.of(browser, server, options)
        tab = Tab(profile.context.new_page())
        opened.append((profile, tab))
        tab.page.set_default_timeout(PATIENCE_MS)
        tab.page.set_viewport_size(viewport or {"width": 1440, "height": 900})
        tab.page.emulate_media(color_scheme=color_scheme)
        tab.page.on("console", lambda message: message.type in ("error", "warning") and tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        return tab

    yield make
    complaints = [text for _, tab in opened for text in tab.complaints]
    for profile, _ in opened:
        profile.empty()
        profiles.append(profile)
    for profile in profiles[:-MOST_FREE]:
        profile.context.close()
    del profiles[:-MOST_FREE]
    assert complaints == []


@pytest.fixture
def new_tab(browser, server, profiles):
    with tabs(browser, server, profiles) as make:
        yield make


@pytest.fixture
def tab(new_tab):
    return new_tab()
