"""What an owner of a FAQ should look at, from the answers of a model to known questions."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from converters.faq.answers import NO_ENTRY, Answers, Indices
from converters.faq.prepare import normal


@dataclass(frozen=True)
class Confused:
    """Two entries, by their indices, and the questions about the one that got the other."""

    entries: tuple[int, int]
    questions: list[int]


@dataclass(frozen=True)
class Weak:
    """An entry, how many of the questions about it got it, and which got another."""

    entry: int
    asked: int
    questions: list[int]


@dataclass(frozen=True)
class Alike:
    """Two entries, and the mean chance that the question of the one is given to the other."""

    entries: tuple[int, int]
    chance: float


@dataclass(frozen=True)
class Repeated:
    """A text that is there more than once, and where: indices of entries, or NO_ENTRY."""

    text: str
    times: int
    entries: list[int]


def confused(answers: Answers) -> list[Confused]:
    """Pairs of entries by how often one was taken for the other."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for question in surest_errors(answers):
        found[_pair(answers.entries[question], answers.top[question, 0])].append(question)
    pairs = [Confused(entries, questions) for entries, questions in found.items()]
    return sorted(pairs, key=lambda pair: -len(pair.questions))


def weakest(answers: Answers) -> list[Weak]:
    """Entries with wrong answers, the least accurate first.

    One wrong answer out of one says less than five out of five: the order is that of the share
    right, had each entry one right and one wrong answer more.
    """
    asked = Counter(answers.entries[answers.ranks > 0].tolist())
    wrong: dict[int, list[int]] = defaultdict(list)
    for question in surest_errors(answers):
        wrong[int(answers.entries[question])].append(question)
    found = [Weak(entry, asked[entry], questions) for entry, questions in wrong.items()]
    return sorted(found, key=lambda weak: (weak.asked - len(weak.questions) + 1) / (weak.asked + 2))


def surest_errors(answers: Answers) -> list[int]:
    """Questions that have an entry and got another, the surest first."""
    return _by_chance(answers, np.flatnonzero(answers.ranks > 1))


def wrongly_matched(answers: Answers, threshold: float) -> list[int]:
    """Questions without an entry that got one with at least `threshold`, the surest first."""
    matched = answers.chances[:, 0] >= threshold
    return _by_chance(answers, np.flatnonzero((answers.entries == NO_ENTRY) & matched))


def alike(own: Answers, least: float) -> list[Alike]:
    """Pairs of entries with a chance of at least `least`, from the answers to their own questions.

    A chance below those that were kept of an answer counts as 0.
    """
    found: dict[tuple[int, int], float] = defaultdict(float)
    for entry, top, chances in zip(own.entries, own.top, own.chances, strict=True):
        for other, chance in zip(top.tolist(), chances.tolist(), strict=True):
            if other != entry:
                found[_pair(entry, other)] += chance / 2
    pairs = [Alike(pair, chance) for pair, chance in found.items() if chance >= least]
    return sorted(pairs, key=lambda pair: -pair.chance)


def repeated(texts: Iterable[tuple[str, int]]) -> list[Repeated]:
    """Texts, with their entries, that are the same but for case, spaces and marks at the end.

    Those under several entries come first.
    """
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for text, entry in texts:
        groups[normal(text)].append((text, entry))
    found = [
        Repeated(group[0][0], len(group), sorted({entry for _, entry in group}))
        for group in groups.values()
        if len(group) > 1
    ]
    return sorted(found, key=lambda one: (-len(one.entries), -one.times))


def without(count: int, entries: Iterable[int]) -> list[int]:
    """Those of `count` entries that are not among `entries`."""
    return sorted(set(range(count)) - set(entries))


def _by_chance(answers: Answers, questions: Indices) -> list[int]:
    order = np.argsort(-answers.chances[questions, 0], kind="stable")
    return [int(question) for question in questions[order]]


def _pair(one: int, other: int) -> tuple[int, int]:
    return (min(int(one), int(other)), max(int(one), int(other)))
