"""Texts on which a FAQ model's graph is compared with its source: ordinary and adversarial ones."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from server.contract import FaqContract
from server.session import Feeds, Probabilities

BATCH = 64
_MOST = 50_000_000  # probabilities that are compared

ADVERSARIAL = (
    "",
    " ",
    "\n\t",
    "?",
    "...",
    "=== !== ?? ?. => ... && || !! $",
    "İstanbul İİİ ıI",
    "ΌΔΟΣ ὈΔΥΣΣΕΎΣ Σ σ ς",
    "STRASSE straße ẞ ß",
    "café cafe\u0301 CAFÉ",
    "\u0301\u0302\u0303",
    "ﬁnd ﬀ ǆ ŉ",
    "日本語で配列をソートする方法は？",
    "كيف أرتب مصفوفة من الأرقام",
    "איך ממיינים מערך",
    "как отсортировать массив чисел",
    "👩\u200d👩\u200d👧 how 😀 sort 🚀",
    "zero\u200bwidth\u200djoiner\ufeffbom",
    "null\0byte control\x07\x1b[31m",
    "a\u2028b\u2029c\x85d\x1ce",
    "<script>alert('x')</script><b>bold</b>&amp;&lt;",
    "for (var i = 0; i < 10; i++) { setTimeout(() => console.log(i), 0) }",
    "TypeError: Cannot read properties of undefined (reading 'map')",
    "SELECT * FROM users; DROP TABLE users; --",
    "x",
    "a" * 5000,
    "array " * 1500,
    "sort an array of numbers in javascript " * 150,
    "".join(chr(code) for code in range(32, 1500)),
    "\U0001f600" * 2000,
)


class Source(Protocol):
    """A model to compare with."""

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probabilities [texts, entries]."""


def samples(
    model: Source, contract: FaqContract, texts: Sequence[str], seed: int, most: int = _MOST
) -> Iterator[tuple[Feeds, Probabilities]]:
    """Inputs of the graph with the source's probabilities: every text, singly and in mixed batches.

    The first of `texts` and the adversarial ones also come alone; lengths are mixed by `seed`. Of a
    large FAQ's texts a part is taken, with `most` probabilities or a few more, so that it takes
    minutes.
    """
    rng = np.random.default_rng(seed)
    kept = max(100, most // len(contract.entries))
    if len(texts) > kept:
        texts = [texts[number] for number in rng.choice(len(texts), kept, replace=False)]
    mixed = [*texts, *ADVERSARIAL]
    order = rng.permutation(len(mixed))
    batches = [[text] for text in (*ADVERSARIAL, *texts[:100])]
    batches += [
        [mixed[number] for number in order[start : start + BATCH]]
        for start in range(0, len(order), BATCH)
    ]
    for batch in batches:
        expected = model.predict_proba(batch).astype(np.float32)
        yield contract.feeds([contract.encode(text) for text in batch]), expected
