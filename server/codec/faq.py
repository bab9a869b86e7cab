"""POST /v1/faq: a JSON body to rows of terms, probabilities to a JSON answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator
from starlette.requests import Request

from server.codec.body import (
    NO_QUERY,
    About,
    content_type,
    parse_json,
    read_body,
)
from server.contract import FaqContract, Row
from server.errors import TooLarge, UnsupportedMediaType
from server.pool import Pool
from server.session import Probabilities
from server.stages import Stages

MAX_QUESTIONS = 256
MAX_MATCHES = 10_000  # questions times top_k

# Entries beyond which sorting them all costs more than looking for those that have a chance.
_MANY = 1024

# Bodies up to this are parsed and tokenised in less time than a hop to a thread and back costs.
_SMALL = 2048

Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class FaqRequest(BaseModel):
    """Exactly one of `question` and `questions`."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["question"]}, {"required": ["questions"]}],
        },
    )

    question: Question = Field("", description="One question")
    questions: list[Question] = Field(
        [], min_length=1, max_length=MAX_QUESTIONS, description="Several questions"
    )
    top_k: int = Field(3, ge=1, le=1000, description="Matches a question, at the most")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if ("question" in self.model_fields_set) == ("questions" in self.model_fields_set):
            raise ValueError("give exactly one of 'question' and 'questions'")
        return self


class Match(BaseModel):
    """One entry, and the chance that it is the one that the question duplicates."""

    id: str
    question: str
    answer: str | None
    probability: float = Field(ge=0, le=1)


class FaqResult(BaseModel):
    """`matched` is false where no entry answers the question."""

    matched: bool
    matches: list[Match]


class FaqAnswer(FaqResult):
    """The answer to `question`."""

    model: About


class FaqAnswers(BaseModel):
    """The answer to `questions`, in their order."""

    model: About
    results: list[FaqResult]


_REQUEST = TypeAdapter(FaqRequest)


@dataclass(frozen=True, slots=True)
class FaqCall:
    """A call as rows for the batcher, and what its answer needs besides the probabilities."""

    rows: Sequence[Row]
    top_k: int
    single: bool


async def decode(request: Request, contract: FaqContract) -> FaqCall:
    """The call in the body.

    Raises UnsupportedMediaType, TooLarge, RequestTimeout, BadRequest or Invalid.
    """
    if content_type(request) != "application/json":
        raise UnsupportedMediaType("Send the question as 'Content-Type: application/json'.")
    NO_QUERY.parse(request)
    body = await read_body(request)
    with request.state.stages.timed("decode"):
        if len(body) <= _SMALL:
            return _parse(body, contract)
        decoders: Pool = request.state.decoders
        return await decoders.run(_parse, body, contract)


def _parse(body: bytes, contract: FaqContract) -> FaqCall:
    asked = parse_json(body, _REQUEST)
    single = not asked.questions
    questions = [asked.question] if single else asked.questions
    if len(questions) * asked.top_k > MAX_MATCHES:
        raise TooLarge(
            f"questions times top_k is {len(questions) * asked.top_k}; at most {MAX_MATCHES} "
            "matches are given in one answer."
        )
    return FaqCall([contract.encode(text) for text in questions], asked.top_k, single)


def encode(
    call: FaqCall,
    rows: Sequence[Probabilities],
    contract: FaqContract,
    about: dict[str, str],
    stages: Stages,
) -> bytes:
    """The JSON answer: for each question its `top_k` best entries, ties in entry order.

    `rows` are probabilities, float32 [entries] each; `about` names the model and its version.
    """
    with stages.timed("encode"):
        results = [_result(row, call.top_k, contract) for row in rows]
        if call.single:
            return orjson.dumps({"model": about, **results[0]})
        return orjson.dumps({"model": about, "results": results})


def _best(row: Probabilities, top_k: int) -> npt.NDArray[np.int64]:
    """Indices of the `top_k` highest of `row`, highest first; ties in order."""
    if len(row) > _MANY:  # where only a few are not 0
        chosen = np.flatnonzero(row)
        if top_k <= len(chosen) <= _MANY:
            return chosen[np.argsort(-row[chosen], kind="stable")[:top_k]]
    return np.argsort(-row, kind="stable")[:top_k]


def _result(row: Probabilities, top_k: int, contract: FaqContract) -> dict[str, Any]:
    best = _best(row, top_k).tolist()
    probabilities = row[best].tolist()
    return {
        "matched": probabilities[0] >= contract.threshold,
        "matches": [
            {
                "id": contract.entries[index].id,
                "question": contract.entries[index].question,
                "answer": contract.entries[index].answer,
                "probability": probability,
            }
            for index, probability in zip(best, probabilities, strict=True)
        ],
    }
