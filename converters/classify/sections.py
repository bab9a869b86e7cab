"""The tables of an image model's report: what was found, and what to do about it."""

from collections.abc import Iterator, Sequence

from converters.classify.looking import Seen, Unreadable
from converters.classify.mistakes import Confused, OfClass, by_class, confused
from converters.report.section import Cell, Section, chance, count, short
from server.contract import Label

CLASSES = 1000  # rows of the table of classes
_EXAMPLES = 3


def sections(seen: Seen, labels: Sequence[Label]) -> Iterator[Section]:
    """Every table that there is something for."""
    yield _confused(seen, labels)
    yield _classes(seen, labels)
    if seen.unreadable:
        yield _unreadable(seen)


def of_class(label: Label) -> Cell:
    """A class by its name, with its id."""
    return Cell(short(label.label), note=short(label.id))


def _confused(seen: Seen, labels: Sequence[Label]) -> Section:
    def row(pair: Confused) -> list[Cell]:
        files = tuple(short(seen.pictures[one].file) for one in pair.pictures[:_EXAMPLES])
        both = of_class(labels[pair.label]), of_class(labels[pair.said])
        return [count(len(pair.pictures)), *both, Cell(items=files)]

    return Section.of(
        *("confused", "Classes taken for each other", confused(seen), row),
        "Pairs of classes, by the number of pictures of the one that were said to be the other.",
        "Where both classes may stand on one picture, the table of pictures may be at fault. Else "
        "the model needs more pictures of both to learn from.",
        ("Times", "Right class", "Said", "Examples"),
    )


def _classes(seen: Seen, labels: Sequence[Label]) -> Section:
    def row(one: OfClass) -> list[Cell]:
        said = tuple(short(labels[other].label) for other in one.said[:_EXAMPLES])
        return [
            of_class(labels[one.label]),
            Cell(f"{one.right} of {one.pictures}", number=True),
            count(one.within_top),
            chance(one.own),
            Cell(items=said),
        ]

    return Section.of(
        *("classes", "Accuracy by class", by_class(seen), row),
        "The classes that occur, the least accurate first; where there are few pictures, the share "
        "counts for less. The probability is the mean of that of the right class.",
        "",
        ("Class", "Right", "Among five", "Probability", "Said instead"),
        CLASSES,
    )


def _unreadable(seen: Seen) -> Section:
    def row(one: Unreadable) -> list[Cell]:
        return [Cell(short(one.file)), Cell(short(one.reason))]

    return Section.of(
        *("unreadable", "Pictures that can't be decoded", seen.unreadable, row),
        "They are left out of every figure; the server would refuse them too.",
        "Save them again as JPEG or PNG.",
        ("File", "What the server says"),
    )
