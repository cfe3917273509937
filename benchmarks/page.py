"""In Chromium: the first load, drawing, scrubbing, and what a long stream leaves behind. Needs what the tests need (`make setup`)."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.live import Live, server
from benchmarks.timing import Case, Result, quantile
from tests import chromium

WATCH = """
window.measured = {ready: null, heatmap: [], tasks: []};
const look = () => { if (document.body?.dataset.ready) window.measured.ready ??= performance.now(); };
new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"]});
const note = (list) => window.measured.tasks.push(...list.getEntries().map((entry) => entry.duration));
new PerformanceObserver(note).observe({type: "longtask"});
"""
"""Runs before the page does: notes when it is ready, and every task of more than 50 ms."""

TIME_HEAT_MAP = """() => {
    const react = Plotly.react, panel = document.querySelector("[data-testid=panel-histograms]");
    Plotly.react = (element, ...rest) => {  // also says to SCRUB that the heat map has been drawn
        const start = performance.now(), done = react(element, ...rest);
        if (panel.contains(element)) window.measured.heatmap.push(performance.now() - start);
        return done;
    };
}"""

SCRUB = """async (count) => {
    const slider = document.getElementById("scrubber"), most = Number(slider.max), steps = Math.min(count, most), times = [];
    for (let number = 0; number < steps; number += 1) {
        slider.value = String(Math.round((number * most) / steps));
        const start = performance.now(), before = window.measured.heatmap.length;
        slider.dispatchEvent(new Event("input"));
        do await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
        while (window.measured.heatmap.length === before);
        times.push(performance.now() - start);
    }
    return times;
}"""


@contextlib.contextmanager
def browsing(live: Live) -> Iterator[Any]:
    """Opens pages with cold caches."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)

        def page() -> Any:
            context = browser.new_context(base_url=live.url, viewport={"width": 1440, "height": 900})
            context.set_default_timeout(300_000)
            context.add_init_script(WATCH)
            return context.new_page()

        yield page
        browser.close()


def opening(quick: bool) -> list[Result]:
    """From an empty cache to the first drawn preview."""
    times, sizes = [], []
    live = server()
    with browsing(live) as new_page:
        for _ in range(1 if quick else 5):
            page = new_page()
            arrived: list[float] = []
            session = page.context.new_cdp_session(page)
            session.send("Network.enable")
            session.on("Network.loadingFinished", lambda event, arrived=arrived: arrived.append(event["encodedDataLength"]))
            page.goto("/")
            times.append(page.wait_for_function("window.measured.ready").json_value())
            sizes.append(sum(arrived) / 1e6)
            page.context.close()
    return [Result("first load to the first drawn preview, nothing cached", statistics.median(times), "ms", goal=1500),
            Result("its bytes over the wire", statistics.median(sizes), "MB", goal=1)]


def drawing(quick: bool) -> list[Result]:
    """The heat map's update while a run streams, its long tasks, and scrubbing through it afterwards."""
    found = []
    live = server()
    with browsing(live) as new_page:
        for depth, steps, goal in ((5, 5, None),) if quick else ((50, 300, 25), (256, 60, 40)):
            config = {"network": {"depth": depth, "width": 64}, "training": {"steps": steps}, "capture": {"every": 1}}
            page = new_page()
            run = live.client.post("/api/runs", json=config).json()["id"]
            page.goto(f"/runs/{run}")
            page.wait_for_selector("body[data-ready=true]")
            page.evaluate(TIME_HEAT_MAP)
            page.evaluate("window.measured.tasks.length = 0")
            _end(page)
            seen = page.evaluate("window.measured")
            scrubbed = page.evaluate(SCRUB, 10 if quick else 100)
            name = f"{depth} layers, {steps + 1} frames"
            found += [Result(f"heat map update while a run streams, {name}", statistics.median(seen["heatmap"] or [0.0]), "ms", goal=goal),
                      Result(f"longest task meanwhile, {name}", max(seen["tasks"], default=0.0), "ms", goal=100),
                      Result(f"a scrub step, half of them within, {name}", statistics.median(scrubbed), "ms", goal=50),
                      Result(f"a scrub step, 95 % within, {name}", quantile(scrubbed, 0.95), "ms")]
            page.context.close()
    return found


def growth(quick: bool) -> list[Result]:
    """What the page's memory gains in the second half of a long stream. (By then it keeps as many frames as it ever does.)"""
    frames = 40 if quick else 2000
    config = {"network": {"depth": 3 if quick else 50, "width": 32}, "training": {"steps": frames}, "capture": {"every": 1}}
    live = server()
    with browsing(live) as new_page:
        page = new_page()
        run = live.client.post("/api/runs", json=config).json()["id"]
        page.goto(f"/runs/{run}")
        page.wait_for_function("count => Number(document.body.dataset.step) >= count", arg=frames // 2)
        early = _heap_mb(page)
        _end(page)
        return [Result(f"memory of the page after {frames} frames, against half of them", _heap_mb(page), "MB", early, 1.1)]


def _end(page: Any) -> None:
    page.wait_for_function("() => document.querySelector('[data-testid=run-status]').textContent.includes('finished')")
    time.sleep(1)


def _heap_mb(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Runtime.getHeapUsage")
    used: float = (found["usedSize"] + found["backingStorageSize"]) / 1e6  # typed arrays lie beside the heap
    return used


CASES: dict[str, Case] = {"opening": opening, "drawing": drawing, "growth": growth}
