"""The lessons' files: one structure in both languages, every configuration valid, every question one that can be answered wrongly."""

import json
from itertools import pairwise

import pytest

from models.config import RunConfig
from server import lessons

PATHS = sorted(lessons.FOLDER.glob("*.json"))
IDS = sorted({path.name.split(".")[0] for path in PATHS})
WORDS = {"title", "summary", "text", "look", "ask", "why", "choices", "label", "columns"}


def load(name, language):
    return json.loads((lessons.FOLDER / f"{name}.{language}.json").read_text())


def bare(value):
    """The lesson without its words: of a text or choices, only how many there are."""
    if isinstance(value, dict):
        return {key: len(part) if key in WORDS and isinstance(part, list) else None if key in WORDS else bare(part)
                for key, part in value.items()}
    return [bare(part) for part in value] if isinstance(value, list) else value


def texts(value, key=None):
    if isinstance(value, str):
        return [value] if key in WORDS else []
    parts = value.items() if isinstance(value, dict) else ((key, part) for part in value) if isinstance(value, list) else ()
    return [text for name, part in parts for text in texts(part, name)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_file_is_a_lesson(path):
    assert 2 <= len(lessons.read(path).steps) <= 10


@pytest.mark.parametrize("name", IDS)
def test_both_languages_have_one_structure(name):
    english, chinese = load(name, "en"), load(name, "zh")
    assert bare(english) == bare(chinese)
    assert all(text.strip() for text in texts(english) + texts(chinese))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese["title"] + chinese["summary"])
    assert not any("\u4e00" <= letter <= "\u9fff" for text in texts(english) for letter in text)


@pytest.mark.parametrize("name", IDS)
def test_bounds_are_narrow_and_places_exist(name):
    for step in load(name, "en")["steps"]:
        question, runs = step["question"], step.get("compare") or [{"config": step["config"]}]
        if "choices" in question:
            assert len(set(question["choices"])) == len(question["choices"])
            continue
        place = question["from"]
        assert 0 < question["low"] < question["high"] <= 1.5 * question["low"]
        config = RunConfig.model_validate(runs[place.get("run", 0)]["config"])
        assert "layer" not in place or 1 <= place["layer"] <= config.network.depth + 1


@pytest.mark.parametrize("name", IDS)
def test_what_is_asked_of_compared_runs_is_on_show(name):
    for step in load(name, "en")["steps"]:
        view, place = step.get("view", {}), step["question"].get("from", {})
        if "compare" not in step or "quantity" not in place:
            continue
        of_a_map = place["run"] < 2 and view.get("quantity", "activation") == place["quantity"] and place["field"] in ("mean", "std")
        signal = {"mean": "activation_mean", "std": "activation_std", "mean_square": "activation"}[place["field"]]
        assert of_a_map or (place["quantity"] == "activation" and view.get("signal") == signal), step["title"]
        assert place["frame"] == -1 or view.get("step") == 0 or step["compare"][0]["config"]["training"]["steps"] == 0, step["title"]


def test_the_order_has_no_place_twice():
    orders = sorted(load(name, "en")["order"] for name in IDS)
    assert all(first < second for first, second in pairwise(orders))
