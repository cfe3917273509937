"""Runs beside each other: twins, the comparison's page and its address, the list of runs."""

import json
import re
import zipfile

import pytest

from tests.conftest import wait_for

SMALL = {"network": {"depth": 6, "width": 32}, "data": {"name": "digits", "batch_size": 64},
         "training": {"steps": 40}, "capture": {"every": 4}}
VANISHING = "network.depth=20&network.width=32&init.name=xavier_normal&data.batch_size=64&training.steps=20&capture.every=5"


COUNT_EMPTY_PANELS = """() => {
    const isEmpty = () => [...document.querySelectorAll("#grid .empty")].some((message) => message.checkVisibility());
    window.emptied = Number(isEmpty());
    const watch = new MutationObserver(() => { window.emptied += Number(isEmpty()); });
    watch.observe(document.getElementById("grid"), {subtree: true, attributes: true});
}"""


def plot(tab, panel, script):
    return tab.page.evaluate(f"""() => {{
        const plot = document.querySelector('[data-testid=panel-{panel}] .js-plotly-plot');
        return {script};
    }}""")


def drawn(tab, panel, condition):
    """Waits until the condition on a panel's plot holds."""
    return tab.until(f"""() => {{
        const plot = document.querySelector('[data-testid=panel-{panel}] .js-plotly-plot');
        return plot && plot.data && ({condition});
    }}""")


@pytest.fixture(scope="module")
def pair(server):
    """The records of two finished runs that differ in initializer and depth."""
    made = [server.client.post("/api/runs", json=config).json()["id"] for config in (
        {**SMALL, "init": {"name": "xavier_normal"}, "seed": 41}, {**SMALL, "network": {"depth": 8, "width": 32}, "seed": 41})]
    return [server.finished(run) for run in made]


@pytest.fixture
def compared(tab, pair):
    """A tab that shows the pair."""
    tab.open(f"/compare?runs={pair[0]['id']},{pair[1]['id']}")
    tab.until("() => document.body.dataset.frames === '11' && document.body.dataset.live === '0'")
    return tab


def test_apply_and_run_shows_the_mended_network_beside_the_first(tab, server):
    tab.open(f"/#{VANISHING}")
    assert "Vanishing" in tab.at("verdict").inner_text()
    tab.page.get_by_role("button", name="Apply and run").first.click()
    tab.page.wait_for_url(re.compile(r"/compare\?runs=[0-9a-f]{16},[0-9a-f]{16}"))
    tab.drawn()
    tab.until("() => document.body.dataset.live === '0' && document.body.dataset.step === '20'")
    assert "Vanishing" in tab.at("verdict-A").inner_text()
    assert "Vanishing" not in tab.at("verdict-B").inner_text()
    ids = re.search(r"runs=(\w+),(\w+)", tab.page.url).groups()
    first, second = (server.client.get(f"/api/runs/{run}").json()["config"] for run in ids)
    assert first["seed"] == second["seed"] and first["data"] == second["data"] and first["init"] != second["init"]
    tab.page.go_back()
    tab.until("() => document.querySelector('[data-testid=\"control-init.name\"]')?.value === 'xavier_normal'")


def test_what_differs_and_nothing_else_is_listed(compared):
    text = compared.at("panel-differences").inner_text()
    assert all(word in text for word in ("init.name", "xavier_normal", "kaiming_normal", "network.depth", "6", "8"))
    assert "network.width" not in text and "seed" not in text


def test_every_panel_draws_both_runs_in_their_colours(compared, server, pair):
    colours = plot(compared, "losses", "plot.data.filter(trace => trace.showlegend !== false).map(trace => [trace.name, trace.line.color])")
    assert [name for name, _ in colours] == ["A", "B"] and colours[0][1] != colours[1][1]
    for panel in ("by-layer-signal", "by-layer-gradient", "by-layer-units"):
        drawn(compared, panel, "plot.data.length === 2")
        assert plot(compared, panel, "plot.data.map(trace => [trace.name, trace.line.color])") == colours
    for which, record in enumerate(pair):
        frames = server.client.get(f"/api/runs/{record['id']}/frames").json()["frames"]
        squares = frames[-1]["quantities"]["preactivation"]["mean_square"]
        assert plot(compared, "by-layer-signal", f"plot.data[{which}].y") == pytest.approx(squares, rel=3e-7)
        assert plot(compared, "losses", f"plot.data.filter(trace => trace.showlegend !== false)[{which}].y") == [
            loss for frame in frames for loss in frame["losses"]]


def test_the_maps_share_their_axes_and_the_difference_is_theirs(compared):
    for panel in ("map-first", "map-second", "map-difference"):
        compared.at(f"panel-{panel}").scroll_into_view_if_needed()
        drawn(compared, panel, "plot.data.some(trace => trace.type === 'heatmap')")
    maps = [plot(compared, panel, """(map => ({x: map.x, y: Array.from(map.y), z: Array.from(map.z, row => Array.from(row)),
        ends: [map.zmin, map.zmax], ranges: [plot.layout.xaxis.range, plot.layout.yaxis.range],
    }))(plot.data.find(trace => trace.type === 'heatmap'))""")
            for panel in ("map-first", "map-second", "map-difference")]
    for panel in ("map-first", "map-second"):
        assert [text.strip() for text in compared.at(f"panel-{panel}").locator(".legend li").all_inner_texts()] == ["mean", "± 1 std"]
    first, second, difference = maps
    assert first["y"] == second["y"] == difference["y"] and first["ends"] == second["ends"]
    assert first["ranges"] == second["ranges"] == difference["ranges"]
    assert len(first["x"]) == 7 and len(second["x"]) == 9 and difference["x"] == first["x"]
    for bin_, row in enumerate(difference["z"]):
        assert row == pytest.approx([second["z"][bin_][layer] - first["z"][bin_][layer] for layer in range(7)])


def test_a_comparison_leaves_as_pictures_that_say_which_run_is_which(compared, pair):
    with compared.page.expect_download() as waiting:
        compared.at("export-figures").click()
    files = zipfile.ZipFile(waiting.value.path())
    about = json.loads(files.read("about.json"))
    assert [(run["letter"], run["id"], run["configuration"]) for run in about["runs"]] == [
        (letter, record["id"], record["config"]) for letter, record in zip("AB", pair, strict=True)]
    names = [compared.page.locator("#compared .name").nth(index).inner_text() for index in (0, 1)]
    drawn = files.read("by-layer-signal.svg").decode()
    assert all(f"{letter} {name}" in drawn for letter, name in zip("AB", names, strict=True))
    assert ">A: activation<" in files.read("map-first.svg").decode() and ">B − A: activation<" in files.read("map-difference.svg").decode()


def test_tables_have_a_dash_where_a_run_has_no_such_layer(compared):
    """The first has 6 layers and an output, the second 8."""
    for toggle in compared.page.locator("#grid .toggle:visible").all():
        toggle.click()
    rows = """panel => [...document.querySelectorAll(`[data-testid=${panel}] tbody tr`)]
        .map(row => [...row.children].map(one => one.textContent))"""
    signal = compared.page.evaluate(rows, "panel-by-layer-signal")
    assert [row[1] == "–" for row in signal] == [False] * 7 + [True] * 2 and all(row[2] not in ("–", "not finite") for row in signal)
    assert not any("not finite" in row for row in compared.page.evaluate(rows, "panel-losses"))


def test_one_scrubber_moves_all_runs(compared):
    compared.at("scrubber").fill("0")
    compared.until("() => document.body.dataset.step === '0'")
    card = "document.querySelector(`[data-testid=run-${letter}]`)"
    compared.until(f"() => ['A', 'B'].every(letter => {card}.textContent.includes('step 0/40'))")
    compared.until("() => location.hash.includes('view.step=0')")
    compared.page.keyboard.press("Escape")
    compared.page.locator("main").focus()
    compared.page.keyboard.press("End")
    compared.until("() => document.body.dataset.step === '40'")


def test_frames_that_are_not_at_hand_are_asked_for_again_and_drawn_together(new_tab, pair, server):
    """In a page that may keep next to nothing, frames of before come from the server once more, both before either is drawn."""
    tab, asked, runs = new_tab(), [], [record["id"] for record in pair]
    tab.page.route("**/js/compare/page.js", keep_little)
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.open(f"/compare?runs={','.join(runs)}")
    tab.until("() => document.body.dataset.frames === '11' && document.body.dataset.live === '0'")
    tab.page.evaluate(COUNT_EMPTY_PANELS)
    for index in (10, 3, 5):
        tab.at("scrubber").fill(str(index))
        tab.until("step => document.body.dataset.step === step", str(4 * index))
        for which, run in enumerate(runs):
            frame = server.client.get(f"/api/runs/{run}/frames", params={"after": index - 1, "limit": 1}).json()["frames"][0]
            squares = frame["quantities"]["preactivation"]["mean_square"]
            drawn(tab, "by-layer-signal", f"Math.abs(plot.data[{which}].y[2] / {squares[2]} - 1) < 1e-6")
            assert plot(tab, "by-layer-signal", f"plot.data[{which}].y") == pytest.approx(squares, rel=3e-7)
    pattern = re.compile(r"/api/runs/(\w+)/frames\?.*after=(\d+)&limit=1&quantities=([a-z_,]+)")
    again = [match.groups() for url in asked if (match := pattern.search(url))]
    assert {(run, after) for run, after, _ in again} == {(run, after) for run in runs for after in ("2", "4")}
    assert all("preactivation" in names.split(",") and "weight" not in names.split(",") for _, _, names in again)
    assert tab.page.evaluate("window.emptied") == 0


def keep_little(route):
    answer = route.fetch()
    assert "MOST_CHARACTERS = 96e6" in answer.text()
    route.fulfill(response=answer, body=answer.text().replace("MOST_CHARACTERS = 96e6", "MOST_CHARACTERS = 100"))


def test_the_link_shows_the_same_comparison_in_another_browser(compared, new_tab):
    compared.at("view.signal").select_option("weight")
    compared.at("scrubber").fill("5")
    compared.until("() => location.hash.includes('view.step=20') && location.hash.includes('view.signal=weight')")
    other = new_tab()
    other.open(compared.page.url)
    other.until("() => document.body.dataset.frames === '11' && document.body.dataset.step === '20'")
    assert other.at("view.signal").input_value() == "weight"
    for panel in ("by-layer-signal", "losses"):
        for tab in (compared, other):
            tab.at(f"panel-{panel}").scroll_into_view_if_needed()
            drawn(tab, panel, "plot.data.length >= 2")
        compared.page.wait_for_timeout(300)
        other.page.wait_for_timeout(300)
        lines = "JSON.stringify(plot.data.map(trace => [trace.name, Array.from(trace.x), Array.from(trace.y)]))"
        shown = [plot(tab, panel, lines) for tab in (compared, other)]
        assert shown[0] == shown[1]


def test_runs_are_compared_while_they_train(tab, server):
    long = {**SMALL, "training": {"steps": 20_000}, "capture": {"every": 20}}
    runs = [server.client.post("/api/runs", json={**long, "seed": seed}).json()["id"] for seed in (51, 52)]
    tab.open(f"/compare?runs={','.join(runs)}")
    tab.until("() => Number(document.body.dataset.step) >= 40")
    for run in runs:
        server.client.post(f"/api/runs/{run}/cancel")
    tab.until("() => document.body.dataset.live === '0'")
    assert all("cancelled" in tab.at(f"run-{letter}").inner_text() for letter in "AB")


@pytest.mark.parametrize(("query", "words"), [
    ("", "two to six runs"), ("?runs=", "two to six runs"),
    ("?runs=0000000000000000,1111111111111111", "no run 0000000000000000, 1111111111111111"),
    ("?runs=%3Cb%3E,{0}", "left out: <b>"), ("?runs={0}", "nothing to be compared with"),
    ("?runs={0},2222222222222222", "no run 2222222222222222"),
    ("?runs={0},{1},a,b,c,d,e", "1 more run is in the address"), ("?runs={0},{1}#view.signal=nonsense", "view.signal=nonsense")])
def test_an_address_that_cannot_be_shown_says_what_to_do(tab, pair, query, words):
    tab.page.goto("/compare" + query.format(*(record["id"] for record in pair)))
    tab.drawn()
    tab.until("words => document.querySelector('#notices').innerText.includes(words)", words)
    shown = tab.page.locator("#compared > *").count() > 0
    assert shown == tab.page.locator("#dock").is_visible() == tab.at("share-button").is_visible()  # no button that does nothing
    tab.complaints[:] = [text for text in tab.complaints if "404" not in text]  # Chromium's own note of the answer


def test_a_changed_run_trains_beside_the_one_it_came_from(tab, pair):
    tab.open(f"/runs/{pair[0]['id']}")
    tab.status("finished")
    assert not tab.at("twin-button").is_visible()
    tab.at("control-network.activation.name").select_option("tanh")
    tab.at("twin-button").click()
    tab.page.wait_for_url(re.compile(rf"/compare\?runs={pair[0]['id']},[0-9a-f]{{16}}"))
    tab.drawn()
    assert "network.activation.name" in tab.at("panel-differences").inner_text()


def test_kept_runs_wait_in_the_tray(tab, pair):
    tab.open(f"/runs/{pair[0]['id']}")
    tab.status("finished")
    tab.at("keep-button").click()
    tab.page.goto(f"/runs/{pair[1]['id']}")
    tab.drawn()
    tab.status("finished")
    tab.at("tray").get_by_test_id("compare-button").click()
    tab.page.wait_for_url(f"**/compare?runs={pair[0]['id']},{pair[1]['id']}")
    tab.drawn()


def test_one_network_over_several_seeds_is_a_mean_with_its_band(tab, server):
    run = server.client.post("/api/runs", json={**SMALL, "training": {"steps": 12}, "seed": 71}).json()["id"]
    server.finished(run)
    tab.open(f"/runs/{run}")
    tab.status("finished")
    tab.at("seeds-button").click()
    tab.page.wait_for_url(re.compile(rf"/compare\?runs={run}(~[0-9a-f]{{16}}){{4}}$"))
    tab.drawn()
    tab.until("() => document.body.dataset.live === '0' && document.body.dataset.frames === '4'")
    ids = tab.page.url.split("runs=")[1].split("~")
    assert [server.client.get(f"/api/runs/{one}").json()["config"]["seed"] for one in ids] == [71, 72, 73, 74, 75]
    curves = [[loss for frame in server.client.get(f"/api/runs/{one}/frames").json()["frames"] for loss in frame["losses"]] for one in ids]
    drawn(tab, "losses", "plot.data.find(trace => trace.name === 'A' && trace.line.dash === 'solid').x.length === 13")
    mean = plot(tab, "losses", "plot.data.find(trace => trace.name === 'A' && trace.line.dash === 'solid').y")
    assert mean == pytest.approx([sum(at) / 5 for at in zip(*curves, strict=True)])
    band = plot(tab, "losses", "plot.data.find(trace => trace.fill === 'toself').y")
    assert band == pytest.approx([max(at) for at in zip(*curves, strict=True)] + [min(at) for at in zip(*curves, strict=True)][::-1])
    drawn(tab, "map-first", "plot.data[0].z.length > 0")
    assert "Shown is seed 71." in tab.at("panel-map-first").inner_text() and not tab.at("panel-map-second").is_visible()
    tab.at("seeds-A").select_option("3")
    tab.page.wait_for_url(f"**/compare?runs={'~'.join(ids[:3])}")
    tab.drawn()


def test_both_pages_change_their_language_and_keep_it_in_the_address(tab, pair):
    for path in (f"/compare?runs={pair[0]['id']},{pair[1]['id']}#view.step=20", "/runs#init=xavier_normal"):
        tab.open(path)
        tab.at("language").click()
        tab.page.wait_for_url(re.compile(r"view\.lang=zh"))
        tab.until("() => document.documentElement.lang === 'zh' && document.body.dataset.ready === 'true'")
        assert path.split("#")[1] in tab.page.url and re.search("[\u4e00-\u9fff]", tab.page.inner_text("main"))
        assert tab.page.get_by_role("link", name="仪表板").get_attribute("href") == "/#view.lang=zh"


@pytest.mark.parametrize("width", [360, 900, 1440, 3840])
def test_no_width_scrolls_sideways(new_tab, pair, width):
    tab = new_tab(viewport={"width": width, "height": 800})
    for path in (f"/compare?runs={pair[0]['id']},{pair[1]['id']}", "/runs"):
        tab.open(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path


# ---- the list of runs ----


def rows(tab):
    return tab.page.eval_on_selector_all("#runs > li", "all => all.map(row => row.dataset.testid.slice(4))")


def test_the_list_is_searched_and_its_state_is_in_the_address(tab, pair, new_tab):
    tab.open("/runs")
    assert {record["id"] for record in pair} <= set(rows(tab))
    tab.at("search").fill("network.depth=8 seed=41")
    tab.until("() => document.body.dataset.count === '1'")
    assert rows(tab) == [pair[1]["id"]]
    tab.at("search").fill("seed=41")
    tab.at("filter-init").select_option("xavier_normal")
    tab.at("filter-activation").select_option("relu")
    tab.until("id => Array.from(document.querySelectorAll('#runs > li'), row => row.dataset.testid).join() === `row-${id}`", pair[0]["id"])
    other = new_tab()
    other.open(tab.page.url)
    assert rows(other) == [pair[0]["id"]]
    tab.at("filter-status").select_option("failed")
    tab.until("() => document.body.innerText.includes('No run matches')")


def test_thumbnails_show_the_last_frame(tab, pair):
    tab.open("/runs#search=seed%3D41")
    for record, layers in zip(pair, (7, 9), strict=True):
        tab.until("""([id, layers]) => {
            const canvas = document.querySelector(`[data-testid=row-${id}] canvas`);
            if (canvas.width !== layers) return false;
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(Array.from({length: data.length / 4}, (_, i) => data.slice(4 * i, 4 * i + 3).join())).size > 3;
        }""", [record["id"], layers])


def test_a_run_in_the_list_is_named_by_what_its_page_names_first(tab, pair):
    """A network that is well and bears a note is well, whatever the order in which the server tells it."""
    run = pair[0]["id"]
    findings = [{"rule": "dead_units", "severity": "note", "title": "a note"}, {"rule": "healthy", "severity": "ok", "title": "all well"}]

    def tell(route):
        answer = route.fetch()
        runs = [{**one, "findings": findings} for one in answer.json()["runs"]]
        route.fulfill(response=answer, json={**answer.json(), "runs": runs})

    tab.page.route("**/api/runs?*", tell)
    tab.open("/runs#search=seed%3D41")
    words = tab.at(f"row-{run}").inner_text()
    assert "all well" in words and "a note" not in words


def test_the_dock_of_the_list_says_what_to_do_in_one_line(tab, pair):
    tab.open("/runs")
    assert "to compare them" in tab.at("run-status").inner_text()
    assert tab.at("run-status").evaluate("status => status.getClientRects().length === 1 && status.offsetHeight") < 24


def test_a_title_is_text_and_stays(tab, pair):
    title = "<img src=x onerror=alert(1)> שלום"
    tab.open("/runs#search=seed%3D41")
    row = tab.at(f"row-{pair[0]['id']}")
    row.get_by_role("button", name=re.compile("^Rename")).click()
    tab.at("title-field").fill(title)
    tab.at("title-field").press("Enter")
    tab.until("title => document.querySelector('#runs').innerText.includes(title)", title)
    tab.page.goto(f"/runs/{pair[0]['id']}")
    tab.drawn()
    tab.until("title => document.querySelector('#run-name').textContent === title", title)
    tab.page.goto("/runs#search=seed%3D41")
    tab.drawn()
    assert title in tab.at(f"row-{pair[0]['id']}").inner_text() and tab.page.locator("#runs img").count() == 0
    row = tab.at(f"row-{pair[0]['id']}")
    row.get_by_role("button", name=re.compile("^Rename")).click()
    tab.at("title-field").fill("")
    tab.at("title-field").press("Enter")
    tab.until("title => !document.querySelector('#runs').innerText.includes(title)", title)


def test_a_deletion_can_be_undone_until_it_is_done(tab, server):
    short = {**SMALL, "training": {"steps": 4}, "init": {"name": "orthogonal"}}
    runs = [server.client.post("/api/runs", json={**short, "seed": seed}).json()["id"] for seed in (61, 62)]
    for run in runs:
        server.finished(run)
    tab.open("/runs#search=orthogonal&init=orthogonal")
    before = rows(tab)
    delete = re.compile("^Delete")
    tab.at(f"row-{runs[0]}").get_by_role("button", name=delete).click()
    tab.at("undo").click()
    assert rows(tab) == before and server.client.get(f"/api/runs/{runs[0]}").status_code == 200
    for run in runs:
        tab.at(f"row-{run}").get_by_role("button", name=delete).click()
    assert not set(runs) & set(rows(tab))
    tab.page.goto("/")  # leaving does what still waits
    tab.drawn()
    wait_for(lambda: all(server.client.get(f"/api/runs/{run}").status_code == 404 for run in runs))


def test_ticked_runs_are_compared_in_their_order(tab, pair):
    tab.open("/runs#search=seed%3D41")
    assert tab.at("compare-button").is_disabled()
    for record in pair:
        tab.at(f"tick-{record['id']}").check()
    tab.at("compare-button").click()
    tab.page.wait_for_url(f"**/compare?runs={pair[0]['id']},{pair[1]['id']}")
    tab.drawn()


def test_the_server_refuses_a_title_that_would_mislead_and_the_page_says_so(tab, pair):
    tab.open("/runs#search=seed%3D41")
    tab.at(f"row-{pair[1]['id']}").get_by_role("button", name=re.compile("^Rename")).click()
    tab.at("title-field").fill("evil \u202e txt.exe")
    tab.at("title-field").press("Enter")
    tab.until("() => document.querySelector('#notices').innerText.includes('U+202E')")
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]
