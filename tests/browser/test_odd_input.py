"""What people and links bring that makes little sense: the page opens, says what it did not understand, and shows text as text."""

import json
import random
import re

import pytest

QUICK = "network.depth=3&network.width=8&data.batch_size=16&training.steps=2&data.name=digits"
HARM = "document.documentElement.dataset.harmed = 1"
TITLES = [f'<img src=x onerror="{HARM}">', f"</script><script>{HARM}</script>", "<b>bold</b> &amp; ${1+1} {{x}}", "שלום عالم (1)",
          "😀 \u200d e\u0301"]
PARTS = [
    "network.depth=banana", "init.name=xaver", "what=ever", "__proto__=1", "constructor=x", "%%%", "network.depth", "=",
    "training.epochs=0",
    "training.steps=null", "network.kind=rnn", "init.gain=1e999", "init.std=1", "view.layer=-1", "view.layer=99999", "view.step=9999999999",
    "view.lang=xx", "view.lesson=nothing", "view.lesson=../../x", "view.lesson_step=99", "view.controls=banana", "view.form=ridges",
    "view.quantity=update", "view.axis=log10", f"<img src=x onerror={HARM}>=1", "init.source=%00%E2%80%AE", "%F0%9F%98%80=%D7%A9",
    f"note={'x' * 3000}", "network.activation.name=tanh", "network.normalization.name=instance", "seed=-1", "seed=9007199254740993",
    "device=tpu", "data.validation_fraction=NaN"]
OWN_NOTES = re.compile(r"status of (422|503)")
"""Chromium notes each answer that is an error, whatever the page does with it."""


def random_addresses(count):
    dice = random.Random(0)
    return ["#" + "&".join([*dice.sample(PARTS, dice.randint(1, 6)), QUICK]) for _ in range(count)]


def harmed(tab):
    return tab.page.evaluate("document.documentElement.dataset.harmed ?? null")


@pytest.mark.slow
def test_any_address_opens_and_what_was_not_understood_is_named(tab):
    tab.open(f"/#{QUICK}")
    for address in random_addresses(25):
        named = tab.until("""async hash => {
            const { parse } = await import('/static/js/state.js');
            window.catalogue ??= await (await fetch('/api/catalog')).json();
            location.hash = '#network.depth=3';
            location.hash = hash;
            return JSON.stringify(parse(location.hash, window.catalogue).problems.map(({ key }) => key));
        }""", address)
        tab.until("""named => {
            const notice = document.querySelector('[data-notice=address]')?.textContent ?? '';
            return JSON.parse(named).every(key => notice.includes(key)) && (notice !== '') === (named !== '[]');
        }""", named)
    assert harmed(tab) is None and tab.page.locator("main img").count() == 0
    tab.page.evaluate(f"location.hash = '#{QUICK}&seed=77'")
    tab.until("""() => !document.querySelector('[data-notice=address]')
                       && document.querySelector('[data-testid="control-seed"]').value === '77'""")
    tab.complaints[:] = [text for text in tab.complaints if not OWN_NOTES.search(text)]


@pytest.mark.parametrize("path", ["/phase", "/runs", "/compare?runs=%00,..,<b>"])
def test_the_other_pages_open_too(tab, path):
    tab.page.goto(f"{path}#what=ever&dot=a,b&status=lost&view.lang=xx&__proto__=1&%%%")
    text = tab.until("() => document.querySelector('[data-notice]') && document.body.innerText")
    assert ("<b>" if path.startswith("/compare") else "view.lang") in text
    if path == "/phase":
        tab.drawn()
        assert "dot=a,b" in text


def test_titles_are_text_wherever_they_are_shown(new_tab, server, tmp_path):
    config = {"network": {"depth": 2, "width": 4}, "data": {"name": "moons"}, "training": {"steps": 1}}
    runs = {title: server.client.post("/api/runs", json={**config, "seed": 900 + seed}).json()["id"] for seed, title in enumerate(TITLES)}
    for title, run in runs.items():
        server.finished(run)
        assert server.client.patch(f"/api/runs/{run}", json={"title": title}).json()["title"] == title
    report = tmp_path / "report.html"
    report.write_bytes(server.client.get(f"/api/runs/{runs[TITLES[1]]}/export.html").content)
    tab = new_tab()
    pages = {"/runs": TITLES, f"/compare?runs={','.join(runs.values())}": TITLES, report.as_uri(): [TITLES[1]],
             f"/runs/{runs[TITLES[0]]}": [TITLES[0]], f"/runs/{runs[TITLES[3]]}": [TITLES[3]]}
    for address, titles in pages.items():
        tab.page.goto(address)
        tab.until("titles => document.body.dataset.ready && titles.every(title => document.body.textContent.includes(title))", titles)
        assert harmed(tab) is None and tab.page.locator("b, main img[src=x]").count() == 0, address


def test_an_address_of_nothing_says_so_and_leads_home(new_tab):
    tab = new_tab()
    tab.page.goto("/runz/%3Cb%3Ex?y#view.lang=en")
    tab.drawn()
    assert tab.at("missing").inner_text() == "Nothing is at /runz/%3Cb%3Ex. The address may be mistyped, or a link cut short."
    assert "404" in tab.complaints.pop() and tab.page.locator("main b").count() == 0
    tab.page.locator("main a").first.click()
    tab.page.wait_for_url("**/#view.lang=en")
    tab.drawn()


@pytest.mark.parametrize("title", ["a\u202eb", "line\nbreak", "nul\u0000", "bell\u0007", "\u2066x", "\ud800", "x" * 121])
def test_a_title_that_cannot_be_seen_is_refused_with_the_place(server, title):
    run = server.client.post("/api/runs", json={"network": {"depth": 2, "width": 4}, "training": {"steps": 0}}).json()["id"]
    body = json.dumps({"title": title})  # with escapes: one of them could not be sent in UTF-8
    answer = server.client.patch(f"/api/runs/{run}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["loc"] == "title"
