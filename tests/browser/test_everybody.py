"""For everybody: axe-core finds nothing serious on any page, in light and dark; a Chinese page says nothing in English."""

import re
from pathlib import Path

import pytest

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text()
SERIOUS = ("serious", "critical")

RUN_AXE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .flatMap(({id, impact, help, nodes}) => nodes.map(node => [impact, `${id}: ${help}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`]))"""

VISIBLE_TEXTS = """() => {
    const texts = [...document.querySelectorAll('body *')].filter(one => !one.closest('.source, script, style, svg defs, bdi, code, kbd'))
        .flatMap(one => [...one.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.textContent)
            .concat(['aria-label', 'title', 'placeholder'].map(name => one.getAttribute(name) ?? '')));
    return texts.filter(Boolean);
}"""
ENGLISH = re.compile(r"[A-Za-z]*[a-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three words after one another."""

NETWORK = {"network": {"depth": 12, "width": 32, "activation": {"name": "sigmoid"}}, "init": {"name": "xavier_normal"},
           "data": {"name": "digits", "batch_size": 64}, "training": {"steps": 4}, "capture": {"every": 2}}
ADDRESS = "network.depth=12&network.width=32&network.activation.name=sigmoid&init.name=xavier_normal&data.batch_size=64&training.steps=4"


@pytest.fixture(scope="module")
def addresses(server):
    """Every page, with something to see on it."""
    made = [server.client.post("/api/runs", json={**NETWORK, "seed": seed}).json()["id"] for seed in (71, 72)]
    first, second = (server.finished(run)["id"] for run in made)
    return {
        "preview": f"/#{ADDRESS}", "run": f"/runs/{first}", "embedded": f"/runs/{first}?embed=1", "comparison": f"/compare?runs={first},{second}",
        "runs": "/runs", "phase": "/phase#network.depth=12&network.width=32&points=4",
        "lesson": "/#view.lesson=why-zeros-fail&view.lesson_step=1",
    }


PAGES = ("preview", "run", "embedded", "comparison", "runs", "phase", "lesson")


def opened(tab, address):
    """The page with everything on it unfolded."""
    tab.page.goto(address)
    tab.until("() => document.body.dataset.ready === 'true' || document.querySelector('#runs-list li, #list > *')")
    if "lesson" in address:
        tab.until("() => document.querySelector('#lesson h2')")
    tab.page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(one => { one.open = true; })")


def complaints(tab):
    """What axe finds serious, in the colours on show."""
    if not tab.page.evaluate("'axe' in window"):
        tab.page.evaluate(AXE)
    return [text for impact, text in tab.page.evaluate(RUN_AXE) if impact in SERIOUS]


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious(new_tab, addresses, page):
    tab = new_tab(locale="en-GB", color_scheme="light", bypass_csp=True)
    opened(tab, addresses[page])
    found = complaints(tab)
    tab.page.emulate_media(color_scheme="dark")
    assert (found, complaints(tab)) == ([], [])


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_says_nothing_in_english_and_axe_nothing_serious(new_tab, addresses, page):
    tab = new_tab(locale="zh-CN", color_scheme="dark", bypass_csp=True)
    opened(tab, addresses[page])
    assert [text for text in tab.page.evaluate(VISIBLE_TEXTS) if ENGLISH.search(text)] == []
    assert tab.page.evaluate("document.documentElement.lang") == "zh"
    assert complaints(tab) == []
