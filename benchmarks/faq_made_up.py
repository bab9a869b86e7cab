"""A made-up FAQ of any size, whose words are as frequent as those of real ones.

Frequencies follow the law of Zipf and Mandelbrot, 1 / (rank + 5)^1.2, as fitted to the questions of
three real sets (askubuntu 1.29 and 7.2, stackfaq 1.22 and 4.6, JavaScript 1.14 and 4.6). Questions
have 10 words in the median and answers 40, both log-normally spread (0.45). A duplicate takes each
word of its original with a chance of 0.35, and the rest from a topic of 300 words that the
original's words come from too, half of the time: real duplicates share 25 to 35 % of their words.
"""

from dataclasses import dataclass

import numpy as np

from converters.faq.data import Duplicate
from server.contract import Entry

WORDS = 200_000
TOPIC = 300
_SYLLABLES = [first + second for first in "bcdfghjklmnprstvwz" for second in "aeiou"]


@dataclass(frozen=True)
class MadeUp:
    """Entries with one duplicate each to train on, and `test` duplicates of some of them."""

    entries: list[Entry]
    duplicates: list[Duplicate]
    test: list[Duplicate]


def make_up(entries: int, test: int, seed: int) -> MadeUp:
    """A FAQ of `entries` entries; the same for the same `seed`."""
    rng = np.random.default_rng(seed)
    draw = _Words(rng)
    made, duplicates, tests = [], [], []
    tested = set(rng.choice(entries, min(test, entries), replace=False).tolist())
    for number in range(entries):
        topic = draw.words(TOPIC)
        question = draw.question(topic)
        answer = " ".join(draw.mixed(topic, draw.length(40)))
        made.append(Entry(id=f"e{number}", question=" ".join(question) + "?", answer=answer))
        duplicates.append(Duplicate(draw.duplicate(question, topic), number))
        if number in tested:
            tests.append(Duplicate(draw.duplicate(question, topic), number))
    return MadeUp(made, duplicates, tests)


class _Words:
    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        chances = (np.arange(1, WORDS + 1) + 5.0) ** -1.2
        self._cumulated = np.cumsum(chances / chances.sum())
        self._names = _names(WORDS, rng)

    def words(self, count: int) -> list[str]:
        ranks = np.searchsorted(self._cumulated, self._rng.random(count))
        return [self._names[rank] for rank in np.minimum(ranks, WORDS - 1)]

    def length(self, median: float) -> int:
        return max(2, round(median * float(np.exp(self._rng.normal(0, 0.45)))))

    def mixed(self, topic: list[str], count: int) -> list[str]:
        common = self.words(count)
        own = self._rng.integers(len(topic), size=count)
        from_topic = self._rng.random(count) < 0.5
        return [
            topic[place] if chosen else word
            for word, place, chosen in zip(common, own, from_topic, strict=True)
        ]

    def question(self, topic: list[str]) -> list[str]:
        return self.mixed(topic, self.length(10))

    def duplicate(self, question: list[str], topic: list[str]) -> str:
        other = self.mixed(topic, len(question))
        kept = self._rng.random(len(question)) < 0.35
        words = [old if keep else new for old, new, keep in zip(question, other, kept, strict=True)]
        return " ".join(self._rng.permutation(words)) + "?"


def _names(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct words of two to four syllables; the frequent ones are short."""
    names: list[str] = []
    for syllables in (1, 2, 3):
        places = rng.permutation(len(_SYLLABLES) ** syllables)[: count - len(names)]
        names += [_name(int(place), syllables) for place in places]
    return names


def _name(place: int, syllables: int) -> str:
    parts = []
    for _ in range(syllables):
        place, rest = divmod(place, len(_SYLLABLES))
        parts.append(_SYLLABLES[rest])
    return "".join(parts)
