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


STAND_IN = {
    "low": {"data": {"name": "gaussian", "features": 784, "batch_size": 64}, "training": {"steps": 0}},
    "choices": {"data": {"name": "digits", "batch_size": 64}, "training": {"steps": 40, "optimizer": {"name": "adamw", "lr": 0.001}}},
}
"""MNIST is not at hand: what is asked about its weights needs 784 features only, how a run begins is seen on the small digits."""


def configs(step):
    found = [run["config"] for run in step.get("compare") or [step]]
    stand_in = STAND_IN["low" if "low" in step["question"] else "choices"]
    return [json.dumps(config | (stand_in if config.get("data", {}).get("name") == "mnist" else {}), sort_keys=True) for config in found]


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
    found = frame["normalization"] if place["quantity"] == "normalization" else frame["quantities"][place["quantity"]]
    return found[place["field"]][frame["layers"].index(place["layer"])]


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


def std(layer):
    return at("std", "activation", layer)


def square(layer):
    return at("mean_square", "activation", layer)


def gradient(layer):
    return at("norm", "preactivation_gradient", layer)


LOSS, FIRST_LOSS, EVALUATED = at("loss", frame=-1), at("loss"), at("evaluation_loss", frame=-1)


def held(field, layer, frame=-1):
    return at(field, "normalization", layer, frame)


CHOICES = {
    ("why-zeros-fail", 2): lambda r: r[0](at("std", "weight", 2)) == 0 and r[0](at("std", "weight", 2, -1)) < 1e-6,
    ("why-zeros-fail", 3): lambda r: abs(r[0](LOSS) - 0.693) < 0.01 and r[1](LOSS) < 0.45 and r[2](LOSS) < 0.45,
    ("too-small-too-large", 2): lambda r: r[0](gradient(1)) > 1000 * r[0](gradient(10)),
    ("five-initializers", 2): lambda r: r[2](FIRST_LOSS) > 4 * max(r[i](FIRST_LOSS) for i in (0, 1, 3, 4)),
    ("xavier-and-relu", 2): lambda r: r[0](std(20)) == 0 and 500 < r[2](std(20)) / r[1](std(20)) < 2000,
    ("sigmoid-vanishing", 2): lambda r: 0.21 < (r[0](gradient(1)) / r[0](gradient(6))) ** (1 / 5) < 0.25,
    ("batch-normalization", 1): lambda r: r[5](LOSS) < 0.02 and r[4](LOSS) < 0.2 and (r[2](LOSS) is None or not r[2](LOSS) < 1),
    ("batch-normalization", 2): lambda r: r[0](at("max", "preactivation", 1)) < 1.001 and r[0](at("std", "preactivation", 1)) > 0.98,
    ("batch-normalization", 3): lambda r: all(abs(r[i](at("mean", "preactivation", 1))) < 1e-4 for i in (0, 1)),
    ("batch-normalization", 5): lambda r: r[0](EVALUATED) > 1.4 * r[0](LOSS)
    and all(abs(r[i](EVALUATED) / r[i](LOSS) - 1) < 0.2 for i in (1, 2)),
    ("batch-normalization", 7): lambda r: [r[0](held(name, 4, 0)) for name in ("gamma_low", "gamma_high", "beta")] == [1, 1, 0]
    and r[0](held("gamma_high", 4)) - r[0](held("gamma_low", 4)) > 0.1 and r[0](held("gamma_low", 4)) > 0.95,
    ("batch-normalization", 8): lambda r: r[0](at("n", "preactivation", 1)) == 256 * 64 * 4
    and abs(r[0](at("std", "preactivation", 1)) - 1) < 1e-3,
    ("batch-normalization", 9): lambda r: r[0](LOSS) < 0.6 * min(r[i](LOSS) for i in (1, 2, 3))
    and all(abs(r[i](at("std", "preactivation", 2)) - 1) < 1e-3 for i in range(4)),
    ("dropout", 1): lambda r: min(r[1](LOSS), r[3](LOSS)) > 10 * max(r[0](LOSS), r[2](LOSS)),
    ("orthogonal-500-layers", 1): lambda r: r[0](std(499)) < 0.1 and r[1](std(499)) > 0.9,
    ("ten-layers-mnist", 1): lambda r: r[2](LOSS) > 1.3 * max(r[0](LOSS), r[1](LOSS)),
    ("mnist-classifier", 1): lambda r: r[0](LOSS) < 0.5 * r[0](FIRST_LOSS),
    ("edge-of-chaos", 0): lambda r: r[0](gradient(1)) < 1e-4 * r[0](gradient(30)),
    ("edge-of-chaos", 2): lambda r: r[1](LOSS) < 1.0 < 1.5 < min(r[0](LOSS), r[2](LOSS)),
    ("residual-connections", 2): lambda r: r[1](square(20)) > 1e8 and r[0](square(20)) < 5 and r[2](square(20)) < 100,
    ("bias-and-dying-relus", 2): lambda r: r[0](at("dead", "activation", 1, -1)) < 0.1 and r[1](at("dead", "activation", 1, -1)) > 0.9,
    ("which-initializer", 0): lambda r: 0.5 < r[0](std(10)) / r[0](std(1)) < 0.6,
    ("which-initializer", 2): lambda r: 16 < r[3](std(10)) / r[2](std(10)) < 64,
}
"""What must hold where a question has choices: `r[i](place)` is the number at a place of the step's i-th run."""

CLAIMS = {
    ("too-small-too-large", 0): (("0.156", 0, at("std", "activation", 1), 0.02), ("1e-8", 0, at("std", "activation", 10), 0.3)),
    ("too-small-too-large", 1): (("16", 0, at("std", "preactivation", 1), 0.05), ("0.89", 0, at("saturated", "activation", 10), 0.02)),
    ("too-small-too-large", 3): (("0.63", 2, at("std", "activation", 1), 0.02), ("0.23", 2, at("std", "activation", 10), 0.08)),
    ("why-zeros-fail", 0): (("2.303", 0, LOSS, 0.001),), ("why-zeros-fail", 1): (("0.693", 0, LOSS, 0.01),),
    ("five-initializers", 1): (("0.693", 0, LOSS, 0.001),),
    ("xavier-and-relu", 0): (("0.14", 0, std(5), 0.1), ("0.58", 0, std(1), 0.03)),
    ("xavier-and-relu", 1): (("1.41", 0, at("std", "preactivation", 1), 0.02),),
    ("sigmoid-vanishing", 0): (("0.83", 0, at("saturated", "activation", 1), 0.02), ("16", 0, at("std", "preactivation", 1), 0.03)),
    ("sigmoid-vanishing", 1): (("0.21", 0, std(1), 0.03), ("0.5", 0, at("mean", "activation", 1), 0.02)),
    ("ten-layers-mnist", 0): (("0.051", 0, at("std", "weight", 2), 0.02),),
    ("mnist-classifier", 0): (("0.0505", 0, at("std", "weight", 1), 0.01),),
    ("batch-normalization", 0): (("2.30", 0, LOSS, 0.01),), ("batch-normalization", 4): (("0.58", 0, std(3), 0.03),),
    ("batch-normalization", 6): (("0.098", 0, held("running_mean_gap", 1), 0.1), ("1.00", 0, held("running_mean_gap", 1, 0), 0.05)),
    ("dropout", 0): (("1.0", 0, square(1), 0.04),),
    ("edge-of-chaos", 1): (("0.73", 0, std(30), 0.03),),
    ("residual-connections", 0): (("2.6", 0, square(2), 0.05),),
    ("residual-connections", 1): (("71", 2, square(20), 0.03),),
    ("bias-and-dying-relus", 0): (("0.1", 2, at("mean", "activation", 5), 0.03),),
    ("which-initializer", 1): (("1.0", 4, std(10), 0.04), ("0.32", 5, std(10), 0.06)),
    ("which-initializer", 3): (("0.65", 1, std(10), 0.03), ("0.23", 0, std(10), 0.06)),
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


BECOMES = {"keeps it": (0.75, 1.34), "fades": (0.2, 0.75), "nearly gone": (0, 0.2)}
"""What the words of a table's cells say of the std of layer 10, in that of layer 1."""

CELLS = [(row["label"], column, cell) for step in STEPS.values() for row in step.get("table", {"rows": []})["rows"]
         for column, cell in zip(step["table"]["columns"], row["cells"], strict=True)]


@pytest.mark.parametrize("place", CELLS, ids=lambda place: f"{place[0]}-{place[1]}")
def test_a_cell_says_what_becomes_of_its_network(place):
    config, (low, high) = json.dumps(place[2]["config"], sort_keys=True), BECOMES[place[2]["text"]]
    assert low <= mean(plain(config, seed).at(std(10)) / plain(config, seed).at(std(1)) for seed in SEEDS) < high
    assert low <= own(config, std(10)) / own(config, std(1)) < high
