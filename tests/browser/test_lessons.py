"""Every lesson in both languages, as a learner walks through it."""

import json
from functools import cache

import pytest
from playwright.sync_api import expect

from server.lessons import FOLDER
from tests.browser.conftest import tabs

LOCALES = {"en": "en-GB", "zh": "zh-CN"}
FILES = sorted(FOLDER.glob("*.json"))
WORDS = {"en": {"right": "Right.", "wrong": "Not yet"}, "zh": {"right": "正确。", "wrong": "还不对"}}
TABLES = {"std": "histograms", "mean_square": "mean-square", "dead": "dead-saturated", "saturated": "dead-saturated"}
"""In which panel's table a statistic stands."""
HEADS = {"en": {"std": "std", "mean_square": "activation", "dead": "dead units", "saturated": "saturated"},
         "zh": {"std": "标准差", "mean_square": "激活", "dead": "死亡单元", "saturated": "饱和"}}

CELL = """([panel, head, layer, low, high]) => {
    const table = document.querySelector(`[data-testid=panel-${panel}] table`);
    const column = [...table?.querySelectorAll('thead th') ?? []].findIndex(one => one.textContent === head);
    const row = [...table?.querySelectorAll('tbody tr') ?? []].find(one => one.cells[0].textContent === String(layer));
    const text = row?.cells[column]?.textContent ?? '', number = parseFloat(text) / (text.endsWith('%') ? 100 : 1);
    return low <= number && number <= high && text;
}"""


def answer(tab, question, right, text=None):
    """Answers a step's question, rightly or wrongly."""
    if "choices" in question:
        tab.at(f"lesson.choice-{question['answer'] if right else (question['answer'] + 1) % len(question['choices'])}").check()
    else:
        number = (question["low"] + question["high"]) / 2
        tab.at("lesson.number").fill(text or f"{number if right else number + 10 * (abs(number) + 1):.6g}")
        tab.at("lesson.check").click()
    return tab.at("lesson.answer").inner_text()


def read(tab, step, language):
    """The number that is asked for as the page's own tables have it, where it is one of the network on show; else None."""
    question, place = step["question"], step["question"].get("from", {})
    if place.get("frame") != 0 or "compare" in step:
        return None
    field = place["field"]
    return tab.until(CELL, [TABLES[field], HEADS[language][field], place["layer"], question["low"], question["high"]])


@pytest.fixture(scope="module")
def reader(browser, server):
    """The tab of somebody who reads that language, opened once: there one lesson follows on another."""
    with tabs(browser, server) as new_tab:
        @cache
        def opened(language):
            tab = new_tab(locale=LOCALES[language])
            tab.open("/")
            for panel in sorted(set(TABLES.values())):
                tab.at(f"panel-{panel}").locator(".toggle").click()
            return tab

        yield opened


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lesson_is_walked_through(reader, path):
    name, language = path.stem.rsplit(".", 1)
    lesson = json.loads(path.read_text())
    tab = reader(language)
    tab.page.locator("#lessons-menu summary").click()
    tab.at(f"lesson-{name}").click()
    for number, step in enumerate(lesson["steps"], start=1):
        tab.until("title => document.querySelector('#lesson h2')?.textContent === title", step["title"])
        shown = tab.at("lesson").inner_text()
        assert [text for text in (*step["text"], step["look"], step["question"]["ask"]) if text not in shown] == []
        assert f"view.lesson={name}" in tab.page.url and f"view.lesson_step={number}" in tab.page.url
        assert answer(tab, step["question"], right=False).startswith(WORDS[language]["wrong"])
        said = answer(tab, step["question"], right=True, text=read(tab, step, language))
        assert said.startswith(WORDS[language]["right"]) and step["question"]["why"] in said
        if number < len(lesson["steps"]):
            tab.at("lesson.next").click()
    assert tab.at("lesson.next").is_disabled()


def test_a_link_to_a_step_shows_it_with_its_controls_only(tab):
    path = next(path for path in FILES if path.name.endswith(".en.json") and json.loads(path.read_text()).get("controls"))
    lesson = json.loads(path.read_text())
    tab.open(f"/#view.lesson={path.stem.removesuffix('.en')}&view.lesson_step=1&view.lang=en&view.controls={','.join(lesson['controls'])}")
    tab.until("title => document.querySelector('#lesson h2')?.textContent === title", lesson["steps"][0]["title"])
    shown = tab.page.evaluate("[...document.querySelectorAll('#controls [data-testid^=control-]')]"
                              ".filter(one => one.checkVisibility()).map(one => one.dataset.testid.slice(8).split('-')[0])")
    assert set(lesson["controls"]) <= set(shown)
    left = {control.removesuffix(".name") for control in lesson["controls"]}
    assert [path for path in shown if not path.endswith(".name") and not any(f"{path}.".startswith(f"{one}.") for one in left)] == []
    assert "network.depth" not in shown
    tab.page.locator("#controls-all").click()
    tab.until("document.querySelector('[data-testid=\"control-network.depth\"]').checkVisibility()")


def test_a_link_to_a_step_begins_with_its_network_and_keeps_its_own_controls(tab):
    step = json.loads((FOLDER / "too-small-too-large.en.json").read_text())["steps"][1]
    tab.open("/#view.lesson=too-small-too-large&view.lesson_step=2&view.controls=init.std&view.lang=en")
    tab.until("depth => document.querySelector('[data-testid=\"control-network.depth\"]').value === depth",
              str(step["config"]["network"]["depth"]))
    tab.until("() => location.hash.includes('init.std=1')")
    assert "view.controls=init.std" in tab.page.url and "init.name%2C" not in tab.page.url
    assert tab.at("control-init.std").is_visible() and tab.at("control-init.std").input_value() == "1"


def test_a_link_to_a_lesson_begins_with_its_first_network(tab):
    lesson = json.loads((FOLDER / "too-small-too-large.en.json").read_text())
    tab.page.goto("/runs")
    tab.open("/#view.lesson=too-small-too-large&view.lang=en")
    tab.until("() => new URLSearchParams(location.hash.slice(1)).get('view.lesson_step') === '1'")
    assert tab.at("control-network.depth").input_value() == str(lesson["steps"][0]["config"]["network"]["depth"])
    tab.page.go_back()
    tab.page.wait_for_url("**/runs")


def test_a_lesson_goes_along_to_its_comparison(tab):
    lessons = [(path, json.loads(path.read_text())) for path in FILES if path.name.endswith(".en.json")]
    path, number = next((path, number) for path, lesson in lessons for number, step in enumerate(lesson["steps"], start=1)
                        if "compare" in step and all(one["config"].get("data", {}).get("name") == "moons" for one in step["compare"]))
    step = json.loads(path.read_text())["steps"][number - 1]
    tab.open(f"/#view.lang=en&view.lesson={path.stem.removesuffix('.en')}&view.lesson_step={number}")
    tab.at("lesson.compare").click()
    tab.page.wait_for_url("**/compare?runs=*")
    tab.until("title => document.querySelector('#lesson h2')?.textContent === title", step["title"])
    tab.until("count => Number(document.body.dataset.runs) === count && document.body.dataset.ready === 'true'", len(step["compare"]))
    assert answer(tab, step["question"], right=True).startswith("Right.")


def test_compared_runs_bear_the_lessons_names(tab):
    step = json.loads((FOLDER / "five-initializers.en.json").read_text())["steps"][1]
    tab.open("/#view.lang=en&view.lesson=five-initializers&view.lesson_step=2")
    tab.at("lesson.compare").click()
    tab.page.wait_for_url("**/compare?runs=*")
    labels = [one["label"] for one in step["compare"]]
    for letter, label in zip("ABCDE", labels, strict=True):
        tab.until("([card, label]) => document.querySelector(`[data-testid=${card}] .name`)?.textContent === label", [f"run-{letter}",
                  label])
        tab.until("text => document.querySelector('[data-testid=panel-losses] .legend')?.textContent.includes(text)", f"{letter} · {label}")
    tab.at("lesson.next").focus()
    tab.page.keyboard.press("Enter")
    tab.until("title => document.querySelector('#lesson h2')?.textContent === title", "The first step")


def test_a_cell_of_a_lessons_table_puts_its_network_on_the_page(tab):
    tab.open("/#view.lang=en")
    tab.page.locator("#lessons-menu summary").click()
    tab.at("lesson-which-initializer").click()
    tab.until("() => document.activeElement.textContent === 'The table'")
    cell = tab.at("lesson.table").get_by_role("button", name="SELU · LeCun: keeps it")
    cell.focus()
    tab.page.keyboard.press("Enter")
    tab.until("() => document.querySelector('[data-testid=\"control-init.name\"]').value === 'lecun_normal'")
    assert tab.at("control-network.activation.name").input_value() == "selu"
    assert cell.get_attribute("aria-pressed") == "true" and "view.lesson_step=1" in tab.page.url


def test_a_lesson_that_cannot_be_had_is_said_and_asked_for_again(tab):
    tab.page.route("**/static/lessons/why-zeros-fail.en.json", lambda route: route.fulfill(status=200, body=""), times=1)
    tab.open("/#view.lang=en")
    tab.page.locator("#lessons-menu summary").click()
    tab.at("lesson-why-zeros-fail").click()
    tab.page.get_by_text("That did not work.").wait_for()
    tab.page.locator("#lessons-menu summary").click()
    tab.at("lesson-why-zeros-fail").click()
    tab.until("() => document.querySelector('#lesson h2')?.textContent")


def test_the_question_stays_in_view_beside_whatever_is_looked_at(tab):
    tab.open("/#view.lang=en&view.lesson=batch-normalization&view.lesson_step=2")
    tab.at("lesson.compare").click()
    tab.page.wait_for_url("**/compare?runs=*")
    tab.until("() => document.body.dataset.ready === 'true'")
    losses, question = tab.at("panel-losses"), tab.page.locator(".lesson-question")
    expect(losses.locator(".plot")).to_be_in_viewport(ratio=1)
    expect(question).to_be_in_viewport(ratio=1)
    assert tab.at("names").locator("li").count() == 6
    tab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(losses).not_to_be_in_viewport()
    expect(question).to_be_in_viewport(ratio=1)
    tab.page.locator(".look").get_by_role("link", name="Loss and accuracy").click()
    expect(losses.locator(".plot")).to_be_in_viewport(ratio=1)
    assert tab.page.evaluate("document.activeElement.id") == "title-losses"


def test_on_a_phone_the_curves_follow_the_text(new_tab):
    tab = new_tab(locale="en-GB", viewport={"width": 390, "height": 844})
    tab.open("/#view.lesson=five-initializers&view.lesson_step=2")
    tab.at("lesson.compare").click()
    tab.page.wait_for_url("**/compare?runs=*")
    tab.until("() => document.body.dataset.ready === 'true'")
    text, losses, first = (tab.at(name).bounding_box() for name in ("lesson", "panel-losses", "run-A"))
    assert text["y"] + text["height"] < losses["y"] < 844 < first["y"]
