"""The phase diagram: theory at once, a click that measures, a measured map, its state in the address."""

import re

import pytest

MAP = "network.depth=10&network.width=32&points=5"


def drawn(tab, hash_=""):
    tab.open(f"/phase#{hash_ or MAP}")


def plot(tab, script):
    """Of the drawn diagram: the map, and its other traces by their names."""
    found = """const plot = document.querySelector('[data-testid=panel-phase] .js-plotly-plot');
        const map = plot.data.find((trace) => trace.colorbar), named = (name) => plot.data.find((trace) => trace.name === name);"""
    return tab.page.evaluate(f"() => {{ {found} return {script}; }}")


def test_theory_is_there_at_once_with_its_critical_line(tab):
    drawn(tab)
    assert plot(tab, "[map.z.length, map.z[0].length]") == [64, 64]
    line = plot(tab, "named('critical line, χ = 1').x")
    assert abs(line[0] - 1.0) < 1e-3 and line[-1] > 2.5
    assert "σ_w² = 1" in tab.at("phase-words").inner_text()


def test_a_click_measures_a_network_and_stays_in_the_address(tab):
    drawn(tab)
    box = tab.at("panel-phase").locator(".plot").bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.until("() => document.body.dataset.dots === '1'")
    assert "dot=" in tab.page.url
    href = tab.page.get_by_role("link", name="Open in the dashboard").get_attribute("href")
    assert "init.name=variance_scaling" in href and "bias_init.name=normal" in href
    tab.page.reload()
    tab.drawn()
    tab.until("() => document.body.dataset.dots === '1'")
    before = tab.page.locator("#dots").inner_text()
    tab.at("control-network.activation.name").select_option("silu")
    tab.until("(before) => { const now = document.querySelector('#dots').innerText; "
              "return now !== before && /loss/.test(now); }", before)


def test_on_a_phone_the_controls_are_behind_a_button(new_tab):
    tab = new_tab(viewport={"width": 360, "height": 740})
    drawn(tab)
    assert not tab.at("control-network.activation.name").is_visible()
    tab.page.locator("#rail-open").click()
    tab.at("control-network.activation.name").select_option("relu")
    tab.until("() => document.querySelector('[data-testid=phase-words]').textContent.startsWith('ReLU')")
    tab.page.locator("#rail-close").click()
    tab.until("() => !document.getElementById('controls').checkVisibility({visibilityProperty: true})")


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (1280, "zh"), (390, "en"), (390, "zh"), (3840, "en")])
def test_no_choice_is_cut_off(new_tab, width, language):
    """Each select is as wide as its longest choice asks for, beside its label."""
    tab = new_tab(viewport={"width": width, "height": 800})
    drawn(tab, f"view.lang={language}&{MAP}")
    if width < 900:
        tab.page.locator("#rail-open").click()
    cut = tab.page.evaluate("""() => [...document.querySelectorAll("#controls .control > select")].map((select) => {
        const width = select.getBoundingClientRect().width;
        Object.assign(select.style, {maxWidth: "none", width: "max-content"});
        return [select.dataset.testid, width, select.getBoundingClientRect().width];
    })""")
    assert any(name == "control-colour" for name, _, _ in cut)
    assert [name for name, width, natural in cut if width < natural - 0.5] == []


def test_a_measured_map_streams_its_rows(tab):
    drawn(tab)
    tab.at("measure-button").click()
    tab.until("() => document.body.dataset.rows === '5'")
    assert tab.at("control-colour").input_value() == "measured"
    tab.until("() => document.querySelector('[data-testid=sweep-status]').textContent.includes('finished')")
    assert plot(tab, "map.z.length") == 5


def test_no_map_is_measured_of_another_size_than_is_typed(tab):
    drawn(tab)
    tab.at("control-points").fill("1")
    tab.at("measure-button").click()
    tab.until("() => document.querySelector('[data-notice=refused]')?.textContent.includes('See the controls: points a side')")
    assert "sweep=" not in tab.page.url and tab.page.evaluate("document.activeElement.dataset.testid") == "control-points"
    tab.at("control-points").fill("3")
    tab.at("measure-button").click()
    tab.until("() => document.body.dataset.rows === '3' && !document.querySelector('[data-notice=refused]')")


def test_relu_is_treated_honestly(tab):
    drawn(tab, f"{MAP}&network.activation.name=relu")
    assert set(plot(tab, "named('critical line, χ = 1').x.map(x => x.toFixed(4))")) == {"2.0000"}
    assert "lies at σ_w² = 2 whatever the biases." in tab.at("phase-words").inner_text()
    assert "Above σ_w² ≈ 2 the variance grows without end: there is no fixed point." in tab.at("phase-words").inner_text()


def test_the_dashboard_leads_there_with_its_own_point(tab):
    tab.open("/#network.activation.name=tanh&init.name=variance_scaling&init.scale=1.5&network.depth=6&network.width=32")
    href = tab.page.get_by_role("link", name="Phase diagram").get_attribute("href")
    assert re.search(r"network.activation.name=tanh", href) and re.search(r"own=1\.5,0$", href)
    tab.open(href)
    drawn_at(tab, 1.5)


def drawn_at(tab, w2):
    """One's own point is drawn where it stands, within the axes."""
    tab.drawn()
    assert plot(tab, "named('The network you came from').x") == [w2]
    assert plot(tab, "plot.layout.xaxis.range")[1] >= w2 and "The network you came from" in tab.page.locator("#own").inner_text()


def test_axes_reach_a_network_beyond_them(tab):
    tab.open("/#network.activation.name=tanh&init.name=variance_scaling&init.scale=25&network.depth=6&network.width=32")
    tab.open(tab.page.get_by_role("link", name="Phase diagram").get_attribute("href"))
    drawn_at(tab, 25)


def clicked(tab, share=0.5):
    tab.page.wait_for_timeout(400)  # two clicks within 0.3 s are a double click to Plotly, which resets the axes
    box = tab.at("panel-phase").locator(".plot").bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


def test_a_dot_is_trained_and_bears_the_loss_which_a_link_keeps(tab, new_tab):
    """The loss beside the dot is the run's own; an open link follows the run and starts none."""
    drawn(tab, f"{MAP}&train_steps=30&network.depth=3")
    clicked(tab)
    tab.until("() => document.body.dataset.dots === '1'")
    tab.at("dot-train").click()
    tab.until("() => document.body.dataset.trained === '1'")
    assert not tab.at("dot-train").is_visible() and re.search(r"dot=[\d.]+%2C[\d.]+%2C[0-9a-f]{16}", tab.page.url)
    run = tab.page.url[-16:]
    frames = tab.page.evaluate("async (id) => (await (await fetch(`/api/runs/${id}/frames`)).json()).frames", run)
    config = tab.page.evaluate("async (id) => (await (await fetch(`/api/runs/${id}`)).json()).config", run)
    assert config["data"]["name"] == "digits" and config["training"]["steps"] == frames[-1]["step"] == 30
    assert config["init"]["name"] == "variance_scaling" and config["network"]["depth"] == 3
    loss = float(plot(tab, "plot.layout.annotations[0].text"))
    assert loss == pytest.approx(frames[-1]["loss"], rel=5e-3)
    assert f"after 30 steps the loss is {plot(tab, 'plot.layout.annotations[0].text')}" in tab.page.locator("#dots").inner_text()
    other = new_tab()
    drawn(other, tab.page.url.split("#")[1])
    other.until("() => document.body.dataset.trained === '1'")
    assert other.page.get_by_role("link", name="Open the run").get_attribute("href") == f"/runs/{run}"


def test_another_network_has_not_been_trained_and_other_axes_leave_it(tab):
    drawn(tab, f"{MAP}&train_steps=25&network.depth=3")
    clicked(tab)
    clicked(tab, 0.7)
    tab.until("() => document.body.dataset.dots === '2'")
    tab.page.keyboard.press("t")
    tab.until("() => document.body.dataset.trained === '1'")
    assert plot(tab, "plot.layout.annotations[0].x === named('Networks looked at').x[1]")
    tab.at("control-sigma_w2.high").fill("6")
    tab.at("control-sigma_w2.high").press("Enter")
    tab.until("() => document.querySelector('[data-testid=panel-phase] .js-plotly-plot').layout.xaxis.range[1] === 6")
    assert tab.page.evaluate("() => document.body.dataset.trained") == "1"
    tab.at("control-train_steps").fill("26")
    tab.at("control-train_steps").press("Enter")
    tab.until("() => document.body.dataset.trained === '0' && document.querySelectorAll('[data-testid=dot-train]').length === 2")
    assert len(re.findall("dot=", tab.page.url)) == 2 and not re.search("[0-9a-f]{16}", tab.page.url)


def test_a_link_with_a_run_that_is_not_here_leaves_the_dot_to_be_trained(tab):
    drawn(tab, f"{MAP}&dot=1.5,0.1,{'0' * 16}")
    tab.at("dot-train").wait_for()
    tab.until("() => document.body.dataset.dots === '1'")
    assert tab.at("dot-train").is_visible() and "Trained" not in tab.page.locator("#dots").inner_text()
    assert len(tab.complaints) == 1 and "404" in tab.complaints.pop()


def test_a_map_that_is_not_there_says_so_where_it_would_be_and_a_click_finds_its_place(tab):
    drawn(tab, f"{MAP}&colour=loss&train_steps=2")
    assert "Press Train the map: 5 × 5 networks" in tab.at("phase-empty").inner_text()
    assert tab.at("measure-button").inner_text() == "Train the map"
    before = tab.at("panel-phase").bounding_box()
    tab.at("control-colour").select_option("measured")
    assert tab.at("measure-button").inner_text() == "Measure the map"
    assert tab.at("panel-phase").bounding_box() == before
    clicked(tab)
    tab.until("() => document.body.dataset.dots === '1'")
    tab.at("measure-button").click()
    tab.until("() => document.body.dataset.rows === '5' && document.getElementById('empty').hidden")
    tab.at("control-colour").select_option("loss")
    tab.until("() => document.getElementById('empty').checkVisibility()")
    assert "Nothing is trained yet" in tab.at("phase-empty").inner_text()
    tab.at("measure-button").click()
    tab.until("() => document.getElementById('empty').hidden && document.body.dataset.rows === '5'")
    assert plot(tab, "map.z.flat().filter(Number.isFinite).length") == 25


def test_a_dot_that_is_refused_is_named_and_the_picture_is_not_blamed(tab):
    tab.page.route("**/api/preview*", lambda route: route.fulfill(
        status=422, content_type="application/problem+json", body='{"title": "x", "status": 422, "detail": "It is too large."}'))
    drawn(tab, f"{MAP}&dot=1.5,0.1")
    tab.page.locator("[data-notice=refused]").wait_for()
    assert tab.page.locator("[data-notice=refused] p").inner_text() == (
        "The network at σ_w² = 1.5, σ_b² = 0.1 was not looked at. It is too large.")
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]  # Chromium's own note of the answer


@pytest.mark.parametrize("width", [1440, 1100, 700])
def test_what_can_be_done_at_a_dot_stands_in_one_line(new_tab, width):
    tab = new_tab(viewport={"width": width, "height": 900})
    drawn(tab, f"{MAP}&dot=2.636,0.2273")
    tab.until("() => document.body.dataset.dots === '1'")
    ways = [tab.at("dot-train").bounding_box(), tab.page.get_by_role("link", name="Open in the dashboard").bounding_box()]
    middles = [box["y"] + box["height"] / 2 for box in ways]
    assert middles[0] == pytest.approx(middles[1], abs=3)


def test_a_dot_can_be_taken_away_and_comes_back(tab):
    drawn(tab, f"{MAP}&dot=1.5,0.1&dot=2.5,0.2")
    tab.until("() => document.body.dataset.dots === '2'")
    tab.page.get_by_role("button", name="Remove the dot at σ_w² = 1.5, σ_b² = 0.1").click()
    tab.until("() => document.body.dataset.dots === '1'")
    tab.until("() => document.querySelector('#plot').data.find((trace) => trace.name === 'Networks looked at').x.length === 1")
    assert "dot=2.5" in tab.page.url and "dot=1.5" not in tab.page.url
    tab.page.go_back()
    tab.until("() => document.body.dataset.dots === '2'")


def test_whoever_is_at_a_dot_stays_there_while_a_map_streams_in_and_a_run_begins(tab):
    drawn(tab, f"{MAP}&dot=1.5,0.1&dot=2.5,0.2&train_steps=20&network.depth=3")
    tab.until("() => document.body.dataset.dots === '2'")
    away = tab.page.get_by_role("button", name="Remove the dot at σ_w² = 1.5, σ_b² = 0.1")
    away.focus()
    tab.page.evaluate("document.getElementById('measure').click()")
    tab.until("() => document.body.dataset.rows === '5'")
    assert away.evaluate("button => button === document.activeElement")
    tab.at("dot-train").first.press("Enter")
    tab.until("() => document.body.dataset.trained === '1'")
    assert tab.page.evaluate("document.activeElement.textContent") == "Open the run"


def test_the_legend_names_what_lies_over_the_map(tab):
    drawn(tab, f"{MAP}&own=1,0&dot=1.5,0.1")
    tab.until("() => document.querySelectorAll('[data-testid=panel-phase] .legend li').length === 4")
    assert [text.strip() for text in tab.page.locator("[data-testid=panel-phase] .legend li").all_inner_texts()] == [
        "depth = 6 depth scales", "critical line, χ = 1", "Networks looked at", "The network you came from"]
    assert plot(tab, "plot.layout.annotations.map(({text}) => text)") == ["← ordered", "chaotic →"]


def test_the_way_back_leads_to_the_network_one_came_from(tab):
    tab.open("/#view.quantity=weight&network.activation.name=tanh&init.name=xavier_normal&network.depth=6&network.width=32")
    before = tab.page.url
    tab.page.get_by_role("link", name="Phase diagram").click()
    tab.page.wait_for_url("**/phase#*")
    tab.drawn()
    tab.at("control-points").fill("5")
    tab.at("control-points").press("Enter")
    tab.until("() => location.hash.includes('points=5')")
    tab.page.reload()
    tab.drawn()
    tab.page.get_by_role("link", name="Dashboard").click()
    tab.page.wait_for_url("**/#*")
    tab.drawn()
    there = [url.split("#")[1].split("&") for url in (before, tab.page.url)]
    assert set(there[0]) == set(there[1])


@pytest.mark.parametrize("place", ["javascript:alert(1)", "//example.com", "/runs/../..", "https://example.com/#a"])
def test_the_way_back_leads_nowhere_else(tab, place):
    drawn(tab, f"{MAP}&from={place}")
    assert tab.page.locator("#back").get_attribute("href") == "/"
    assert f"from={place.split('#')[0]}" in tab.page.locator("#notices").inner_text()


def test_a_critical_line_beyond_the_picture_is_a_click_away(tab):
    drawn(tab, f"{MAP}&network.activation.name=sigmoid")
    assert "beyond this picture" in tab.at("phase-words").inner_text()
    tab.at("phase-widen").click()
    tab.until("() => document.querySelector('#plot').layout.xaxis.range[1] > 103")
    assert "beyond" not in tab.at("phase-words").inner_text() and not tab.at("phase-widen").is_visible()
    assert float(tab.at("control-sigma_w2.high").input_value()) == plot(tab, "plot.layout.xaxis.range[1]")


@pytest.mark.parametrize(("language", "said"), [("en", "that fixed point repels"), ("zh", "这个不动点是排斥的")])
def test_where_nothing_is_critical_as_a_fixed_point_repels_it_is_said(tab, language, said):
    drawn(tab, f"{MAP}&network.activation.name=silu&view.lang={language}")
    assert said in tab.at("phase-words").inner_text()
    drawn(tab, f"{MAP}&network.activation.name=tanh&view.lang={language}")
    tab.until(f"() => !document.querySelector('[data-testid=phase-words]').textContent.includes('{said}')")


def counted(tab):
    """Requests that would have a map measured."""
    asked = []
    tab.page.on("request", lambda request: request.method == "POST" and request.url.endswith("/api/sweeps") and asked.append(request.url))
    return asked


def test_a_link_shows_the_map_that_was_measured_and_measures_none(tab, new_tab):
    drawn(tab, f"{MAP}&seed=5")
    tab.at("measure-button").click()
    tab.until("() => document.body.dataset.rows === '5' && /sweep=[0-9a-f]{16}/.test(location.hash)")
    other = new_tab()
    asked = counted(other)
    drawn(other, tab.page.url.split("#")[1])
    other.until("() => document.body.dataset.rows === '5'")
    assert plot(other, "map.z.map((row) => [...row])") == plot(tab, "map.z.map((row) => [...row])") and not asked
    clicked(other)
    other.until("() => document.body.dataset.dots === '1'")
    other.page.go_back()
    other.until("() => document.body.dataset.rows === '5' && !location.hash.includes('dot=')")
    other.at("control-network.depth").fill("11")
    other.at("control-network.depth").press("Enter")
    other.until("() => document.body.dataset.rows === '0' && !location.hash.includes('sweep=')")
    assert not asked


@pytest.mark.parametrize(("was", "now"), [
    ("depth=10", "depth=12"), ("depth=10", "depth=10&network.activation.name=selu"), ("points=5", "points=6")])
def test_a_link_whose_map_is_another_one_shows_none(tab, new_tab, was, now):
    drawn(tab, f"{MAP}&seed=6")
    tab.at("measure-button").click()
    tab.until("() => document.body.dataset.rows === '5' && location.hash.includes('sweep=')")
    other = new_tab()
    drawn(other, tab.page.url.split("#")[1].replace(was, now))
    other.until("() => !location.hash.includes('sweep=') && document.getElementById('empty').checkVisibility()")
    assert other.page.evaluate("() => document.body.dataset.rows") == "0"


def test_a_link_whose_map_is_not_here_leaves_it_to_be_measured(tab):
    drawn(tab, f"{MAP}&colour=measured&sweep={'0' * 16}")
    tab.until("() => !location.hash.includes('sweep=') && document.getElementById('empty').checkVisibility()")
    assert "Nothing is measured yet" in tab.at("phase-empty").inner_text() and not tab.page.locator("#notices").inner_text()
    assert len(tab.complaints) == 1 and "404" in tab.complaints.pop()


CROSSED = """() => {
    const box = element => element.getBoundingClientRect(), plot = document.querySelector('#plot');
    const paths = [...plot.querySelectorAll('.contourlayer path, .scatterlayer path.js-line')].filter(path => path.getTotalLength() > 0);
    const points = path => Array.from({length: 400}, (_, index) =>
        path.getPointAtLength(path.getTotalLength() * index / 399).matrixTransform(path.getScreenCTM()));
    const covers = ({left, right, top, bottom}) =>
        paths.flatMap(points).filter(({x, y}) => x > left && x < right && y > top && y < bottom).length;
    return [...plot.querySelectorAll('.annotation')].map(word => [word.textContent, paths.length, covers(box(word))]);
}"""
"""Of each word on the map: what it says, how many lines there are, and how many of their points it covers."""

MAPS = ["", "sigma_w2.high=3", "network.activation.name=relu", "network.activation.name=softsign&sigma_w2.high=12&network.depth=200",
             "network.activation.name=gelu&sigma_w2.high=6"]


@pytest.mark.parametrize("chosen", MAPS)
def test_on_a_phone_the_phases_names_cover_no_line(new_tab, chosen):
    tab = new_tab(viewport={"width": 390, "height": 844})
    tab.open(f"/phase#{chosen}")
    tab.until("() => document.querySelectorAll('#plot .annotation').length >= 2")
    found = tab.page.evaluate(CROSSED)
    assert [text for text, _, _ in found] == ["← ordered", "chaotic →"] and all(lines >= 2 for _, lines, _ in found)
    assert [covered for _, _, covered in found] == [0, 0]


def test_back_and_forward_go_through_networks_and_dots(tab):
    drawn(tab, "network.depth=5&network.width=16")
    tab.at("place-w2").fill("2")
    tab.at("place-b2").fill("0.1")
    tab.at("place-button").click()
    tab.until("() => document.body.dataset.dots === '1'")
    tab.at("control-network.activation.name").select_option("relu")
    depth = tab.at("control-network.depth")
    depth.fill("8")
    depth.press("Enter")
    shown = """([name, dots]) => document.getElementById('run-name').textContent === name && document.body.dataset.dots === dots"""
    tab.until(shown, ["ReLU · 8 × 16", "1"])
    tab.page.go_back()
    tab.until(shown, ["ReLU · 5 × 16", "1"])
    tab.page.go_back()
    tab.until(shown, ["Tanh · 5 × 16", "1"])
    tab.page.go_back()
    tab.until("() => !location.hash.includes('dot=')")
    tab.page.go_forward()
    tab.page.go_forward()
    tab.until(shown, ["ReLU · 5 × 16", "1"])


def test_from_where_on_there_is_no_fixed_point_is_said_as_exactly_as_the_grid_knows_it(tab):
    """Softplus hands on half of a large variance: its fixed point ends at 2; the grid's first column beyond it stands at 2.036."""
    drawn(tab, "network.activation.name=softplus")
    assert "Above σ_w² ≈ 2 the variance grows without end" in tab.at("phase-words").inner_text()


def test_where_it_depends_on_the_biases_it_is_said_of_both_ends(tab, server):
    """Second road: a network's rows of theory, on both sides of what is said."""
    drawn(tab, "network.activation.name=silu")
    words = tab.at("phase-words").inner_text()
    for b2, edge in ((0.5, 2.0), (0.0, 2.9)):
        assert f"At σ_b² = {b2:g} the variance grows without end above σ_w² ≈ {edge:g}." in words
        config = {"network": {"activation": {"name": "silu"}}, "bias_init": {"name": "normal", "std": b2 ** 0.5}}
        for scale, grows in ((edge - 0.15, False), (edge + 0.15, True)):
            init = {"name": "variance_scaling", "scale": scale, "mode": "fan_in"}
            found = server.client.post("/api/theory", json={**config, "init": init}, params={"input_mean_square": (1 - b2) / scale}).json()
            assert (found["fixed_point"]["q"] is None) == grows, (b2, scale)


def test_a_tap_leaves_one_dot(new_tab):
    """It comes as a touch, and as the mouse that the browser plays for it, which stands on a whole pixel: in other cells here."""
    tab = new_tab(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    drawn(tab, "network.depth=5&network.width=16")
    box = tab.page.locator("#plot .nsewdrag").bounding_box()
    for place in (0.6, 0.25):
        tab.page.touchscreen.tap(box["x"] + place * box["width"] + 0.4, box["y"] + 0.3 * box["height"] + 0.4)
        tab.page.wait_for_timeout(600)
    tab.until("() => document.querySelectorAll('#dots .dot-line').length >= 2")
    assert tab.page.evaluate("document.body.dataset.dots") == "2"


def test_axes_that_cannot_be_drawn_leave_no_empty_box(tab):
    drawn(tab, "sigma_w2.low=3&sigma_w2.high=1")
    assert "low 3.0 must be below high 1.0" in tab.page.locator("[data-notice=refused]").inner_text()
    assert "last one that worked" not in tab.page.locator("[data-notice=refused]").inner_text() and tab.at("phase-empty").is_visible()
    tab.at("control-sigma_w2.low").fill("0.5")
    tab.at("control-sigma_w2.low").press("Enter")
    tab.until("""() => document.querySelector('#plot .nsewdrag') && document.getElementById('empty').hidden
        && !document.querySelector('.notice')""")
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]  # Chromium's own note of the answer
