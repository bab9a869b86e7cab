"""How batches of questions run: like ones together; and which are quick enough to run at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from server.contract import FaqContract, Row
from server.session import Probabilities, Session
from server.tokenizer import MAX_TERMS

# Work under this may run on the event loop: a hop to a thread and back costs as much.
INLINE_SECONDS = 100e-6
# Terms that are looked up at once, and what a token of an encoder counts.
_PART, _TOKEN = 1024, 10
_STEP = 32  # terms by which texts are tried for being quick enough

Compute = Callable[[Sequence[Row]], list[Probabilities]]


@dataclass(frozen=True)
class FaqRun:
    """What runs batches of encoded texts, once it has run the largest.

    `compute` gives their probabilities, float32 [entries] each. A text of up to `inline_terms`
    terms takes less than INLINE_SECONDS; -1 where not even one without terms does.
    """

    compute: Compute
    inline_terms: int

    def is_quick(self, rows: Sequence[Row]) -> bool:
        """Whether `rows` may run on the event loop."""
        return len(rows) == 1 and len(rows[0][0][0]) <= self.inline_terms


def warmed_up(session: Session, contract: FaqContract, most: int) -> FaqRun:
    """A FAQ model for batches of up to `most` questions."""
    frequent = _frequent_terms(contract)

    def compute(rows: Sequence[Row]) -> list[Probabilities]:
        return run_faq(session, contract, rows)

    def row(terms: int) -> Row:
        _, tokens = contract.encode("a " * terms)
        return (np.resize(frequent, terms), np.ones(terms, np.float32)), tokens

    compute([row(MAX_TERMS)] * most)
    inline_terms = -1
    for terms in range(_STEP, MAX_TERMS + 1, _STEP):
        if _seconds(compute, row(terms)) >= INLINE_SECONDS:
            break
        inline_terms = terms
    return FaqRun(compute, inline_terms)


def _frequent_terms(contract: FaqContract) -> npt.NDArray[np.int64]:
    """Terms of the entries' own questions, which cost what a user's question costs; never none."""
    text = " ".join(entry.question for entry in contract.entries[:100])
    indices, _ = contract.vocabulary.encode(text)
    return indices if len(indices) else np.zeros(1, np.int64)


def run_faq(session: Session, contract: FaqContract, rows: Sequence[Row]) -> list[Probabilities]:
    """Probabilities, float32 [entries] each, of encoded texts."""
    if len(rows) == 1:
        return [session.run(contract.feeds(rows))[0]]  # list() takes long to find an array's end
    found: dict[int, Probabilities] = {}
    for places in parts([_size(row) for row in rows]):
        part = session.run(contract.feeds([rows[place] for place in places]))
        found.update(zip(places, part, strict=True))
    return [found[place] for place in range(len(rows))]


def parts(sizes: Sequence[int]) -> Iterator[list[int]]:
    """The places of `sizes`, like ones together, in parts of at most _PART when padded.

    Padding costs time, and long texts cost memory: a batch of the longest would take gigabytes.
    """
    part: list[int] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if part and (len(part) + 1) * sizes[place] > _PART:
            yield part
            part = []
        part.append(place)
    if part:
        yield part


def _size(row: Row) -> int:
    """Terms of a text, or tokens times what one costs more than a term."""
    (terms, _), tokens = row
    return max(len(terms), 0 if tokens is None else _TOKEN * len(tokens))


def _seconds(compute: Compute, row: Row) -> float:
    """Time of one run on one row, in seconds: the best of some, as other work is going on."""
    times = []
    for _ in range(9):
        start = perf_counter()
        compute([row])
        times.append(perf_counter() - start)
    return min(times)
