"""What a FAQ model costs and how good it is, a row of a table: the classic recipe's, and ours.

Times are CPU time: what else the machine does would show in any other.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from benchmarks.faq_sets import QuestionSet
from converters.export import export, provenance
from converters.faq import pairs_fit, samples
from converters.faq.answers import Answers
from converters.faq.evaluate import evaluate
from converters.faq.model import Calibration
from converters.faq.pairs_graph import to_onnx
from converters.faq.pairs_model import PairClassifier, PairModel
from server.contract import FaqContract
from server.session import Session

TIMED = 100  # questions
FIGURES = ("accuracy_at_1", "accuracy_at_2", "accuracy_at_3", "mean_rank")
# Any will do: the order of the entries does not depend on it, and all cost the same.
CALIBRATION = Calibration(1.0, np.zeros(4), 0.0)

Row = dict[str, Any]


def classic(asked: QuestionSet, counts: Sequence[int], minutes: float) -> Iterator[Row]:
    """A row for each of `counts` trees that a fit of `minutes` at most comes to."""
    seconds: list[float] = []
    model = pairs_fit.fit(
        asked.entries, asked.train, max(counts), callbacks=[_clock(seconds, 60 * minutes)]
    )
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            if count <= len(seconds):
                path = Path(folder, f"{count}.onnx")
                _write(replace(model, trees=count), asked, path)
                yield {"trees": count, "seconds": seconds[count - 1], **served(path, asked)}


def ours(asked: QuestionSet, arguments: Sequence[str]) -> Row:
    """The row of what `rtscore-convert faq` makes with these further `arguments`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "faq.onnx")
        files = [str(part) for pair in asked.files.items() if pair[0] != "--test" for part in pair]
        command = (sys.executable, "-m", "converters", "faq", *files, *arguments, "-o", str(path))
        started = _children()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return {"seconds": _children() - started, **served(path, asked)}


def served(path: Path, asked: QuestionSet) -> Row:
    """Size, speed and figures of a model file, asked in the server's way with one thread."""
    session = Session(path, threads=1)
    contract = session.contract
    assert isinstance(contract, FaqContract)
    took, answers = [], []
    for one in asked.test:
        started = time.thread_time()
        answers.append(session.run(contract.feeds([contract.encode(one.text)])))
        took.append(time.thread_time() - started)
    texts = [one.text for one in asked.test]
    found = evaluate(
        Answers.of(texts, [one.entry for one in asked.test], answers).outcomes, threshold=0.0
    )
    return {
        "bytes": path.stat().st_size,
        "seconds_a_question": float(np.median(took)),
        **{name: list(found[name]) for name in FIGURES},
    }


def _children() -> float:
    """CPU seconds of all commands that were run, with those that they ran."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _clock(seconds: list[float], most: float) -> Callable[[Any], None]:
    """A callback that notes when each tree was done, and ends the fit after `most` seconds."""
    started = time.process_time()

    def note(state: Any) -> None:
        seconds.append(time.process_time() - started)
        if seconds[-1] > most:
            raise lightgbm.callback.EarlyStopException(state.iteration, [])

    return note


def _write(model: PairModel, asked: QuestionSet, path: Path) -> None:
    """The model's file, compared with LightGBM on the first test questions."""
    classifier = PairClassifier(model, CALIBRATION)
    contract = FaqContract(
        vocabulary=classifier.vocabulary,
        entries=tuple(asked.entries),
        threshold=0.5,
        provenance=provenance("benchmarks.faq_trees", ("lightgbm",), {}),
    )
    texts = [one.text for one in asked.test[:TIMED]]
    feeds = samples.samples(classifier, contract, texts, seed=0)
    export(to_onnx(classifier), contract, path, feeds, tolerance=1e-5)
