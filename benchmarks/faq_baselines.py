"""Ways to match questions to entries, each a function that learns and gives a function that scores.

Scores are float64 [texts, entries]; only their order counts. Raises ConversionError where there is
too little to learn from.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar

import bm25s  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from converters.encoder import source
from converters.encoder.model import Embeddings, Encoder
from converters.faq import pairs_fit, train
from converters.faq.data import Duplicate
from converters.faq.folds import training_set
from converters.faq.model import classifier, logits
from server.contract import Entry
from server.tokenizer import Tokenizer

Array = npt.NDArray[np.float64]
Score = Callable[[Sequence[str]], Array]
Method = Callable[[Sequence[Entry], Sequence[Duplicate], Sequence[str]], Score]


def bm25(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], no_match: Sequence[str]
) -> Score:
    """The best of an entry's texts: its question, its answer and its training duplicates."""
    texts, labels = training_set(entries, duplicates)
    tokenize = Tokenizer()
    retriever = bm25s.BM25()
    retriever.index([tokenize(text) for text in texts], show_progress=False)

    def score(asked: Sequence[str]) -> Array:
        found = np.zeros((len(asked), len(entries)))
        for row, text in zip(found, asked, strict=True):
            if tokens := tokenize(text):
                np.maximum.at(row, labels, retriever.get_scores(tokens))
        return found

    return score


def class_an_entry(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], no_match: Sequence[str]
) -> Score:
    """TF-IDF of words and pairs of words, and logistic regression with one class an entry."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=300))
    pipeline.fit(*training_set(entries, duplicates))
    score: Score = pipeline.predict_proba
    return score


def classic_recipe(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], no_match: Sequence[str]
) -> Score:
    """That of the reference architecture: LightGBM on pairs, 500 trees."""
    return pairs_fit.fit(entries, duplicates).margins


def ours(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], no_match: Sequence[str]
) -> Score:
    """What `rtscore-convert faq` makes, before its calibration, which keeps the order."""
    texts, labels = training_set(entries, duplicates)
    fitted = classifier(len(entries), len(texts)).fit(texts, labels)
    return lambda asked: logits(fitted, asked)


def ours_with_minilm(
    entries: Sequence[Entry], duplicates: Sequence[Duplicate], no_match: Sequence[str]
) -> Score:
    """The same with `--encoder minilm`."""
    trained = train.train(
        entries, duplicates, no_match, no_match_share=None, seed=0, encoder=minilm()
    )
    score: Score = trained.model.predict_proba
    return score


class _Remembering(Encoder):
    """An encoder that reads each text once, however many models learn from it."""

    known: ClassVar[dict[str, Embeddings]] = {}

    def embed(self, texts: Sequence[str], description: str = "") -> Embeddings:
        """The embeddings of `texts`, float32 [n, width]."""
        if new := [text for text in dict.fromkeys(texts) if text not in self.known]:
            self.known.update(zip(new, super().embed(new, description), strict=True))
        return np.array([self.known[text] for text in texts], np.float32).reshape(-1, self.width)


@cache
def minilm() -> Encoder:
    made = source.minilm()
    return _Remembering(made.graph, made.subwords, made.width, made.source)


METHODS: dict[str, Method] = {
    "BM25": bm25,
    "TF-IDF + LogisticRegression": class_an_entry,
    "classic recipe, 500 trees": classic_recipe,
    "rtscore": ours,
    "rtscore, MiniLM": ours_with_minilm,
}
