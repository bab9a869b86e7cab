"""The default FAQ about JavaScript, and the model made from it."""

from collections import Counter
from pathlib import Path

import pytest

from converters.faq import data
from converters.faq.answers import Answers
from converters.faq.data import Duplicate
from converters.faq.figures import figures
from server.contract import Entry, FaqContract
from server.session import Probabilities, Session

FOLDER = Path(data.__file__).parent / "javascript"
FILES = {
    "originals": FOLDER / "originals.jsonl",
    "duplicates": FOLDER / "duplicates_train.jsonl",
    "test": FOLDER / "duplicates_test.jsonl",
    "no_match": FOLDER / "no_match_train.jsonl",
    "no_match_test": FOLDER / "no_match_test.jsonl",
}


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return data.read_originals(FILES["originals"])


@pytest.fixture(scope="module")
def train(entries: list[Entry]) -> list[Duplicate]:
    return data.read_duplicates(FILES["duplicates"], entries)


@pytest.fixture(scope="module")
def test(entries: list[Entry]) -> list[Duplicate]:
    return data.read_duplicates(FILES["test"], entries)


@pytest.fixture(scope="module")
def no_match() -> list[str]:
    return data.read_questions(FILES["no_match"])


@pytest.fixture(scope="module")
def no_match_test() -> list[str]:
    return data.read_questions(FILES["no_match_test"])


def test_there_are_enough_entries_with_answers(entries: list[Entry]) -> None:
    assert len(entries) >= 150
    assert all(entry.answer and entry.answer.strip() for entry in entries)
    assert sum("`" in (entry.answer or "") for entry in entries) > len(entries) / 2  # with code


def test_every_entry_has_duplicates_and_two_are_held_out(
    entries: list[Entry], train: list[Duplicate], test: list[Duplicate]
) -> None:
    every = range(len(entries))
    assert Counter(one.entry for one in test) == dict.fromkeys(every, 2)
    counts = Counter(one.entry for one in (*train, *test))
    assert min(counts[entry] for entry in every) >= 8


def test_half_of_the_questions_without_an_entry_are_held_out(
    no_match: list[str], no_match_test: list[str]
) -> None:
    assert len(no_match) + len(no_match_test) >= 250
    assert abs(len(no_match) - len(no_match_test)) <= 1


def test_no_text_is_there_twice(
    entries: list[Entry],
    train: list[Duplicate],
    test: list[Duplicate],
    no_match: list[str],
    no_match_test: list[str],
) -> None:
    without = [Duplicate(text, -1) for text in (*no_match, *no_match_test)]
    assert data.repeated(entries, [*train, *test, *without]) == []


def test_duplicates_are_other_words_but_not_all_others(
    entries: list[Entry], train: list[Duplicate], test: list[Duplicate]
) -> None:
    assert 0.05 < data.word_overlap(entries, [*train, *test]) < 0.6
    assert data.word_overlap(entries, test) == pytest.approx(
        data.word_overlap(entries, train), abs=0.05
    )


@pytest.fixture(scope="module")
def session(faq_model: Path) -> Session:
    return Session(faq_model)


@pytest.fixture(scope="module")
def contract(session: Session) -> FaqContract:
    assert isinstance(session.contract, FaqContract)
    return session.contract


def ask(session: Session, contract: FaqContract, texts: list[str]) -> Probabilities:
    return session.run(contract.feeds([contract.encode(text) for text in texts]))


def test_the_default_model_is_made_from_it(contract: FaqContract, entries: list[Entry]) -> None:
    assert list(contract.entries) == entries
    assert contract.provenance.data_sha256 == {
        name: data.sha256(path) for name, path in FILES.items()
    }, "models/faq.onnx is of another version of the FAQ: run 'make models'"


def test_the_default_model_has_the_accuracy_that_it_says(
    session: Session,
    contract: FaqContract,
    entries: list[Entry],
    test: list[Duplicate],
    no_match_test: list[str],
    train: list[Duplicate],
) -> None:
    texts = [*(one.text for one in test), *no_match_test]
    answers = Answers.of(texts, [one.entry for one in test], [ask(session, contract, texts)])
    found = figures(answers.outcomes, contract.threshold)
    said = dict(contract.accuracy)
    assert said.pop("word_overlap") == data.word_overlap(entries, [*train, *test])
    assert said.pop("cv_matched_precision") >= 0.95
    assert said["accuracy_at_1"] >= 0.59  # measured .604: worse training must not go unseen
    assert 0 < said.pop("cv_matched_recall") < 1
    assert {name: found[name] for name in said} == pytest.approx(said, abs=1e-5)
    assert len(said) >= 13


def test_the_default_model_knows_its_own_questions(
    session: Session, contract: FaqContract, entries: list[Entry]
) -> None:
    rows = ask(session, contract, [entry.question for entry in entries])
    assert rows.argmax(axis=1).tolist() == list(range(len(entries)))
    assert (rows.max(axis=1) >= contract.threshold).mean() > 0.95
    far = ask(session, contract, ["how long do I boil an egg", "", "日本語"])
    assert far.max() < contract.threshold
