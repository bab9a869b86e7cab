"""Texts on which a graph is compared with its pipeline: given ones and adversarial ones."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from converters.faq.samples import ADVERSARIAL
from converters.sklearn.rows import Columns
from server.contract import FaqContract
from server.session import Feeds, Probabilities
from server.tokenizer import MAX_TERMS

_BATCH = 64
_ALONE = 100


def within_limit(texts: Sequence[str], contract: FaqContract) -> list[str]:
    """Those, and the adversarial ones, with fewer known terms than the server's most."""
    return [
        text
        for text in dict.fromkeys((*ADVERSARIAL, *texts))
        if len(contract.vocabulary.encode(text)[0]) < MAX_TERMS
    ]


def samples(
    model: Any, order: Columns, texts: Sequence[str], contract: FaqContract
) -> Iterator[tuple[Feeds, Probabilities]]:
    """Inputs of the graph with the pipeline's own probabilities for `texts`.

    The first texts come alone, and all in batches of mixed lengths.
    """
    shuffled = np.random.default_rng(0).permutation(len(texts))
    batches = [[text] for text in texts[:_ALONE]]
    batches += [
        [texts[number] for number in shuffled[start : start + _BATCH]]
        for start in range(0, len(texts), _BATCH)
    ]
    for batch in batches:
        feeds = contract.feeds([contract.encode(text) for text in batch])
        yield feeds, model.predict_proba(batch)[:, order].astype(np.float32)
