"""The API's page: whole with no outer world, under the same policy as every page, and its commands do what they say."""

import argparse
import re
import shlex

import pytest

from tests.browser.test_everybody import complaints


@pytest.fixture
def reference(new_tab, server):
    """The page with everything unfolded; whatever it asked elsewhere for is noted."""
    tab = new_tab(locale="en-GB", bypass_csp=True)  # axe comes from outside; the policy itself is tested without
    tab.open("/docs")
    tab.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    return tab


def test_it_asks_nobody_else_and_shows_every_call(tab, server):
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.open("/docs")  # with the policy: what it refuses would be a complaint
    assert asked and all(url.startswith(server.url) for url in asked)
    described = server.client.get("/openapi.json").json()
    operations = {f"call-{method}-{path}" for path, methods in described["paths"].items() for method in methods}
    shown = {one.get_attribute("data-testid") for one in tab.page.locator("#calls details").all()}
    assert shown == operations and tab.page.locator("#shapes details").count() == len(described["components"]["schemas"])
    runs = tab.at("call-post-/api/runs")
    runs.locator("summary").click()
    runs.get_by_role("link", name="RunConfig").click()
    shape = tab.page.locator("#shape-RunConfig[open]")
    assert shape.get_by_text("bias_init").is_visible()
    tab.at("language").click()
    tab.page.get_by_role("heading", name="数据结构").wait_for()


def test_axe_finds_nothing_in_light_and_dark(reference):
    found = complaints(reference)
    reference.page.emulate_media(color_scheme="dark")
    assert (found, complaints(reference)) == ([], [])


def test_the_commands_work(reference, server):
    """Those in which nothing has to be replaced first. What they begin is cancelled: others want this server's workers."""
    commands = [one.inner_text() for one in reference.page.locator("#calls pre").all()]
    whole = [text for text in commands if not set(re.findall(r"\b[A-Z_]{4,}\b", text)) - {"POST"}]
    assert len(whole) >= 10
    parser = argparse.ArgumentParser()
    for option in ("-X", "-H", "-d"):
        parser.add_argument(option)
    for text in whole:
        asked, (command, url) = parser.parse_known_args([word for word in shlex.split(text.replace("\\\n", " ")) if word != "-N"])
        kind, _, value = (asked.H or "Accept: */*").partition(": ")
        answer = server.client.request(asked.X or "GET", url, headers={kind: value}, content=asked.d)
        assert command == "curl" and answer.status_code in (200, 201), (text, answer.text)
        begun = answer.json() if answer.status_code == 201 else {}
        for one in begun.get("runs", [begun] if "kind" in begun else []):
            server.client.post(f"/api/{one['kind']}s/{one['id']}/cancel")
