"""The names of a network's classes, in the order in which it gives them."""

from pathlib import Path

from converters import imagenet
from converters.export import ConversionError
from server.contract import Label

IMAGENET = "imagenet"


def find_labels(given: str | None, classes: int) -> tuple[Label, ...]:
    """The labels of `classes` classes: `given` is a file or "imagenet", None is to find out.

    Raises ConversionError where there are more or fewer of them, or the file can't be read.
    """
    if given is None and classes != imagenet.CLASSES:
        raise ConversionError(
            f"the network gives {classes} classes; give --labels FILE, a text file with their "
            f"{classes} names in order, one a line{_about_background(classes)}"
        )
    labels = imagenet.labels() if given in (None, IMAGENET) else read_labels(Path(str(given)))
    if len(labels) != classes:
        raise ConversionError(
            f"{given or IMAGENET} has {len(labels)} labels, but the network gives {classes} "
            f"classes{_about_background(classes)}"
        )
    return labels


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels in a text file in UTF-8: one a line, or id and label with a tab between.

    Without ids, a label's number is its id. Raises ConversionError for lines that are empty or of
    another kind than the first, and for ids that are there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConversionError(f"{path} is not a text file in UTF-8") from error
    tabs = lines[0].count("\t") if lines else 0
    labels: dict[str, Label] = {}
    for number, line in enumerate(lines, 1):
        parts = [part.strip() for part in line.split("\t")]
        if not all(parts) or len(parts) > 2 or len(parts) != tabs + 1:
            raise ConversionError(
                f"{path}:{number}: expected is {'id, tab and label' if tabs else 'a label'}, as in "
                "every line"
            )
        id_, label = parts if tabs else (str(number - 1), parts[0])
        if id_ in labels:
            raise ConversionError(f"{path}:{number}: the id {id_!r} is there twice")
        labels[id_] = Label(id=id_, label=label)
    if not labels:
        raise ConversionError(f"{path} is empty; expected are labels, one a line")
    return tuple(labels.values())


def _about_background(classes: int) -> str:
    if classes != imagenet.CLASSES + 1:
        return ""
    return " (1001 are ImageNet's with one more, mostly a 'background' as the first)"
