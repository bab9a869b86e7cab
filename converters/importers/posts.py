"""The questions and answers of a Stack Exchange dump that make a FAQ; only these are kept."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from converters.faq.data import Duplicate
from converters.faq.html import to_text
from converters.faq.markdown import to_markdown
from converters.faq.split import rank
from converters.faq.steps import Step
from converters.importers.dump import Row
from converters.importers.imported import Imported
from converters.importers.links import Links
from server.contract import Entry

_QUESTION, _ANSWER = "1", "2"  # PostTypeIds
# Until 2013 it stood in a duplicate's own text, with its original's title: that would be a hint.
_NOTICES = ("possible duplicate", "this question already has")
_NO_SCORE = -(1 << 63)


@dataclass(frozen=True)
class Choice:
    """Which questions to take, and what of them."""

    tag: tuple[str, ...] = ()  # one of these; empty for any
    min_score: int = 1
    body: bool = False
    code: bool = False
    answered: bool = False
    no_match: int = 0
    seed: int = 0

    def refusal(self, row: Row) -> str:
        """Why a question is no original to take; empty where it is one."""
        tags = row.text("Tags").replace("><", "|").strip("<>|").split("|")  # both of their forms
        if self.tag and not set(tags) & set(self.tag):
            return "without the tags"
        if row.number("Score", default=0) < self.min_score:
            return "score too low"
        return "" if row.text("Title").strip() else "without a title"

    def text(self, row: Row) -> str:
        """What is asked; empty without a title."""
        title = " ".join(row.text("Title").split())
        if not title or not self.body:
            return title
        body = to_text(row.text("Body"), code=self.code, drop_quotes=_NOTICES)
        return f"{title}\n{body}".strip()


@dataclass
class _Original:
    text: str
    accepted: int
    worth: tuple[bool, int] = (False, _NO_SCORE)  # of its best answer so far
    answer: str = ""

    def offer(self, row: Row) -> None:
        """The accepted answer is best, then that with the highest score, then the first."""
        worth = (row.number("Id") == self.accepted, row.number("Score", default=0))
        if worth > self.worth:
            self.worth, self.answer = worth, row.text("Body")


class Posts:
    """What is taken from Posts.xml in two readings."""

    def __init__(self, choice: Choice, links: Links) -> None:
        self.originals: dict[int, _Original] = {}
        self._choice = choice
        self._ends = links.originals
        self._linked = set(links.originals.values())
        self._duplicates: dict[int, str] = {}
        self._refused: dict[str, list[str]] = defaultdict(list)
        self._sample: list[tuple[int, str]] = []  # a heap, what would go next first

    def take_originals(self, rows: Iterable[Row]) -> None:
        """The first reading: originals, and a sample of the questions in no link."""
        for row in rows:
            if row.text("PostTypeId") != _QUESTION:
                continue
            post = row.number("Id")
            if post in self._linked:
                if why := self._choice.refusal(row):
                    self._refused[why].append(row.text("Title"))
                else:
                    accepted = row.number("AcceptedAnswerId", default=0)
                    self.originals[post] = _Original(self._choice.text(row), accepted)
            elif self._choice.no_match and post not in self._ends:
                self._draw(post, row)

    def take_duplicates_and_answers(self, rows: Iterable[Row]) -> None:
        """The second reading: what belongs to those originals."""
        for row in rows:
            kind = row.text("PostTypeId")
            if kind == _QUESTION:
                post = row.number("Id")
                if self._ends.get(post) in self.originals and (text := self._choice.text(row)):
                    self._duplicates[post] = text
            elif kind == _ANSWER:
                original = self.originals.get(row.number("ParentId", default=0))
                if original:
                    original.offer(row)

    def imported(self, before: tuple[Step, ...] = ()) -> Imported:
        """All of it, in the order of the ids; `before` are earlier steps."""
        answers = {post: to_markdown(one.answer) for post, one in self.originals.items()}
        ids = sorted(post for post in answers if answers[post] or not self._choice.answered)
        index = {post: place for place, post in enumerate(ids)}
        duplicates = [
            Duplicate(text, index[self._ends[post]], str(post))
            for post, text in sorted(self._duplicates.items())
            if self._ends[post] in index
        ]
        silent = [one.text for post, one in self.originals.items() if not answers[post]]
        return Imported(
            [
                Entry(id=str(id_), question=self.originals[id_].text, answer=answers[id_] or None)
                for id_ in ids
            ],
            duplicates,
            no_match=[text for _, text in sorted(self._sample, reverse=True)],
            report=before + self._report(silent, len(ids), len(duplicates)),
        )

    def _draw(self, post: int, row: Row) -> None:
        """Keep it if its rank is among the lowest: the order of the posts does not matter."""
        order = -int.from_bytes(rank(self._choice.seed, str(post)))
        full = len(self._sample) == self._choice.no_match
        if not (full and order < self._sample[0][0]) and not self._choice.refusal(row):
            push = heapq.heappushpop if full else heapq.heappush
            push(self._sample, (order, self._choice.text(row)))

    def _report(self, silent: list[str], entries: int, duplicates: int) -> tuple[Step, ...]:
        choice, steps, left = self._choice, [], len(self._linked)
        asked = {"without the tags": f"--tag {' '.join(choice.tag)}",
                 "score too low": f"--min-score {choice.min_score}"}  # fmt: skip
        lost = left - len(self.originals) - sum(map(len, self._refused.values()))
        steps.append(Step("not in Posts.xml", "originals", lost, left := left - lost))
        for why, titles in sorted(self._refused.items()):
            left -= len(titles)
            steps.append(Step.of(why, "originals", titles, left, asked.get(why, "")))
        option, what = ("--answered", "dropped") if choice.answered else ("", "kept")
        steps.append(Step.of(f"without an answer: {what}", "originals", silent, entries, option))
        gone = len(self._ends) - duplicates
        steps.append(Step("absent, or of originals left out", "duplicates", gone, duplicates))
        return tuple(steps)
