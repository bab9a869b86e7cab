"""The report on a FAQ: one HTML page that loads nothing, for those who want to make it better."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from converters.faq import plots
from converters.faq.evaluate import Figure
from converters.faq.meanings import MEANINGS
from converters.faq.section import Evidence
from converters.faq.sections import sections

_TEMPLATE = Path(__file__).with_suffix(".html")
_HEADLINES = {
    "accuracy_at_1": "of the questions that have an entry get it first.",
    "accuracy_at_3": "have it among the first three.",
    "matched_precision": "of what the model calls matched is answered rightly.",
    "matched_recall": "of the questions that have an entry are matched to it.",
    "no_match_recall": "of the questions that no entry answers are left unmatched.",
}


def write(path: Path, title: str, figures: Mapping[str, Figure], evidence: Evidence) -> None:
    """Write the page; every text in it is shown as it is, whatever markup it holds."""
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    drawn = plots.svgs(evidence.answers.outcomes, evidence.threshold)
    text = pages.get_template(_TEMPLATE.name).render(
        title=title,
        about=_about(evidence),
        headlines=list(_rows(figures, _HEADLINES)),
        figures_about=(
            "The intervals say how much of a figure may be the luck of which questions were asked: "
            "of 100 such intervals, about 95 hold what endless questions of this kind would give."
        ),
        figures=[*_rows(figures, {name: one.text for name, one in MEANINGS.items()})],
        # They hold no text but our own.
        plots=[(name, Markup(plot)) for name, plot in drawn.items()],  # noqa: S704
        sections=sections(evidence),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _about(evidence: Evidence) -> str:
    asked = int((evidence.answers.ranks > 0).sum())
    source = "by cross-validation" if evidence.cross_validated else "as a test"
    return (
        f"{len(evidence.entries):,} entries, threshold {evidence.threshold:.3f}. Asked {source}: "
        f"{asked:,} questions that have an entry, "
        f"{len(evidence.answers.ranks) - asked:,} that have none."
    )


def _rows(
    figures: Mapping[str, Figure], words: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    """Name, value, interval and `words` of the figures that there are."""
    for name, text in words.items():
        if name in figures:
            meaning, (value, low, high) = MEANINGS[name], figures[name]
            counted = meaning.kind == "count"
            interval = "" if counted else f"{meaning.shown(low, unit='')} to {meaning.shown(high)}"
            yield meaning.label, meaning.shown(value), interval, text
