"""Where an image model errs: which pictures, which classes, which it takes for which."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from converters.classify.looking import TOP, Seen


@dataclass(frozen=True)
class Confused:
    """A class, another that was said instead, and the pictures, by their numbers."""

    label: int
    said: int
    pictures: list[int]


@dataclass(frozen=True)
class OfClass:
    """How the pictures of a class went; `said` is what was said instead, most often first."""

    label: int
    pictures: int
    right: int
    within_top: int
    own: float
    said: list[int]


def surest(seen: Seen) -> list[int]:
    """The pictures, by their numbers, to which another class was said, the surest first."""
    wrong = np.flatnonzero(~seen.right)
    return [int(one) for one in wrong[np.argsort(-seen.chances[wrong, 0], kind="stable")]]


def confused(seen: Seen) -> list[Confused]:
    """Pairs of classes by how often the one was taken for the other."""
    labels = seen.labels
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for picture in surest(seen):
        found[int(labels[picture]), int(seen.top[picture, 0])].append(picture)
    pairs = [Confused(*pair, pictures) for pair, pictures in found.items()]
    return sorted(pairs, key=lambda pair: -len(pair.pictures))


def by_class(seen: Seen) -> list[OfClass]:
    """The classes that occur, the least accurate first.

    One wrong out of one says less than five out of five: the order is that of the share right, had
    each class one right and one wrong picture more.
    """
    labels = seen.labels
    said: dict[int, Counter[int]] = defaultdict(Counter)
    for pair in confused(seen):
        said[pair.label][pair.said] += len(pair.pictures)
    found = []
    for label in np.unique(labels).tolist():
        those = labels == label
        ranks = seen.ranks[those]
        found.append(
            OfClass(
                label=label,
                pictures=len(ranks),
                right=int((ranks == 1).sum()),
                within_top=int((ranks <= TOP).sum()),
                own=float(seen.own[those].mean()),
                said=[other for other, _ in said[label].most_common()],
            )
        )
    return sorted(found, key=lambda one: ((one.right + 1) / (one.pictures + 2), one.own))
