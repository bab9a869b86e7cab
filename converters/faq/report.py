"""The report on a FAQ: one HTML page that loads nothing, for those who want to make it better."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from converters.faq import plots
from converters.faq.evidence import Evidence
from converters.faq.meanings import MEANINGS
from converters.faq.sections import sections
from converters.report import page
from converters.report.intervals import Figure, rows

_HEADLINES = {
    "accuracy_at_1": "of the questions that have an entry get it first.",
    "accuracy_at_3": "have it among the first three.",
    "matched_precision": "of what the model calls matched is answered rightly.",
    "matched_recall": "of the questions that have an entry are matched to it.",
    "no_match_recall": "of the questions that no entry answers are left unmatched.",
}


def write(path: Path, title: str, figures: Mapping[str, Figure], evidence: Evidence) -> None:
    """Write the page; every text in it is shown as it is, whatever markup it holds."""
    drawn = plots.svgs(evidence.answers.outcomes, evidence.threshold)
    page.write(
        path,
        page.BASE,
        title=title,
        about=_about(evidence),
        headlines=[*rows(figures, MEANINGS, _HEADLINES)],
        figures_about=(
            "The intervals say how much of a figure may be the luck of which questions were asked: "
            "of 100 such intervals, about 95 hold what endless questions of this kind would give."
        ),
        figures=[*rows(figures, MEANINGS, {name: one.text for name, one in MEANINGS.items()})],
        # They hold no text but our own.
        plots=[(name, Markup(plot)) for name, plot in drawn.items()],  # noqa: S704
        sections=sections(evidence),
    )


def _about(evidence: Evidence) -> str:
    asked = int((evidence.answers.ranks > 0).sum())
    source = "by cross-validation" if evidence.cross_validated else "as a test"
    return (
        f"{len(evidence.entries):,} entries, threshold {evidence.threshold:.3f}. Asked {source}: "
        f"{asked:,} questions that have an entry, "
        f"{len(evidence.answers.ranks) - asked:,} that have none."
    )
