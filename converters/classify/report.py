"""The report on an image model: one HTML page that loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from converters.classify import plots
from converters.classify.looking import MEGAPIXELS, Seen
from converters.classify.meanings import MEANINGS
from converters.classify.mistakes import surest
from converters.classify.sections import of_class, sections
from converters.classify.thumbnails import thumbnail
from converters.report import page
from converters.report.intervals import Figure, rows
from converters.report.section import Cell, chance, short
from server.contract import ImageContract

SHOWN = 60  # pictures of the contact sheet
_TEMPLATE = Path(__file__).with_suffix(".html")
_HEADLINES = {
    "top_1": "of the pictures are given their right class first.",
    "top_5": "have it among the first five.",
    "right_probability": "is the mean probability of the right class.",
    "ece": "is how far probabilities are from how often they are right.",
}


@dataclass(frozen=True)
class Mistake:
    """A picture of the contact sheet: a data: URL, and what there is to say."""

    image: str
    file: str
    right: Cell
    said: Cell
    chance: str
    own: str
    rank: int


def write(
    path: Path, title: str, figures: Mapping[str, Figure], seen: Seen, contract: ImageContract
) -> None:
    """Write the page; every text in it is shown as it is, whatever markup it holds."""
    drawn = plots.svgs(seen, contract.labels)
    wrong = surest(seen)
    page.write(
        path,
        _TEMPLATE,
        title=title,
        about=_about(seen, contract),
        headlines=[*rows(figures, MEANINGS, _HEADLINES)],
        figures_about=(
            "The intervals say how much of a figure may be the luck of which pictures were shown: "
            "of 100 such intervals, about 95 hold what endless pictures of this kind would give."
        ),
        figures=[*rows(figures, MEANINGS, {key: one.text for key, one in MEANINGS.items()})],
        # matplotlib escapes the names of classes, which are all of it that is not ours.
        plots=[(heading, Markup(plot)) for heading, plot in drawn.items()],  # noqa: S704
        mistakes=[_mistake(seen, contract, one) for one in wrong[:SHOWN]],
        wrong=len(wrong),
        sections=[*sections(seen, contract.labels)],
    )


def _about(seen: Seen, contract: ImageContract) -> str:
    occur = len(set(seen.labels.tolist()))
    return (
        f"{len(contract.labels):,} classes, {contract.height} x {contract.width} pixels, "
        f"{contract.precision}. Shown: {len(seen.pictures):,} pictures of {occur:,} classes."
    )


def _mistake(seen: Seen, contract: ImageContract, number: int) -> Mistake:
    picture = seen.pictures[number]
    return Mistake(
        image=thumbnail(picture.path, contract, MEGAPIXELS),
        file=short(picture.file),
        right=of_class(contract.labels[picture.label]),
        said=of_class(contract.labels[int(seen.top[number, 0])]),
        chance=chance(seen.chances[number, 0]).text,
        own=chance(seen.own[number]).text,
        rank=int(seen.ranks[number]),
    )
