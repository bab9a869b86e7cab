"""The classic recipe for matching questions: TF-IDF of both texts of a pair, LightGBM on pairs.

It is that of the reference architecture "Deploy Python models for real-time scoring on AKS"
(github.com/microsoft/az-ml-realtime-score, `scripts/create_model.py` and `random_merge` in
`utilities.py`), with its parameters: a pair is a training duplicate (`Text_x`) and an original
(`Text_y`), each with its own TF-IDF over words; a duplicate is paired with its original and 19
others, or with half of all where there are fewer; both kinds of pairs weigh the same in all.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import Pipeline, make_pipeline

from converters.export import ConversionError
from converters.faq.data import Duplicate
from converters.faq.features import TermCounter
from converters.faq.model import Array
from converters.faq.pairs_model import PairModel, join
from server.contract import Entry
from server.tokenizer import Tokenizer

TREES = 500
PAIRS = 20  # of a duplicate: one with its original, the others with originals drawn at random
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_child_samples": 20,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,  # else a measurement of time chooses
    "verbose": -1,
}


def fit(
    entries: Sequence[Entry],
    duplicates: Sequence[Duplicate],
    trees: int = TREES,
    seed: int = 0,
    callbacks: Sequence[Callable[..., Any]] = (),
) -> PairModel:
    """Trees that tell pairs that match from those that do not; `seed` draws the latter.

    `callbacks` are LightGBM's. Raises ConversionError for too few duplicates to split a tree on.
    """
    lightgbm = _lightgbm()
    too_few = ConversionError(
        f"{len(duplicates)} duplicates of {len(entries)} entries are too few for the recipe, "
        "which finds no tree to split: add to --duplicates, or train without --recipe"
    )
    if not duplicates:
        raise too_few
    rows, columns = _draw([one.entry for one in duplicates], len(entries), seed)
    asked, questions = _learn([one.text for one in duplicates], rows)
    _, known = _learn([entry.question for entry in entries], columns)
    matches = np.array([one.entry for one in duplicates])[rows] == columns
    booster = lightgbm.train(
        {**PARAMETERS, "seed": seed},
        lightgbm.Dataset(
            join(questions, rows, known, columns), label=matches, weight=_weights(matches)
        ),
        num_boost_round=trees,
        callbacks=list(callbacks),
    )
    if not booster.feature_importance().any():
        raise too_few
    return PairModel(asked, known, booster, booster.num_trees())


def _lightgbm() -> ModuleType:
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: its OpenMP library is missing
        raise ConversionError(
            f"the recipe needs LightGBM ({error}); run: pip install 'rtscore[recipes]', and "
            "install libgomp1 where that is what is missing"
        ) from error
    return lightgbm


def _draw(
    labels: Sequence[int], entries: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The pairs: indices of duplicates, whose entries are `labels`, and of entries, [pairs]."""
    rng = np.random.default_rng(seed)
    # In pairs with every entry no single word tells anything, and no first split would be found.
    others = max(1, min(PAIRS - 1, (entries - 1) // 2))
    columns = []
    for label in labels:
        drawn = rng.choice(entries - 1, others, replace=False)
        columns.append(np.concatenate([[label], drawn + (drawn >= label)]))
    return np.repeat(np.arange(len(labels)), others + 1), np.concatenate(columns)


def _learn(texts: Sequence[str], pairs: npt.NDArray[np.int64]) -> tuple[Pipeline, csr_matrix]:
    """A fitted TF-IDF and its features of `texts`, which weigh as often as `pairs` has them."""
    counter = TermCounter(Tokenizer()).fit(texts)
    counts = counter.transform(texts)
    pipeline = make_pipeline(counter, TfidfTransformer().fit(counts[pairs]))
    return pipeline, pipeline[1].transform(counts).astype(np.float32)


def _weights(matches: npt.NDArray[np.bool_]) -> Array:
    """As if there were as many pairs of either kind."""
    share = matches.mean()
    weights: Array = np.where(matches, 0.5 / share, 0.5 / (1 - share))
    return weights
