"""A FAQ and other ways to ask its questions, to the model behind POST /v1/faq."""

import argparse
import logging
import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from converters.encoder import int8, source
from converters.encoder.model import Encoder
from converters.export import ConversionError, export, provenance
from converters.faq import data, evaluate, pairs, pairs_graph, plots, report
from converters.faq.answers import Answers
from converters.faq.arguments import add_arguments
from converters.faq.calibrate import LEAST
from converters.faq.evidence import Evidence
from converters.faq.figures import PRECISION
from converters.faq.gather import gather
from converters.faq.graph import to_onnx
from converters.faq.prepared import Prepared
from converters.faq.samples import samples
from converters.faq.served import ServedModel
from converters.faq.train import Trained, train, usual_no_match_share
from converters.report.intervals import Figure
from server.contract import FaqContract, Provenance

__all__ = ("HELP", "add_arguments", "convert")

HELP = "A FAQ, with other ways to ask its questions: trains, calibrates and converts a matcher."
TOLERANCE = {False: 1e-5, True: 1e-4}  # by whether there is an encoder
_PACKAGES = ("numpy", "onnx", "scikit-learn", "scipy")
_FILES = ("originals", "duplicates", "test", "no_match", "no_match_test")
_log = logging.getLogger("rtscore.convert")


def convert(arguments: argparse.Namespace) -> None:
    """Train, evaluate, convert and report; raises ConversionError."""
    started = time.perf_counter()
    asked = gather(arguments)
    encoder = _encoder(arguments)
    trained = _train(arguments, asked, encoder)
    _warn(trained)
    tested = _test(trained, asked)
    if arguments.report and tested is None:
        raise ConversionError(
            f"--report needs --test, --split or, without --recipe, {LEAST} duplicates and more"
        )
    figures = _figures(trained, tested, arguments.seed)
    if figures:
        Console().print(evaluate.table(figures))
    duplicates = [*asked.duplicates, *asked.test]
    accuracy = {"word_overlap": data.word_overlap(asked.entries, duplicates)}
    accuracy |= {"cv_matched_precision": trained.precision, "cv_matched_recall": trained.recall}
    accuracy |= {name: figure.value for name, figure in figures.items()} if asked.test else {}
    contract = FaqContract(
        vocabulary=trained.model.vocabulary,
        subwords=encoder.subwords if encoder else None,
        entries=tuple(asked.entries),
        threshold=trained.threshold,
        precision=encoder.precision if encoder else "fp32",
        accuracy={name: value for name, value in accuracy.items() if math.isfinite(value)},
        provenance=_provenance(arguments, encoder),
    )
    graph = pairs_graph.to_onnx(trained.model) if arguments.recipe else to_onnx(trained.model)
    sample = samples(trained.model, contract, _texts(asked), arguments.seed)
    tolerance = TOLERANCE[encoder is not None]
    parity = export(graph, contract, arguments.output, sample, tolerance=tolerance)
    _write_findings(arguments, asked, tested, figures)
    _log.info(
        "%s: %d entries, %d terms, %.1f MB in %.0f s; largest difference from scikit-learn %.1e "
        "over %d texts",
        arguments.output,
        len(asked.entries),
        len(contract.vocabulary.terms),
        parity.bytes_written / 1e6,
        time.perf_counter() - started,
        parity.largest_difference,
        parity.rows,
    )


def _encoder(arguments: argparse.Namespace) -> Encoder | None:
    if not arguments.encoder:
        if arguments.precision != "fp32":
            raise ConversionError("--precision int8 is the encoder's: give --encoder too")
        return None
    if arguments.recipe:
        raise ConversionError(f"--recipe {arguments.recipe} has no encoder: leave one of them out")
    name = arguments.encoder
    made = source.minilm() if name == "minilm" else source.from_folder(Path(name))
    return int8.to_int8(made) if arguments.precision == "int8" else made


def _train(arguments: argparse.Namespace, asked: Prepared, encoder: Encoder | None) -> Trained:
    given: dict[str, Any] = {"seed": arguments.seed}
    parts = asked.entries, asked.duplicates, asked.no_match
    if not arguments.recipe:
        expected = arguments.no_match_share
        return train(*parts, no_match_share=expected, encoder=encoder, **given)
    expected = arguments.no_match_share or usual_no_match_share(asked.no_match)
    model, chosen = pairs.train(*parts, no_match_share=expected, trees=arguments.trees, **given)
    return Trained(model, chosen.threshold, chosen.precision, chosen.recall, None)


def _warn(trained: Trained) -> None:
    if math.isnan(trained.precision):
        _log.warning(
            "there are too few duplicates to calibrate on: probabilities and threshold are those "
            "of other FAQs without duplicates"
        )
    elif trained.precision < PRECISION:
        _log.warning(
            "no threshold reaches %.0f %% precision of 'matched' by cross-validation; the best "
            "one has %.1f %%",
            100 * PRECISION,
            100 * trained.precision,
        )


def _test(trained: Trained, asked: Prepared) -> Answers | None:
    """What the source model, which the graph is held to, says of the test; else held-out ones."""
    if not asked.test:
        return trained.held_out
    texts = [*(duplicate.text for duplicate in asked.test), *asked.no_match_test]
    entries = [duplicate.entry for duplicate in asked.test]
    parts = (texts[start : start + 64] for start in range(0, len(texts), 64))
    return Answers.of(texts, entries, (trained.model.predict_proba(part) for part in parts))


def _figures(trained: Trained, tested: Answers | None, seed: int) -> dict[str, Figure]:
    return evaluate.evaluate(tested.outcomes, trained.threshold, seed) if tested else {}


def _write_findings(
    arguments: argparse.Namespace,
    asked: Prepared,
    tested: Answers | None,
    figures: dict[str, Figure],
) -> None:
    model = ServedModel.of(arguments.output)
    threshold = model.contract.threshold
    path = arguments.plot or (arguments.output.with_suffix(".png") if asked.test else None)
    if path and tested:
        path.parent.mkdir(parents=True, exist_ok=True)
        plots.png(path, tested.outcomes, threshold)
        _log.info("%s: the plots", path)
    if arguments.report and tested:
        evidence = Evidence(
            asked.entries,
            threshold,
            tested,
            model.own_answers(),
            asked.duplicates,
            asked.report,
            cross_validated=not asked.test,
        )
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        report.write(arguments.report, f"Report on {arguments.originals.name}", figures, evidence)
        _log.info("%s: the report", arguments.report)


def _texts(asked: Prepared) -> list[str]:
    """Every question, to compare the graph with its source on."""
    duplicates = [duplicate.text for duplicate in (*asked.test, *asked.duplicates)]
    questions = [entry.question for entry in asked.entries]
    return questions + duplicates + asked.no_match + asked.no_match_test


def _provenance(arguments: argparse.Namespace, encoder: Encoder | None) -> Provenance:
    files = {name: getattr(arguments, name) for name in _FILES}
    matcher = f"TF-IDF and LightGBM on pairs, {arguments.trees} trees"
    if not arguments.recipe:
        matcher = "a linear classifier of terms" + (f" and {encoder.source}" if encoder else "")
    return provenance(
        source=f"rtscore-convert faq: {matcher}",
        packages=_PACKAGES,
        data_sha256={name: data.sha256(path) for name, path in files.items() if path},
        seed=arguments.seed,
    )
