"""The report's page, in a browser too."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from converters.faq import report
from converters.faq.answers import Answers
from converters.faq.data import Duplicate
from converters.faq.evaluate import evaluate
from converters.faq.evidence import Evidence
from converters.faq.steps import Step
from converters.report.section import SHOWN
from server.contract import Entry
from tests.browser import Elements, Elsewhere, browse, hostile


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


def evidence(texts: list[str], entries: int = 40) -> Evidence:
    """Every section, with `texts` in every place that takes texts."""
    rng = np.random.default_rng(0)
    faq = [
        Entry(id=texts[n % len(texts)] + str(n), question=texts[n % len(texts)])
        for n in range(entries)
    ]
    rows = rng.dirichlet([0.1] * entries, 4 * entries)
    asked = [texts[number % len(texts)] for number in range(len(rows))]
    duplicates = [Duplicate(text, number) for number, text in enumerate(texts)]
    return Evidence(
        faq,
        0.3,
        Answers.of(asked, [number % entries for number in range(3 * entries)], [rows]),
        Answers.of([one.question for one in faq], range(entries), [rows[:entries]]),
        duplicates,
        [Step(texts[0], texts[-1], 3, 9, tuple(texts), texts[-2 % len(texts)])],
    )


def write(path: Path, given: Evidence, title: str = "Report on faq.onnx") -> str:
    report.write(path, title, evaluate(given.answers.outcomes, given.threshold), given)
    return path.read_text(encoding="utf-8")


def test_texts_stay_texts(tmp_path: Path) -> None:
    texts = hostile("http://example.invalid")
    tame = Elements(write(tmp_path / "tame.html", evidence(["tame"])))
    wild = Elements(write(tmp_path / "wild.html", evidence(texts), title=texts[0]))
    assert wild.tags == tame.tags
    assert wild.attributes == tame.attributes
    assert not {"script", "link", "iframe", "img", "object"} & wild.tags
    assert not {"src", "onerror"} & wild.attributes
    for text in texts[:5]:
        assert text in wild.texts
    assert texts[6] not in wild.texts
    assert "x" * 239 + "…" in wild.texts


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    given = evidence(["tame"])
    page = write(tmp_path / "new" / "report.html", given)
    elements = Elements(page)
    figures = evaluate(given.answers.outcomes, given.threshold)
    value, low, high = figures["accuracy_at_1"]
    assert f"{100 * value:.1f} %" in elements.texts
    assert f"{100 * low:.1f} to {100 * high:.1f} %" in elements.texts
    assert page.count("<svg") == 3
    for name in ("figures", "confused", "weakest", "surest", "matched", "alike", "without",
                 "repeated", "data"):  # fmt: skip
        assert f'<section id="{name}"' in page
        assert f'href="#{name}"' in page
    assert f"of which the first {SHOWN} are shown" in page
    assert page.count("What to do:") == 8


def test_a_faq_without_faults(tmp_path: Path) -> None:
    entries = [Entry(id="a", question="Sort?"), Entry(id="b", question="Flip?")]
    right = Answers.of(["sort it", "flip it"], [0, 1], [np.array([[0.9, 0.1], [0.1, 0.9]])])
    page = write(tmp_path / "report.html", Evidence(entries, 0.5, right))
    assert page.count("Nothing was found.") == 4
    assert "What to do:" not in page


def test_a_browser_asks_for_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    texts = hostile(elsewhere.url)
    path = tmp_path / "report.html"
    write(path, evidence(texts))
    page, console = browse(path.as_uri(), tmp_path / "profile")
    assert "<title>Report on faq.onnx</title>" in page
    assert 'id="repeated"' in page
    assert console == ""
    assert elsewhere.asked == []


def test_the_browser_would_ask_if_texts_were_markup(tmp_path: Path, elsewhere: Elsewhere) -> None:
    """Else the test above could not fail."""
    path = tmp_path / "open.html"
    path.write_text(f"<!doctype html><title>t</title>{hostile(elsewhere.url)[1]}")
    page, _ = browse(path.as_uri(), tmp_path / "profile")
    assert "<title>owned</title>" in page
    assert elsewhere.asked == ["/script"]


def test_the_policy_holds_where_escaping_would_not(tmp_path: Path, elsewhere: Elsewhere) -> None:
    path = tmp_path / "report.html"
    page = write(path, evidence(["tame"]))
    path.write_text(page.replace("<main>", f"<main>{hostile(elsewhere.url)[1]}"))
    page, console = browse(path.as_uri(), tmp_path / "profile")
    assert "<title>Report on faq.onnx</title>" in page
    assert "Content Security Policy" in console
    assert elsewhere.asked == []
