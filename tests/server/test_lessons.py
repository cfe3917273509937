"""A lesson's file is checked when it is read, and an error says which file and what."""

import json

import pytest

from server import lessons
from server.lessons import BadLesson, read

GOOD = {"order": 1, "title": "One", "summary": "First.", "steps": [
    {"title": "a", "text": ["b"], "look": "c", "config": {"network": {"depth": 3}},
     "question": {"ask": "Which?", "choices": ["x", "y"], "answer": 1, "why": "So."}}]}
NUMBER = {"ask": "How much?", "low": 1, "high": 2, "why": "So.", "from": {"field": "loss", "frame": 0}}


def written(folder, lesson):
    path = folder / "one.en.json"
    path.write_text(json.dumps(lesson))
    return path


def with_step(**changes):
    return {**GOOD, "steps": [{**GOOD["steps"][0], **changes}]}


def test_a_lesson_with_either_kind_of_question(tmp_path):
    assert read(written(tmp_path, GOOD)).steps[0].config.network.depth == 3
    assert read(written(tmp_path, with_step(question=NUMBER))).steps[0].question.source.field == "loss"


@pytest.mark.parametrize(("lesson", "named"), [
    (with_step(config={"network": {"depth": 0}}), "depth"),
    (with_step(config=None), "config"),
    (with_step(question={**GOOD["steps"][0]["question"], "answer": 2}), "answer"),
    (with_step(txet=["b"]), "txet"),
    ({**GOOD, "steps": []}, "steps"),
])
def test_a_mistake_is_named_with_its_file(tmp_path, lesson, named):
    with pytest.raises(BadLesson, match=named) as caught:
        read(written(tmp_path, lesson))
    assert "one.en.json" in str(caught.value)


def test_a_file_is_listed_as_soon_as_it_is_there_and_left_out_with_a_word_where_it_is_no_lesson(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    assert lessons.entries() == []
    written(tmp_path, GOOD)
    (tmp_path / "two.en.json").write_text("{}")
    (tmp_path / "three.json").write_text(json.dumps(GOOD))
    assert [entry["id"] for entry in lessons.entries()] == ["one"]
    assert "two.en.json: order: Field required" in caplog.text and "three.json: a lesson's file is named" in caplog.text
    (tmp_path / "two.en.json").write_text(json.dumps({**GOOD, "order": 0}))
    assert [entry["id"] for entry in lessons.entries()] == ["two", "one"]
