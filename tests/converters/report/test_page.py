from pathlib import Path

import pytest
from jinja2 import UndefinedError

from converters.report import page
from converters.report.section import Cell, Section
from tests.browser import Elements

SECTION = Section.of(
    "found",
    "What was <found>",
    [1, 2],
    lambda one: [Cell(str(one), number=True), Cell(items=("<b>", "&amp;"))],
    "About it.",
    "Mend it.",
    ("Number", "Texts"),
)
VALUES = {
    "title": "A <title>",
    "about": "about",
    "headlines": [("Accuracy", "50 %", "40 to 60 %", "are right.")],
    "figures_about": "about figures",
    "figures": [("Accuracy", "50 %", "40 to 60 %", "share right")],
    "plots": [("A plot", "<svg>")],
    "sections": [SECTION],
}


def test_a_page_shows_texts_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    page.write(path, page.BASE, **VALUES)
    text = path.read_text(encoding="utf-8")
    elements = Elements(text)
    assert "svg" not in elements.tags
    for shown in ("A <title>", "What was <found> ", "<b>", "&amp;", "Mend it.", "are right."):
        assert any(shown.strip() in one for one in elements.texts), shown
    assert 'href="#found"' in text
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'" in text


def test_a_section_may_have_nothing_to_do(tmp_path: Path) -> None:
    section = Section.of("found", "Found", [1], lambda one: [Cell(str(one))], "", "", ("Number",))
    page.write(tmp_path / "page.html", page.BASE, **{**VALUES, "sections": [section]})
    assert "What to do" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_template_adds_its_own(tmp_path: Path) -> None:
    template = tmp_path / "own.html"
    template.write_text(
        '{% extends "page.html" %}{% block policy %} img-src data:;{% endblock %}'
        "{% block findings %}<p>{{ own }}</p>{% endblock %}"
    )
    page.write(tmp_path / "page.html", template, **VALUES, own="<i>")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "style-src 'unsafe-inline'; img-src data:; base-uri 'none'" in text
    assert "<p>&lt;i&gt;</p>" in text


def test_a_value_that_is_missing_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        page.write(tmp_path / "page.html", page.BASE, title="alone")
    assert not (tmp_path / "page.html").exists()
