"""A page whose server asks for a token and whose store is nearly full, in real Chromium."""

import pytest

from tests.browser.conftest import PATIENCE_MS, Tab
from tests.conftest import start_server

SMALL = {"network": {"depth": 2, "width": 8}, "training": {"steps": 3}}
TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with a token and one finished run, whose id comes with it."""
    live = start_server(tmp_path_factory.mktemp("guarded") / "data", "--max-stored-frames", "5", env={"SIGPROP_TOKEN": TOKEN})
    run = live.client.post("/api/runs", json=SMALL, headers={"Authorization": f"Bearer {TOKEN}"}).json()["id"]
    live.finished(run)
    yield live.url, run
    live.stop()


@pytest.fixture
def stranger(browser, guarded):
    """A tab of somebody who has not signed in; a refusal is no complaint."""
    context = browser.new_context(base_url=guarded[0], viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(context.new_page())
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    context.close()
    assert tab.complaints == []


def test_a_stranger_sees_the_run_of_a_link_and_signs_in_for_more(stranger, guarded):
    _, run = guarded
    stranger.open(f"/runs/{run}")
    stranger.status("finished")
    assert stranger.at("signin").count() == 0
    stranger.page.goto("/runs")
    stranger.at("token").fill("wrong")
    stranger.at("token").press("Enter")
    stranger.page.get_by_role("alert").filter(has_text="not the server's token").wait_for()
    stranger.at("token").fill(TOKEN)
    stranger.at("token").press("Enter")
    stranger.at(f"row-{run}").wait_for()
    assert stranger.at("signin").count() == 0 and stranger.page.evaluate("document.cookie") == ""
    stranger.open("/#network.depth=3")
    assert stranger.at("signin").count() == 0


@pytest.mark.parametrize(("language", "button", "gone"), [("en", "Sign out", "no longer has"), ("zh", "退出登录", "不再持有")])
def test_who_has_signed_in_signs_out_and_the_page_says_so(stranger, language, button, gone):
    stranger.page.goto(f"/runs#view.lang={language}")
    stranger.at("signin").wait_for()
    assert stranger.at("signout").count() == 0
    stranger.page.goto("about:blank")
    stranger.page.goto(f"/runs?token={TOKEN}#view.lang={language}")
    stranger.page.get_by_role("button", name=button).click()
    stranger.page.locator("[data-notice=signout]").filter(has_text=gone).wait_for()
    stranger.at("signin").wait_for()
    assert stranger.at("signout").count() == 0 and stranger.page.context.cookies() == []
    stranger.page.reload()
    stranger.at("signin").wait_for()
    assert stranger.page.locator("[data-notice=signout]").count() == 0


def test_a_stranger_who_configures_is_told_what_to_do(stranger, guarded):
    stranger.open("/#network.depth=3")
    assert "token" in stranger.page.locator("#notices").inner_text()
    assert stranger.page.locator("#notices .notice").count() == 1
    stranger.page.goto(f"/?token={TOKEN}#network.depth=3")
    stranger.page.locator("body[data-step='0']").wait_for()
    assert "token" not in stranger.page.url and "network.depth=3" in stranger.page.url


def test_the_list_warns_before_runs_are_removed_and_pins_what_should_stay(stranger, guarded):
    url, run = guarded
    stranger.open(f"/runs?token={TOKEN}")
    assert "80 %" in stranger.page.locator("[data-notice=storage]").inner_text()  # 4 of 5 frames
    pin = stranger.at(f"pin-{run}")
    assert pin.get_attribute("aria-pressed") == "false"
    pin.click()
    stranger.page.locator(f"[data-testid=pin-{run}][aria-pressed=true]").wait_for()
    assert stranger.page.request.get(f"{url}/api/runs/{run}").json()["pinned"] is True
    stranger.page.reload()
    stranger.page.locator(f"[data-testid=pin-{run}][aria-pressed=true]").wait_for()
