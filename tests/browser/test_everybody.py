"""For everybody: axe-core finds nothing on any page, light or dark; a Chinese page says nothing in English; all fits a phone."""

import re
from pathlib import Path

import pytest

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
PHONE = {"width": 390, "height": 844}

RUN_AXE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .flatMap(({id, help, nodes}) => nodes.map(node => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`))"""

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
    server.client.patch(f"/api/runs/{second}", json={"title": "a_title_without_a_single_place_to_break_it_" * 2}).raise_for_status()
    return {
        "first visit": "/", "preview": f"/#{ADDRESS}", "run": f"/runs/{first}", "embedded": f"/runs/{first}?embed=1",
        "comparison": f"/compare?runs={first},{second}", "runs": "/runs", "phase": "/phase#network.depth=12&network.width=32&points=4",
        "lesson": "/#view.lesson=why-zeros-fail&view.lesson_step=1",
        "compared in a lesson": f"/compare?runs={first},{second}#view.lesson=why-zeros-fail&view.lesson_step=4",
        "missing": "/nowhere/at/all",
    }


PAGES = ("first visit", "preview", "run", "embedded", "comparison", "compared in a lesson", "runs", "phase", "missing", "lesson")


def opened(tab, address):
    """The page with everything on it unfolded."""
    tab.page.goto(address)
    tab.until("() => document.body.dataset.ready === 'true' || document.querySelector('#runs-list li, #list > *')")
    tab.complaints[:] = [text for text in tab.complaints if "404" not in text]  # Chromium's own note of a missing page
    if "lesson" in address:
        tab.until("() => document.querySelector('#lesson h2')")
    tab.page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(one => { one.open = true; })")


def complaints(tab):
    """What axe finds, in the colours on show."""
    if not tab.page.evaluate("'axe' in window"):
        tab.page.evaluate(AXE.read_text())
    return tab.page.evaluate(RUN_AXE)


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_in_light_dark_and_on_a_phone(new_tab, addresses, page):
    tab = new_tab(locale="en-GB", color_scheme="light", bypass_csp=True)
    opened(tab, addresses[page])
    found = {"light": complaints(tab)}
    tab.page.emulate_media(color_scheme="dark")
    found["dark"] = complaints(tab)
    tab.page.set_viewport_size(PHONE)
    found["phone"] = complaints(tab)
    assert found == {"light": [], "dark": [], "phone": []}


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_says_nothing_in_english_and_axe_nothing(new_tab, addresses, page):
    tab = new_tab(locale="zh-CN", color_scheme="dark", bypass_csp=True)
    opened(tab, addresses[page])
    assert [text for text in tab.page.evaluate(VISIBLE_TEXTS) if ENGLISH.search(text)] == []
    assert tab.page.evaluate("document.documentElement.lang") == "zh"
    assert complaints(tab) == []


MISFITS = """() => {
    const width = document.documentElement.clientWidth, found = [];
    const say = (what, one) => found.push(`${what}: ${one.outerHTML.slice(0, 120)}`);
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
    for (const one of document.querySelectorAll('body *')) {
        const style = getComputedStyle(one), box = one.getBoundingClientRect();
        if (one.closest('svg, .skip, .rail:not(.open)') || style.clipPath !== 'none') continue;
        if (!one.checkVisibility({visibilityProperty: true})) continue;
        if ((box.left < -1 || box.right > width + 1) && !one.closest('.sheet, .plot, pre')) say('off the screen', one);
        if (style.overflowX === 'hidden' && one.scrollWidth > one.clientWidth + 1) say('cut', one);
        const target = one.closest('label') ?? one, {width: wide, height: high} = target.getBoundingClientRect();
        const isTarget = one.matches('button, summary, select, input, a') && style.display !== 'inline' && one.type !== 'checkbox';
        if (isTarget && Math.min(wide, high) < 23.5) say('hard to hit', one);
    }
    return found;
}"""
"""What does not fit the window: wider than it, beyond its edges, cut off, or a target below 24 px (WCAG 2.5.8)."""


def misfits(tab):
    """What does not fit and stays so for two seconds: after what is unfolded moves it, a plot takes its new size a moment later."""
    for _ in range(20):
        if not (found := tab.page.evaluate(MISFITS)):
            return []
        tab.page.wait_for_timeout(100)
    return found


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_page_fits_a_narrow_phone(new_tab, addresses, locale):
    tab = new_tab(locale=locale, viewport={"width": 360, "height": 740})
    found = {}
    for page in PAGES:
        opened(tab, addresses[page])
        found[page] = misfits(tab)
    for menu in ("lessons", "runs"):
        tab.page.locator(f"#{menu}-menu summary").click()
        tab.page.locator(f"#{menu}-list > *").first.wait_for()
        found[menu] = misfits(tab)
        tab.page.keyboard.press("Escape")
    tab.page.locator("#rail-open").click()
    tab.until("() => document.querySelector('#rail').getBoundingClientRect().left === 0")
    found["controls"] = misfits(tab)
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("width", "pages"), [(1280, PAGES), (390, ("first visit", "run", "comparison", "runs", "phase", "lesson"))])
def test_text_of_twice_the_size_is_not_cut(new_tab, addresses, width, pages):
    """For whoever has told the browser so; zooming the page makes its window narrower, which the phone stands for."""
    tab = new_tab(locale="en-GB", viewport={"width": width, "height": 900})
    tab.page.context.new_cdp_session(tab.page).send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
    found = {}
    for page in pages:
        opened(tab, addresses[page])
        assert tab.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        found[page] = misfits(tab) + tab.page.evaluate("""() => [...document.querySelectorAll('.top *')]
            .filter(one => one.checkVisibility() && getComputedStyle(one).clipPath === 'none' && !one.closest('.sheet-menu'))
            .filter(one => one.getBoundingClientRect().top < 0).map(one => one.outerHTML.slice(0, 120))""")
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


def test_on_a_phone_text_of_twice_the_size_leaves_room_for_what_it_is_about(new_tab, addresses):
    tab = new_tab(locale="en-GB", viewport={"width": 390, "height": 844})
    tab.page.context.new_cdp_session(tab.page).send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
    opened(tab, addresses["run"])
    height = "name => document.querySelector(name).getBoundingClientRect().height / innerHeight"
    assert tab.page.evaluate(height, ".top") < 0.15 and tab.page.evaluate(height, ".dock") < 0.45
    assert tab.page.locator("#scrubber").bounding_box()["width"] > 100
    for entry in ("#lessons-menu", "#export-menu", "#phase-link", "#share", "#language", "#theme"):
        assert not tab.page.locator(entry).is_visible()
    tab.page.locator("#actions-open").click()
    assert tab.page.locator("#actions-open").get_attribute("aria-expanded") == "true"
    for entry in ("#lessons-menu", "#export-menu", "#phase-link", "#share", "#language", "#theme"):
        assert tab.page.locator(entry).is_visible()
    tab.page.locator("#lessons-menu summary").click()
    tab.page.locator("#lessons-list > *").first.wait_for()
    menu = tab.page.locator("#lessons-list").bounding_box()
    assert menu["x"] >= 0 and menu["x"] + menu["width"] <= 390


@pytest.mark.parametrize("width", [521, 600, 705, 801])
def test_nothing_is_beyond_a_narrow_window(new_tab, addresses, width):
    tab = new_tab(locale="en-GB", viewport={"width": width, "height": 800})
    found = {}
    for page in ("run", "comparison", "phase", "missing"):
        opened(tab, addresses[page])
        found[page] = misfits(tab)
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


def test_a_finger_over_a_plot_scrolls_the_page_and_a_tap_chooses_a_layer(new_tab, addresses):
    tab = new_tab(locale="en-GB", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    opened(tab, addresses["run"])
    caption = tab.at("panel-layer").locator(".caption").inner_text()
    assert caption.startswith("Tap a column") and "press" not in caption
    plot = tab.at("panel-histograms").locator(".plot")
    plot.scroll_into_view_if_needed()
    tab.until("() => document.querySelector('[data-testid=panel-histograms] .nsewdrag')")
    plot.tap(position={"x": 150, "y": 40})
    tab.until("() => /view.layer=[0-9]+/.test(location.hash)")
    box, before = plot.bounding_box(), tab.page.evaluate("scrollY")
    finger = tab.page.context.new_cdp_session(tab.page)
    places = [{"x": 150, "y": box["y"] + 60 - 6 * step} for step in range(16)]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for place in places[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.until("before => scrollY > before", before)


def test_the_scrubber_has_room_beside_every_button(new_tab, addresses):
    tab = new_tab(locale="en-GB", viewport={"width": 1280, "height": 800})
    opened(tab, addresses["run"])
    tab.until("() => document.querySelector('[data-testid=scrubber]:enabled')")
    assert tab.at("scrubber").bounding_box()["width"] > 150


REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
    .filter(one => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({visibilityProperty: true}) && one.type !== 'radio')
    .map(one => { one.dataset.wanted = '1'; return one; }).length"""
"""Marks what a mouse could use, but for radio buttons, of which Tab reaches one a group."""

FOCUSED = """() => {
    const one = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(one);
    const first = one.dataset.wanted === '1';
    one.dataset.wanted = 'reached';
    return [one === document.body, first, outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 ? '' : one.outerHTML.slice(0, 160)];
}"""


@pytest.mark.parametrize("page", ["run", "comparison", "runs", "phase", "lesson", "compared in a lesson"])
def test_tab_reaches_everything_and_the_focus_is_seen(new_tab, addresses, page):
    tab = new_tab(locale="en-GB")
    opened(tab, addresses[page])
    wanted = tab.page.evaluate(REACHABLE)
    unseen = []
    for _ in range(2 * wanted):
        tab.page.keyboard.press("Tab")
        at_body, _, invisible = tab.page.evaluate(FOCUSED)
        if at_body:
            break
        unseen += [invisible] if invisible else []
    assert wanted > 10 and unseen == []
    assert tab.page.evaluate("[...document.querySelectorAll('[data-wanted=\"1\"]')].map(one => one.outerHTML.slice(0, 160))") == []


def test_every_shortcut_that_the_list_names_works(new_tab, addresses):
    tab = new_tab(locale="en-GB")
    opened(tab, addresses["run"])
    keys, option = tab.page.keyboard, "name => new URLSearchParams(location.hash.slice(1)).get(name)"
    keys.press("?")
    assert tab.page.locator("#keys dt").all_inner_texts() == ["Space", "← →", "Home End", "[ ]", "1 … 6", "t", "s", "d", "?"]
    keys.press("Escape")
    keys.press("End")
    tab.until("() => document.body.dataset.step === '4'")
    keys.press("ArrowLeft")
    tab.until("() => document.body.dataset.step === '2'")
    keys.press("Home")
    tab.until("() => document.body.dataset.step === '0'")
    keys.press("Space")
    tab.until("() => document.body.dataset.step === '4'")
    keys.press("4")
    tab.until(f"() => ({option})('view.quantity') === 'weight'")
    keys.press("[")
    tab.until(f"() => ({option})('view.layer') === '11'")
    keys.press("d")
    assert tab.page.locator("html").get_attribute("data-theme") == "light"
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    keys.press("s")
    tab.page.get_by_text("copied").wait_for()


def test_t_trains_and_a_menu_opens_and_closes_without_a_mouse(new_tab, addresses):
    tab = new_tab(locale="en-GB")
    opened(tab, f"{addresses['preview']}&seed=73")
    tab.page.locator("#lessons-menu summary").focus()
    tab.page.keyboard.press("Enter")
    assert tab.page.locator("#lessons-menu").get_attribute("open") is not None
    tab.page.keyboard.press("Escape")
    assert tab.page.locator("#lessons-menu").get_attribute("open") is None
    tab.page.keyboard.press("t")
    tab.page.wait_for_url("**/runs/*")
    tab.status("finished")


def test_a_point_of_the_phase_diagram_is_chosen_without_a_mouse(new_tab, addresses):
    tab = new_tab(locale="en-GB")
    opened(tab, f"{addresses['phase']}&view.lang=zh")
    assert tab.page.locator("#dots-title").inner_text() == "看过的网络"
    tab.at("place-w2").fill("1.5")
    tab.at("place-b2").fill("0.05")
    tab.page.keyboard.press("Enter")
    tab.until("() => document.body.dataset.dots === '1'")
    assert "dot=1.5%2C0.05" in tab.page.url and "view.lang=zh" in tab.page.url
    assert "view.lang=zh" in tab.page.locator("#dots a").get_attribute("href")
