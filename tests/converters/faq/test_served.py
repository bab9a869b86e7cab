from pathlib import Path

import numpy as np
import pytest

from converters.export import ConversionError
from converters.faq import served
from converters.faq.served import ServedModel
from server.errors import StartupError
from tests import tiny

QUESTIONS = ["sort an array", "compare dates", "which string", "nothing known", "array array date"]


def test_it_says_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "BATCH", 2)
    path = tiny.write(tmp_path, tiny.stamped(tiny.faq_graph(), tiny.faq_contract()))
    model = ServedModel.of(path)
    answers = model.answers(QUESTIONS, [0, 1])
    assert list(answers.texts) == QUESTIONS
    assert answers.entries.tolist() == [0, 1, -1, -1, -1]
    for number, text in enumerate(QUESTIONS):
        alone = model._ask([text])[0]
        np.testing.assert_allclose(answers.chances[number], np.sort(alone)[::-1], atol=1e-6)
    assert len(model.version) == 12


def test_its_own_questions(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, tiny.stamped(tiny.faq_graph(), tiny.faq_contract()))
    own = ServedModel.of(path).own_answers()
    assert list(own.texts) == [entry.question for entry in tiny.faq_contract().entries]
    assert own.entries.tolist() == [0, 1, 2]


def test_another_task_is_refused(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, tiny.stamped(tiny.image_graph(), tiny.image_contract()))
    with pytest.raises(ConversionError, match="is no FAQ model"):
        ServedModel.of(path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.onnx"
    path.write_text("hello")
    with pytest.raises(StartupError, match="is no model file"):
        ServedModel.of(path)
