"""Questions put together in batches, and those that run at once."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from server.contract import FaqContract, Row
from server.faqrun import _PART, FaqRun, parts, warmed_up
from server.loading import load_faq
from server.model import Model
from server.runners import Runners
from server.session import Session
from server.settings import Settings
from server.stages import Stages
from tests.tiny import SUBWORDS, encoder_graph, faq_contract, faq_graph, stamped, write


def terms(count: int) -> Row:
    """A text of `count` terms."""
    return (np.zeros(count, np.int64), np.ones(count, np.float32)), None


def test_one_short_question_is_quick_and_nothing_else() -> None:
    run = FaqRun(lambda rows: [], inline_terms=64)
    assert run.is_quick([terms(0)])
    assert run.is_quick([terms(64)])
    assert not run.is_quick([terms(65)])
    assert not run.is_quick([terms(1), terms(1)])
    assert not FaqRun(lambda rows: [], inline_terms=-1).is_quick([terms(0)])


def test_a_small_model_is_quick_for_any_question(tmp_path: Path) -> None:
    session = Session(write(tmp_path, stamped(faq_graph(), faq_contract())))
    assert isinstance(session.contract, FaqContract)
    run = warmed_up(session, session.contract, most=3)
    assert run.is_quick([terms(32)])
    assert run.compute([terms(2)])[0].shape == (len(session.contract.entries),)


def asked(number: int) -> str:
    """A question of 0 to 3 dates and 0 to 4 arrays, in between words that are not known."""
    return "date " * (number % 4) + "of " * (number % 3) + "array " * (number % 5)


def served(
    graph: onnx.ModelProto, tmp_path: Path, runners: Runners, **settings: Any
) -> Model[FaqContract]:
    contract = faq_contract(subwords=SUBWORDS)
    path = write(tmp_path, stamped(graph, contract))
    return load_faq(path, Settings(device="auto", **settings), runners)


async def test_questions_of_any_length_get_their_own_answers(tmp_path: Path) -> None:
    """However they are put together for the encoder."""
    runners = Runners(1)
    model = served(encoder_graph(), tmp_path, runners, max_batch_faq=200)
    rows = [model.contract.encode(asked(number)) for number in range(150)]
    model.queue.start()
    found = await model.queue.submit(rows, Stages())
    await model.queue.stop()
    runners.close()
    expected = [model.session.run(model.contract.feeds([row]))[0] for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len({tuple(row) for row in np.round(found, 3)}) == 8  # by the arrays less the dates


def slow_encoder() -> onnx.ModelProto:
    """One that takes milliseconds for any question."""
    graph = encoder_graph()
    many = numpy_helper.from_array(np.array([2000, 2000]), "many")
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    graph.graph.initializer.extend([many, zero])
    softmax = graph.graph.node.pop()
    graph.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["times"], ["most"], keepdims=0),
            helper.make_node("Expand", ["most", "many"], ["wide"]),
            helper.make_node("Sin", ["wide"], ["waves"]),
            helper.make_node("ReduceSum", ["waves"], ["total"], keepdims=0),
            helper.make_node("Mul", ["total", "zero"], ["nothing"]),
            helper.make_node("Add", ["summed", "nothing"], ["logits"]),
            helper.make_node("Softmax", ["logits"], list(softmax.output)),
        ]
    )
    return graph


async def test_a_slow_encoder_never_runs_on_the_event_loop(tmp_path: Path) -> None:
    """Not even for a question without one known term."""
    runners = Runners(1)
    model = served(slow_encoder(), tmp_path, runners)
    model.queue.start()
    stages = Stages()
    await model.queue.submit([model.contract.encode("日本語")], stages)
    await model.queue.stop()
    runners.close()
    assert stages.seconds["queue"] > 0  # 0 where it ran at once


@given(st.lists(st.integers(0, 40_000), max_size=60))
def test_parts_are_of_like_sizes_and_hold_every_place_once(sizes: list[int]) -> None:
    found = list(parts(sizes))
    places = [place for part in found for place in part]
    assert sorted(places) == list(range(len(sizes)))
    ordered = [sizes[place] for place in places]
    assert ordered == sorted(sizes)
    for part, after in itertools.pairwise([*found, []]):
        padded = len(part) * max(sizes[place] for place in part)
        assert len(part) == 1 or padded <= _PART
        if after:
            assert (len(part) + 1) * sizes[after[0]] > _PART
