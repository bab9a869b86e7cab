"""The calibrations of FAQs without duplicates, as `converters/faq/defaults.py` has them.

Models that know only the entries of a set are asked its training duplicates, and models without a
part of the entries are asked that part's; all sets are calibrated together, as many questions of
each, and the calibration error of each set is shown.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks import faq_sets
from benchmarks.faq_baselines import minilm
from benchmarks.faq_sets import QuestionSet
from converters.faq import semantic
from converters.faq.answers import Answers
from converters.faq.calibrate import Asked, calibrate
from converters.faq.evaluate import evaluate
from converters.faq.folds import FOLDS_OF_ENTRIES, fit, training_set
from converters.faq.model import TRAINABLE, Array, Calibration, Size, classifier, logits
from converters.faq.train import USUAL_LEXICAL, usual_no_match_share

MOST = 1000  # questions of a set
# From texts of entries to what gives questions their logits, [n, entries].
Learn = Callable[[list[str], list[int]], Callable[[Sequence[str]], Array]]


def main(argv: Sequence[str] | None = None) -> None:
    """Print a calibration for each kind of model."""
    parser = argparse.ArgumentParser("benchmarks.faq_defaults", description=__doc__)
    faq_sets.add_arguments(parser)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args(argv)
    sets = faq_sets.read(options.sets)
    for kind in options.kinds:
        asked = [ask(one, KINDS[kind]) for one in track(sets, kind)]
        calibration, chosen = calibrate(together(asked), usual_no_match_share([]), seed=0)
        pairs = zip(sets, asked, strict=True)
        errors = [f"{one.name} {error(part, calibration):.3f}" for one, part in pairs]
        console = Console(soft_wrap=True)
        console.print(f"{kind}: {calibration!r}, {chosen.threshold:.3f}")
        console.print(f"  precision {chosen.precision:.3f}, recall {chosen.recall:.3f}")
        console.print(f"  calibration error: {', '.join(errors)}")


def ask(one: QuestionSet, learn: Learn, seed: int = 0) -> list[Asked]:
    """Logits of MOST duplicates at the most: of those with their entry, and of all without it."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(len(one.train))[:MOST]
    chosen = [one.train[number] for number in numbers]
    texts = [duplicate.text for duplicate in chosen]
    labels = np.array([duplicate.entry for duplicate in chosen])
    known = learn(*training_set(one.entries, []))(texts)
    parts = [Asked(known, labels, known[:0])]
    order = rng.permutation(len(one.entries))
    for out in np.array_split(order, FOLDS_OF_ENTRIES):
        left = learn(*training_set(one.entries, [], without=frozenset(out.tolist())))
        unanswered = [duplicate.text for duplicate in chosen if duplicate.entry in out]
        found = left(unanswered)
        parts.append(Asked(found[:0], labels[:0], found))
    return parts


def together(asked: Sequence[Sequence[Asked]]) -> list[Asked]:
    """All of them, made equally wide: entries that are not there have the least logit."""
    parts = [part for parts in asked for part in parts]
    width = max(part.duplicates.shape[1] for part in parts)

    def wide(found: Array) -> Array:
        return np.pad(found, ((0, 0), (0, width - found.shape[1])), constant_values=-np.inf)

    return [Asked(wide(part.duplicates), part.labels, part.no_match) for part in parts]


def error(parts: Sequence[Asked], calibration: Calibration) -> float:
    """The calibration error on the duplicates of one set."""
    known = parts[0]
    found = calibration.probabilities(known.duplicates)
    answers = Answers.of([""] * len(known.labels), known.labels.tolist(), [found])
    return float(evaluate(answers.outcomes, threshold=0.0)["ece_duplicates"].value)


def _margins(texts: list[str], labels: list[int]) -> Callable[[Sequence[str]], Array]:
    fitted = fit(texts, labels, None, Size(len(set(labels)), len(texts)))
    return lambda asked: logits(fitted.pipeline, asked)


def _centroids(texts: list[str], labels: list[int]) -> Callable[[Sequence[str]], Array]:
    fitted = classifier(len(set(labels)), TRAINABLE, few=0).fit(texts, labels)
    return lambda asked: logits(fitted, asked)


def _with_minilm(learn: Learn, most: int) -> Learn:
    def learned(texts: list[str], labels: list[int]) -> Callable[[Sequence[str]], Array]:
        lexical, embed = learn(texts, labels), minilm().embed
        meaning = semantic.fit(embed(texts), np.array(labels), most)
        return lambda asked: meaning.logits(embed(asked)) + USUAL_LEXICAL * lexical(asked)

    return learned


KINDS: dict[str, Learn] = {
    "margins": _margins,
    "centroids": _centroids,
    "kernel": _with_minilm(_margins, semantic.MOST_TEXTS),
    "kernel of centroids": _with_minilm(_margins, 0),
}

if __name__ == "__main__":
    main()
