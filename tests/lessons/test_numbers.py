"""Every number of a lesson by a second road: plain PyTorch from seeds of its own, and the frames of the lesson's own runs."""

import json
from functools import cache
from statistics import mean

import pytest

from models.config import RunConfig
from models.training import train
from server import lessons
from tests.lessons.plain import Run

SEEDS = (1, 2)


def _steps():
    for path in sorted(lessons.FOLDER.glob("*.en.json")):
        for index, step in enumerate(json.loads(path.read_text())["steps"]):
            yield path.name.split(".")[0], index, step


STEPS = {(name, index): step for name, index, step in _steps()}
NUMBERS = {key: step for key, step in STEPS.items() if "low" in step["question"]}


def configs(step):
    return [json.dumps(run["config"], sort_keys=True) for run in step.get("compare") or [step]]


@cache
def plain(config, seed):
    return Run(json.loads(config), seed)


@cache
def frames(config):
    """The first and the last frame of a configuration's own run."""
    settings = json.loads(config)
    found = list(train(RunConfig.model_validate({**settings, "capture": {"every": 10_000_000}})))
    return {0: found[0], -1: found[-1]}


def own(config, place):
    frame = frames(config)[place["frame"]]
    if "quantity" not in place:
        return frame[place["field"]]
    return frame["quantities"][place["quantity"]][place["field"]][frame["layers"].index(place["layer"])]


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: f"{key[0]}-{key[1] + 1}")
def test_a_question_has_its_number(key):
    question = NUMBERS[key]["question"]
    place = question["from"]
    config = configs(NUMBERS[key])[place.get("run", 0)]
    expected = mean(plain(config, seed).at(place) for seed in SEEDS)
    assert question["low"] <= expected <= question["high"]
    assert question["low"] <= own(config, place) <= question["high"]


def at(field, quantity=None, layer=None, frame=0):
    return {"field": field, "frame": frame} | ({"quantity": quantity, "layer": layer} if quantity else {})


def gradient(layer):
    return at("norm", "preactivation_gradient", layer)


LOSS, FIRST_LOSS = at("loss", frame=-1), at("loss")

CHOICES = {
    ("why-zeros-fail", 2): lambda r: r[0](at("std", "weight", 2)) == 0 and r[0](at("std", "weight", 2, -1)) < 1e-6,
    ("why-zeros-fail", 3): lambda r: abs(r[0](LOSS) - 0.693) < 0.01 and r[1](LOSS) < 0.45 and r[2](LOSS) < 0.45,
    ("too-small-too-large", 2): lambda r: r[0](gradient(1)) > 1000 * r[0](gradient(10)),
    ("five-initializers", 2): lambda r: r[2](FIRST_LOSS) > 4 * max(r[i](FIRST_LOSS) for i in (0, 1, 3, 4)),
}
"""What must hold where a question has choices: `r[i](place)` is the number at a place of the step's i-th run."""

CLAIMS = {
    ("too-small-too-large", 0): (("0.156", 0, at("std", "activation", 1), 0.02), ("1e-8", 0, at("std", "activation", 10), 0.3)),
    ("too-small-too-large", 1): (("16", 0, at("std", "preactivation", 1), 0.05), ("0.89", 0, at("saturated", "activation", 10), 0.02)),
    ("too-small-too-large", 3): (("0.63", 2, at("std", "activation", 1), 0.02), ("0.23", 2, at("std", "activation", 10), 0.08)),
    ("why-zeros-fail", 0): (("2.303", 0, LOSS, 0.001),), ("why-zeros-fail", 1): (("0.693", 0, LOSS, 0.01),),
    ("five-initializers", 1): (("0.693", 0, LOSS, 0.001),),
}
"""Numbers that a step's text says: the text, the run, the place, and how far off a network of finite width may be."""


@pytest.mark.parametrize("key", [key for key in STEPS if key not in NUMBERS], ids=lambda key: f"{key[0]}-{key[1] + 1}")
def test_the_right_choice_is_what_happens(key):
    texts = configs(STEPS[key])
    roads = [[lambda place, text=text, seed=seed: plain(text, seed).at(place) for text in texts] for seed in SEEDS]
    roads.append([lambda place, text=text: own(text, place) for text in texts])
    assert all(CHOICES[key](road) for road in roads)


@pytest.mark.parametrize("key", CLAIMS, ids=lambda key: f"{key[0]}-{key[1] + 1}")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number_in_the_text_is_the_networks(key, language):
    said = json.dumps(json.loads((lessons.FOLDER / f"{key[0]}.{language}.json").read_text())["steps"][key[1]], ensure_ascii=False)
    for text, run, place, off in CLAIMS[key]:
        config = configs(STEPS[key])[run]
        assert text in said
        assert mean(plain(config, seed).at(place) for seed in SEEDS) == pytest.approx(float(text), rel=off)
        assert own(config, place) == pytest.approx(float(text), rel=off)
