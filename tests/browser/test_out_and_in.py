"""What leaves the page and what comes into it: frames for other pages, pictures, trained weights, data sets on their way."""

import csv
import io
import json
import math
import re
import struct
import threading
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch

from models.images import MNIST_FILES
from tests import mirror
from tests.conftest import start_server

QUICK = "network.depth=3&network.width=24&training.steps=20&capture.every=5&data.name=moons&data.batch_size=64"


@pytest.fixture
def trained(tab):
    """A tab with a finished run that kept its weights; and the run's id."""
    tab.open(f"/#{QUICK}&capture.weights=true")
    tab.at("run-button").click()
    assert tab.status("finished", "failed") == "finished"
    tab.until("() => document.body.dataset.step === '20'")
    return tab, re.search(r"/runs/([^#?]+)", tab.page.url)[1]


def test_a_run_goes_into_another_page_as_a_frame(trained, new_tab, tmp_path):
    tab, run = trained
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.locator("#export-menu summary").click()
    tab.at("embed-button").click()
    copied = tab.until("async () => (await navigator.clipboard.readText()).includes('<iframe') && await navigator.clipboard.readText()")
    assert f"/runs/{run}?embed=1" in copied
    (tmp_path / "article.html").write_text(f"<!doctype html><title>An article</title><link rel=icon href=data:,><p>Look:</p>{copied}")
    with mirror.served(tmp_path) as site:
        article_frames_the_run(new_tab(viewport={"width": 800, "height": 800}), f"{site.url}/article.html", run)
    on_disk = new_tab(viewport={"width": 800, "height": 800})
    on_disk.page.goto((tmp_path / "article.html").as_uri())
    on_disk.page.frame_locator("iframe").locator("body[data-ready='true'][data-step='20']").wait_for()


def article_frames_the_run(other, url, run):
    other.page.goto(url)
    frame = other.page.frame_locator("iframe")
    frame.locator("body[data-ready='true'][data-step='20']").wait_for()
    for shown in ("panel-histograms", "panel-loss", "scrubber"):
        assert frame.get_by_test_id(shown).is_visible()
    assert frame.get_by_test_id("panel-histograms").bounding_box()["width"] > 700
    for hidden in ("run-button", "cancel-button", "share-button", "control-network.depth"):
        assert not frame.get_by_test_id(hidden).is_visible()
    frame.get_by_test_id("scrubber").fill("0")
    frame.locator("body[data-step='0']").wait_for()
    inner = next(one for one in other.page.frames if "/runs/" in one.url)
    inner.wait_for_function("() => location.hash.includes('view.step=0')")
    assert "?embed=1" in inner.url  # a reload of the frame stays a frame
    whole = frame.locator("#open-whole")
    assert "embed" not in whole.get_attribute("href") and run in whole.get_attribute("href")


def test_every_panel_leaves_as_png_and_svg(trained):
    tab, _ = trained
    tab.until("() => document.querySelectorAll('[data-testid^=panel-] .js-plotly-plot').length >= 6")  # they are drawn in turns
    plots = tab.page.locator("[data-testid^=panel-]:has(.js-plotly-plot)")
    for index in range(plots.count()):
        panel = plots.nth(index)
        panel.scroll_into_view_if_needed()
        panel.locator(".js-plotly-plot").hover()
        assert panel.locator(".modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)") == ["PNG", "SVG", "Reset axes"]
        for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
            with tab.page.expect_download() as waiting:
                panel.locator(f".modebar-btn[data-title={kind}], .modebar-btn[aria-label={kind}]").first.click()
            assert waiting.value.path().read_bytes().startswith(begin), panel.get_attribute("data-testid")
            name = panel.get_attribute("data-testid").removeprefix("panel-")
            assert waiting.value.suggested_filename == f"signal-propagation-{name}-kaiming-normal-relu-3x24-step-20.{kind.lower()}"


def test_a_preview_leaves_as_pictures_and_numbers(tab, server):
    """Read with another program, and held against what the server measures."""
    tab.open(f"/#{QUICK}&network.activation.name=tanh")
    archive, name = saved(tab, lambda: export(tab, "export-figures"))
    assert name == "signal-propagation-figures-kaiming-normal-tanh-3x24-step-0.zip"
    files = zipfile.ZipFile(io.BytesIO(archive))
    assert files.testzip() is None
    panels = ("histograms", "gradient-norms", "layer", "theory", "mean-square", "dead-saturated", "initializer")  # training has not begun
    assert sorted(files.namelist()) == sorted(["about.json", *(f"{panel}.{kind}" for panel in panels for kind in ("png", "svg", "csv"))])
    about = json.loads(files.read("about.json"))
    measured = server.client.post("/api/preview", json=about["configuration"]).json()
    assert about["step"] == 0 and measured["config"] == about["configuration"]
    assert sorted(re.split("[#&]", about["link"])) == sorted(re.split("[#&]", tab.page.url))
    assert about["theory"] == measured["theory"]
    rows = list(csv.DictReader(io.StringIO(files.read("mean-square.csv").decode())))
    squares = measured["frame"]["quantities"]["preactivation"]["mean_square"]
    assert [float(row["pre-activation"]) for row in rows] == pytest.approx(squares, rel=1e-6)
    assert [float(row["theory"]) for row in rows] == pytest.approx(measured["theory"]["preactivation_variance"], rel=1e-8)
    for panel in panels:
        picture = files.read(f"{panel}.png")
        assert picture.startswith(b"\x89PNG") and struct.unpack(">II", picture[16:24]) == (2400, 1350)
        drawn, title = files.read(f"{panel}.svg").decode(), tab.at(f"panel-{panel}").locator("h2").inner_text()
        assert f">{title}<" in drawn and ">kaiming normal · tanh · 3 × 24, at initialization<" in drawn
    whole, name = saved(tab, lambda: export(tab, "export-preview"))
    assert name == "signal-propagation-preview-kaiming-normal-tanh-3x24-step-0.json"
    assert json.loads(whole)["frame"]["quantities"] == measured["frame"]["quantities"]


def test_a_table_has_every_digit_for_who_asks(trained):
    tab, _ = trained
    panel = tab.at("panel-gradient-norms")
    panel.get_by_role("button", name="Table").click()
    table, name = saved(tab, panel.get_by_role("button", name="Save as CSV").click)
    assert name == "signal-propagation-gradient-norms-kaiming-normal-relu-3x24-step-20.csv"
    rows = list(csv.reader(io.StringIO(table.decode())))
    assert rows[0][1:3] == ["gradient", "weight gradient"] and len(rows) == 1 + 4
    titles = panel.locator("tbody tr").evaluate_all("rows => rows.map(row => [...row.children].slice(1).map(cell => cell.title))")
    assert titles == [row[1:] for row in rows[1:]]
    shown = panel.locator("tbody tr").first.locator("td").first.inner_text()
    assert float(shown) == float(f"{float(rows[1][1]):.3g}")
    panel.get_by_role("button", name="Chart").click()
    assert not panel.get_by_role("button", name="Save as CSV").is_visible()


def export(tab, what):
    tab.page.locator("#export-menu summary").click()
    tab.at(what).click()


def saved(tab, act):
    """What is downloaded when something is done, and its name."""
    with tab.page.expect_download() as waiting:
        act()
    return waiting.value.path().read_bytes(), waiting.value.suggested_filename


def test_the_colour_bar_says_what_plotlys_own_does_in_a_picture(trained):
    tab, _ = trained
    panel = tab.at("panel-histograms")
    bar = panel.locator(".colorbar")
    ticks = bar.locator(".tick").all_text_contents()
    boxes = [tick.bounding_box() for tick in bar.locator(".tick").all()]
    heights = [box["y"] + box["height"] / 2 for box in boxes]
    inside, strip = panel.locator(".plot .nsewdrag").first.bounding_box(), bar.locator(".strip").bounding_box()
    assert abs(strip["y"] - inside["y"]) < 2 and abs(strip["height"] - inside["height"]) < 2
    assert max(abs(height - (strip["y"] + strip["height"] * (1 - part / 4))) for part, height in enumerate(heights)) < 2
    panel.locator(".js-plotly-plot").hover()
    with tab.page.expect_download() as waiting:
        panel.locator(".modebar-btn[data-title=SVG], .modebar-btn[aria-label=SVG]").first.click()
    picture = waiting.value.path().read_text()
    assert len(ticks) == 5 and all(f">{text}<" in picture for text in (*ticks, bar.locator(".title").text_content()))
    panel.get_by_role("button", name="ridges").click()
    bar.wait_for(state="detached")
    panel.get_by_role("button", name="heat map").click()
    bar.locator(".strip").wait_for()


def test_another_network_starts_from_these_weights(trained, server):
    tab, run = trained
    last = server.client.get(f"/api/runs/{run}/frames", params={"after": 3}).json()["frames"][0]
    tab.at("control-init.name").select_option("pretrained")
    tab.until("() => document.getElementById('weights-choice').checkVisibility()")
    source = tab.at("control-init.source")
    source.focus()
    tab.until("run => [...document.querySelectorAll('datalist option')].some(option => option.value === run)", run)
    source.fill(run)
    source.press("Enter")
    tab.until("() => document.getElementById('verdict').textContent.includes('4 of 4 layers')")
    assert f"init.source={run}" in tab.page.url and "trained" in tab.at("panel-theory").inner_text()
    tab.at("run-button").click()
    assert tab.status("finished", "failed") == "finished"
    first = server.client.get(f"/api/runs/{re.search(r'/runs/([^#?]+)', tab.page.url)[1]}/frames").json()["frames"][0]
    assert first["quantities"]["weight"]["norm"] == last["quantities"]["weight"]["norm"]
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


def test_without_weights_the_page_says_what_to_do_where_the_charts_will_be(trained, new_tab):
    """A link that names none leads to those that there are, by their run's title; one is chosen with a key press."""
    _, run = trained
    tab = new_tab()
    tab.open(f"/#{QUICK}&init.name=pretrained")
    tab.until("run => document.getElementById('weights-choice').textContent.includes(run.slice(0, 8))", run)
    choice = tab.at("weights-choice")
    assert choice.is_visible() and not tab.page.locator("#grid").is_visible()
    assert tab.page.locator("[data-notice], [aria-invalid]").count() == 0  # nothing is wrong yet
    chosen = choice.get_by_role("button").filter(has_text=run[:8])
    assert "kaiming" in chosen.inner_text()
    chosen.focus()
    tab.page.keyboard.press("Enter")
    tab.until("() => document.getElementById('verdict').textContent.includes('4 of 4 layers')")
    assert f"init.source={run}" in tab.page.url and not choice.is_visible() and tab.page.locator("#grid").is_visible()
    tab.page.go_back()
    tab.until("() => document.getElementById('weights-choice').checkVisibility()")
    tab.at("control-init.name").select_option("zeros")
    tab.until("() => !document.getElementById('weights-choice').checkVisibility()")
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A server that nobody has trained anything on, and whose mirror does not answer."""
    live = start_server(tmp_path_factory.mktemp("bare") / "data", "--dataset-mirror", "http://127.0.0.1:9")
    yield live
    live.stop()


def test_a_server_without_weights_says_how_to_make_some(tab, bare):
    tab.open(f"{bare.url}/#{QUICK}&init.name=pretrained&view.lang=zh")
    tab.until("() => document.getElementById('weights-choice').textContent.includes('这台服务器还没有权重')")
    assert "保留权重" in tab.at("weights-choice").inner_text()
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


def test_what_is_wrong_is_said_at_its_control_and_the_rest_in_the_notice(tab):
    def said():
        return tab.page.locator("[data-notice=refused]").inner_text()

    tab.open(f"/#{QUICK}&init.name=pretrained&init.source=nothing")
    assert "See the controls: source." in said() and "is no run" not in said()
    assert tab.page.locator("[id='error-init.source']").inner_text().startswith("'nothing' is no run on this server")
    tab.page.goto("about:blank")  # a control that the link leaves out cannot say it
    tab.open(f"/#{QUICK}&init.name=pretrained&init.source=nothing&view.controls=network.depth")
    assert "init.source: 'nothing' is no run" in said() and "See the controls" not in said()
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


def test_a_file_of_weights_is_uploaded_and_a_pickle_refused(tab, tmp_path):
    tab.open(f"/#{QUICK}&init.name=pretrained")
    safetensors.numpy.save_file({"0.weight": np.ones((24, 2), np.float32)}, tmp_path / "mine.safetensors")
    (tmp_path / "theirs.safetensors").write_bytes(b"\x80\x04pickle")
    chooser = tab.at("control-init.source-file")
    chooser.set_input_files(tmp_path / "theirs.safetensors")
    tab.until("() => document.body.innerText.includes('runs whatever code')")
    chooser.set_input_files(tmp_path / "mine.safetensors")
    tab.until("() => location.hash.includes('init.source=upload-')")
    tab.until("() => document.getElementById('verdict').textContent.includes('1 of 4 layers')")
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


def test_a_data_set_on_its_way_is_said_and_then_shown(tab, own_server, tmp_path):
    mirror.make_mnist(tmp_path / "mirror")
    with mirror.served(tmp_path / "mirror") as source:
        held = source.hold[MNIST_FILES[0]] = threading.Event()
        live = own_server("--dataset-mirror", source.url)
        tab.open(f"{live.url}/#network.depth=3&network.width=24&data.name=mnist&training.steps=10")
        words = tab.until("() => /fetching mnist \\d+ % of/.exec(document.querySelector('[data-testid=run-status]').textContent)?.[0]")
        assert words
        tab.at("run-button").click()
        tab.until("() => location.pathname.startsWith('/runs/')")
        tab.until("() => /queued.*fetching mnist/.test(document.querySelector('[data-testid=run-status]').textContent)")
        held.set()
        assert tab.status("finished", "failed") == "finished"
        tab.until("() => document.body.dataset.step === '10'")
    tab.complaints[:] = [text for text in tab.complaints if "503" not in text]


def test_compared_runs_say_how_far_their_data_set_is(tab, own_server, tmp_path):
    mirror.make_mnist(tmp_path / "mirror")
    with mirror.served(tmp_path / "mirror") as source:
        held = source.hold[MNIST_FILES[0]] = threading.Event()
        live = own_server("--dataset-mirror", source.url)
        tab.open(f"{live.url}/#view.lesson=ten-layers-mnist&view.lesson_step=2&view.lang=en")
        tab.at("lesson.compare").click()
        tab.page.wait_for_url("**/compare?runs=*")
        tab.until("() => document.querySelector('#compared')?.innerText.match(/fetching mnist \\d+ % of/g)?.length === 3")
        held.set()
        tab.until("() => document.body.dataset.live === '0'")
        assert "fetching" not in tab.at("compared").inner_text() and tab.at("compared").inner_text().count("finished") == 3
    tab.complaints[:] = [text for text in tab.complaints if "503" not in text]


def test_no_network_is_said_with_a_way_out(tab, bare):
    tab.open(f"{bare.url}/#network.depth=3&network.width=24&data.name=mnist")
    tab.until("() => /by hand/.test(document.body.innerText) && /need no network/.test(document.body.innerText)")
    tab.at("control-data.name").select_option("digits")
    tab.until("() => !/by hand/.test(document.body.innerText) && document.body.dataset.step === '0'")
    tab.complaints[:] = [text for text in tab.complaints if "503" not in text]


def columns(text):
    """A CSV's columns of numbers, in order; NaN where a cell is empty."""
    head, *rows = csv.reader(io.StringIO(text.decode()))
    return head, np.array([[float(cell or "nan") for cell in row] for row in rows]).T


def test_the_phase_diagram_leaves_as_numbers(tab):
    """The critical line against quadrature of GELU's own erf, the maps against what is drawn."""
    tab.open("/phase#network.activation.name=gelu&network.depth=10&network.width=32&points=5&sigma_b2.low=0.2")
    drawn = """() => { const map = document.querySelector('[data-testid=panel-phase] .js-plotly-plot').data.find((trace) => trace.colorbar);
                       return map.customdata.flatMap((row) => [...row]); }"""
    text, name = saved(tab, lambda: tab.at("phase-map-csv").click())
    assert name == "signal-propagation-phase-map-gelu-10x32.csv"
    head, (w2, b2, scale, chi, q) = columns(text)
    assert head[:2] == ["weight variance × fan_in, σ_w²", "bias variance, σ_b²"]
    assert len(set(zip(w2, b2, strict=True))) == len(w2) == 64 * 64
    assert scale == pytest.approx(1 / np.abs(np.log(chi)), rel=1e-5, nan_ok=True)
    assert scale[~np.isnan(scale)] == pytest.approx(np.array(tab.page.evaluate(drawn), float)[~np.isnan(scale)], rel=1e-8)
    tab.page.locator("#line summary").click()
    text, _ = saved(tab, lambda: tab.at("phase-line-csv").click())
    _, (b2, w2) = columns(text)
    for bias, weight in [(b, w) for b, w in zip(b2, w2, strict=True) if not np.isnan(w)][::16]:
        assert gelu_slope(weight, bias) == pytest.approx(1.0, abs=2e-5)
    tab.at("measure-button").click()
    tab.until("() => document.querySelector('[data-testid=sweep-status]').textContent.includes('finished')")
    text, _ = saved(tab, lambda: tab.at("phase-map-csv").click())
    head, (w2, b2, q, correlation, chi, loss, final) = columns(text)
    assert len(w2) == 25 and np.isnan(final).all() and (loss > 0).all() and (np.abs(correlation) <= 1).all() and (q > 0).all()
    tab.until(f"(count) => ({drawn})().filter(Number.isFinite).length === count", int(np.isfinite(chi).sum()))
    nine_digits = 6e-9  # half of the ninth of a chi just above 1
    assert np.abs(np.log(chi)) == pytest.approx(1 / np.array(tab.page.evaluate(drawn)), abs=nine_digits, rel=nine_digits)


def gelu_slope(weight, bias):
    """chi at the fixed point of q = sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2, for phi(x) = x Phi(x)."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(200)
    shares = shares / shares.sum()
    q = 1.0
    for _ in range(2000):
        x = math.sqrt(q) * nodes
        below = 0.5 + 0.5 * torch.erf(torch.tensor(x) / math.sqrt(2)).numpy()
        q = weight * shares @ (x * below) ** 2 + bias
    slope = below + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return weight * shares @ slope**2
