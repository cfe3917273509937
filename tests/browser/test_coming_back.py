"""Connections that break, laptops that sleep, pages left open, two tabs: the page comes back by itself and misses nothing."""

import re
import signal

import pytest

from tests.conftest import start_server

LONG = "network.depth=4&network.width=32&data.batch_size=32&training.steps=300000&capture.every=100"
OWN_NOTES = re.compile(r"ERR_|status of 5\d\d")
"""What Chromium itself writes about a lost connection."""


def started(tab, base, seed):
    """A run that does not end soon, begun on the page; its id."""
    tab.open(f"{base}/#{LONG}&seed={seed}")
    tab.at("run-button").click()
    tab.until("() => location.pathname.startsWith('/runs/') && Number(document.body.dataset.step) >= 200")
    return tab.page.url.split("/runs/")[1].split("#")[0]


def frames_shown(tab):
    """Frames on the page: each counts once, so as many as the server has are all of them."""
    return int(tab.at("scrubber").get_attribute("max")) + 1


def misses_nothing(tab, server, run):
    """The run, once it is over, is on the page with every frame."""
    record = server.finished(run)
    tab.until("count => Number(document.querySelector('[data-testid=scrubber]').max) + 1 === count", record["frames"])
    assert record["frames"] > 2
    return record


def away(tab):
    tab.until("() => document.querySelector('[data-notice=lost]') !== null")


def here_again(tab):
    """The page says no more that the server is away; without a reload, which would have taken the mark."""
    tab.until("() => document.querySelector('[data-notice=lost]') === null")
    assert tab.page.evaluate("window.marked") is True


class Fragile:
    """A server that is killed, and comes back at its address with its data."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.live = start_server(data_dir)
        self.url, self.port = self.live.url, int(self.live.url.rsplit(":", 1)[1])

    def is_killed(self):
        return self.live.process.poll() is not None

    def kill(self):
        self.live.stop(signal.SIGKILL)

    def come_back(self):
        self.live = start_server(self.data_dir, port=self.port)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    server = Fragile(tmp_path_factory.mktemp("fragile") / "data")
    yield server
    server.live.stop()


@pytest.fixture
def fragile(kept):
    """It runs, even if the test before has left it killed."""
    if kept.is_killed():
        kept.come_back()
    return kept


def ignore_own_notes(tab):
    tab.complaints[:] = [text for text in tab.complaints if not OWN_NOTES.search(text)]


def test_after_the_server_came_back_nothing_is_missing_and_the_run_can_be_run_again(tab, fragile):
    run = started(tab, fragile.url, 1)
    fragile.kill()
    away(tab)
    fragile.come_back()
    assert tab.status("failed", "finished") == "failed"
    assert misses_nothing(tab, fragile.live, run)["error"].startswith("interrupted")
    tab.until("() => document.querySelector('[data-notice=lost]') === null && document.body.innerText.includes('interrupted')")
    tab.at("run-again").click()
    tab.until("""run => location.pathname.startsWith(`/runs/${run}-`)
                        && Number(document.querySelector('[data-testid=scrubber]').max) >= 2""", run)
    assert tab.at("run-again").count() == 0
    fresh = tab.page.url.split("/runs/")[1].split("#")[0]
    tab.at("cancel-button").click()
    assert tab.status("cancelled", "failed") == "cancelled" and misses_nothing(tab, fragile.live, fresh)["status"] == "cancelled"
    ignore_own_notes(tab)


def test_what_every_page_asked_for_in_vain_comes_when_the_server_is_back(new_tab, fragile):
    run = fragile.live.client.post("/api/runs", json={"network": {"depth": 3, "width": 16}, "training": {"steps": 2}}).json()["id"]
    fragile.live.finished(run)
    pages = {"preview": f"{fragile.url}/#network.depth=3&network.width=16", "phase": f"{fragile.url}/phase", "runs": f"{fragile.url}/runs"}
    tabs = {name: new_tab() for name in pages}
    for name, tab in tabs.items():
        tab.open(pages[name])
        tab.page.evaluate("window.marked = true")
    before = tabs["preview"].heat_map()
    fragile.kill()
    tabs["preview"].at("control-network.activation.name").select_option("sigmoid")
    tabs["phase"].at("control-network.activation.name").select_option("relu")
    tabs["runs"].page.locator("#filter-status").select_option("diverged")
    for tab in tabs.values():
        away(tab)
    fragile.come_back()
    tabs["preview"].heat_map_changed(before)
    tabs["phase"].until("() => document.getElementById('words').textContent.includes('ReLU')")
    tabs["runs"].until("() => document.body.dataset.count === '0'")
    for tab in tabs.values():
        here_again(tab)
        ignore_own_notes(tab)


def test_a_server_that_goes_while_the_page_loads_is_waited_for(tab, fragile):

    def stop_it(route):
        fragile.kill()
        route.continue_()

    tab.page.route("**/api/catalog", stop_it, times=1)
    tab.page.goto(f"{fragile.url}/#network.depth=3&network.width=16")
    tab.page.evaluate("window.marked = true")
    away(tab)
    fragile.come_back()
    tab.drawn()
    here_again(tab)
    ignore_own_notes(tab)


def test_what_was_not_done_is_said_and_can_be_done_again(tab, fragile):
    tab.open(f"{fragile.url}/#network.depth=3&network.width=16&training.steps=2")
    tab.page.evaluate("window.marked = true")
    fragile.kill()
    tab.at("run-button").click()
    away(tab)
    tab.until("() => document.querySelector('[data-notice=run]') !== null")
    fragile.come_back()
    here_again(tab)
    assert "could not be started" in tab.page.locator("[data-notice=run]").inner_text()
    tab.at("run-button").click()
    assert tab.status("finished", "failed") == "finished" and tab.page.locator("[data-notice=run]").count() == 0
    ignore_own_notes(tab)


def test_a_laptop_that_sleeps_takes_up_where_it_was(tab, server):
    run = started(tab, "", 2)
    tab.page.context.set_offline(True)
    before = server.client.get(f"/api/runs/{run}").json()["frames"]
    tab.until("""async ([run, before]) => {
        document.body.dataset.offline = String(await fetch(`/api/runs/${run}`).then(() => false, () => true));
        return document.body.dataset.offline === 'true';
    }""", [run, before])
    tab.page.wait_for_timeout(1000)
    tab.page.context.set_offline(False)
    tab.until("before => Number(document.querySelector('[data-testid=scrubber]').max) > before", before)
    server.client.post(f"/api/runs/{run}/cancel")
    assert tab.status("cancelled", "failed") == "cancelled"
    misses_nothing(tab, server, run)
    ignore_own_notes(tab)


def test_a_page_left_open_for_a_day_still_works(tab, server):
    tab.page.clock.install()
    run = started(tab, "", 3)
    server.client.post(f"/api/runs/{run}/cancel")
    assert tab.status("cancelled", "failed") == "cancelled"
    shown = frames_shown(tab)
    tab.page.clock.fast_forward("24:00:00")
    assert frames_shown(tab) == shown and tab.at("run-status").inner_text().lower().find("cancelled") >= 0
    before = tab.heat_map()
    tab.at("control-network.activation.name").select_option("tanh")
    tab.page.clock.run_for(1000)
    tab.until("() => location.pathname === '/' && location.hash.includes('tanh')")
    tab.heat_map_changed(before)


def test_two_tabs_see_the_same_run_and_its_end(new_tab, server):
    one, two = new_tab(), new_tab()
    run = started(one, "", 4)
    two.open(f"/runs/{run}")
    two.until("() => Number(document.body.dataset.step) >= 200")
    one.page.reload()
    one.drawn()
    two.at("cancel-button").click()
    for tab in (one, two):
        assert tab.status("cancelled", "failed") == "cancelled"
        misses_nothing(tab, server, run)
    assert frames_shown(one) == frames_shown(two)


GONE = re.compile(r"status of 404")


def deletes_before_its_stream(tab, server, pattern, run):
    """The run goes between the page's look at its record and its stream, which then is refused; the addresses of the streams asked for."""
    asked = []

    def first_delete(route):
        if not asked:
            server.client.delete(f"/api/runs/{run}").raise_for_status()
        asked.append(route.request.url)
        route.continue_()

    tab.page.route(pattern, first_delete)
    return asked


def long_run(server, seed):
    config = {"network": {"depth": 3, "width": 16}, "data": {"batch_size": 16}, "seed": seed,
              "training": {"steps": 300_000}, "capture": {"every": 500}}
    return server.client.post("/api/runs", json=config).json()["id"]


def ignore_404(tab):
    tab.complaints[:] = [text for text in tab.complaints if not GONE.search(text)]


def test_a_run_that_was_deleted_is_not_asked_for_again(tab, server):
    run = long_run(server, 5)
    asked = deletes_before_its_stream(tab, server, "**/api/runs/*/events*", run)
    tab.page.goto(f"/runs/{run}")
    tab.until("() => document.querySelector('[data-notice=run]')?.innerText.includes('deleted')")
    assert tab.page.locator("[data-notice=waiting], [data-notice=lost]").count() == 0 and tab.status("cancelled")
    tab.page.wait_for_timeout(2500)  # it was asked for again after a second
    assert len(asked) == 1
    ignore_404(tab)


def test_a_run_that_is_deleted_while_it_is_watched_says_so(tab, server):
    run = started(tab, "", 6)
    server.client.delete(f"/api/runs/{run}")
    tab.until("() => document.querySelector('[data-notice=run]')?.innerText.includes('deleted')")
    assert tab.status("cancelled") and frames_shown(tab) > 1


def test_a_comparison_goes_on_without_a_run_that_was_deleted(tab, server):
    runs = [long_run(server, seed) for seed in (7, 8)]
    deletes_before_its_stream(tab, server, "**/api/events*", runs[1])
    tab.page.goto(f"/compare?runs={','.join(runs)}")
    tab.until("() => document.querySelector('[data-testid=run-B]')?.innerText.includes('deleted')")
    tab.until("() => Number(document.body.dataset.frames) >= 2 && document.body.dataset.live === '1'")
    server.client.post(f"/api/runs/{runs[0]}/cancel")
    tab.until("() => document.body.dataset.live === '0'")
    ignore_404(tab)


def test_a_dot_whose_run_was_deleted_can_be_trained_again(tab, server):
    run = long_run(server, 9)
    deletes_before_its_stream(tab, server, "**/api/events*", run)
    tab.page.goto(f"/phase#network.depth=3&network.width=16&dot=2,0.1,{run}")
    tab.at("dot-train").wait_for()
    ignore_404(tab)
