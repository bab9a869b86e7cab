"""What a model file says of itself: one JSON string in its ONNX metadata, under `rtscore.contract`.

ONNX can't express labels, entry texts, crop rules, provenance and measured accuracy, and a sidecar
file would get lost.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from server.errors import StartupError
from server.subwords import Subwords, Tokens, pad_tokens
from server.tokenizer import Terms, Vocabulary, pad

CONTRACT_KEY = "rtscore.contract"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(_Frozen):
    """Where a model comes from, enough to make it again."""

    source: str
    created: datetime
    data_sha256: dict[str, str] = {}
    packages: dict[str, str] = {}
    seed: int | None = None


# There may be 100,000 of them, and this is a third of a model's size.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Entry:
    """One entry of a FAQ; `answer` is Markdown, None where the set has none."""

    id: str
    question: str
    answer: str | None = None


class Label(_Frozen):
    """One class of an image model; `id` is its WordNet id where it has one."""

    id: str
    label: str


class _Contract(_Frozen):
    contract_version: Literal[1] = 1
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    provenance: Provenance
    accuracy: dict[str, float] = {}


Row = tuple[Terms, Tokens | None]


class FaqContract(_Contract):
    """Takes `indices` int64 [N, T] and `counts` float32 [N, T], gives probabilities [N, entries].

    A question's terms come from `vocabulary`; the index after the last term is padding. With
    `subwords`, a model with a sentence encoder takes `tokens` int64 [N, S] too.
    """

    task: Literal["faq"] = "faq"
    vocabulary: Vocabulary
    subwords: Subwords | None = None
    entries: tuple[Entry, ...] = Field(min_length=1)
    threshold: float = Field(ge=0, le=1)

    @property
    def outputs(self) -> int:
        """Number of probabilities that the graph gives for a row."""
        return len(self.entries)

    def encode(self, text: str) -> Row:
        """What the graph is told of `text`: one row for `feeds`."""
        tokens = None if self.subwords is None else self.subwords.encode(text)
        return self.vocabulary.encode(text), tokens

    def feeds(self, rows: Sequence[Row]) -> dict[str, npt.NDArray[Any]]:
        """The graph's inputs for encoded texts."""
        if len(rows) == 1:  # as nearly always: nothing to pad
            known, times = rows[0][0]
            indices, counts = known[np.newaxis], times[np.newaxis]
        else:
            indices, counts = pad([terms for terms, _ in rows], len(self.vocabulary.terms))
        feeds: dict[str, npt.NDArray[Any]] = {"indices": indices, "counts": counts}
        if self.subwords is not None:
            feeds["tokens"] = pad_tokens([tokens for _, tokens in rows if tokens is not None])
        return feeds


class ImageContract(_Contract):
    """Takes `image` uint8 [N, height, width, 3] (RGB), gives probabilities float32 [N, labels].

    The picture's centre square, `crop` times its short side, is resized to height x width.
    """

    task: Literal["image"] = "image"
    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    crop: float = Field(gt=0, le=1)
    resample: Literal["bilinear", "bicubic"] = "bicubic"
    labels: tuple[Label, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _square(self) -> Self:
        if self.height != self.width:
            raise ValueError("height and width differ, but the crop is a square")
        return self

    @property
    def outputs(self) -> int:
        """Number of probabilities that the graph gives for a row."""
        return len(self.labels)


Contract = Annotated[FaqContract | ImageContract, Field(discriminator="task")]
_CONTRACT: TypeAdapter[FaqContract | ImageContract] = TypeAdapter(Contract)


def parse(metadata: dict[str, str], path: str) -> FaqContract | ImageContract:
    """The contract in a model file's metadata.

    Raises StartupError, with the remedy, where there is none or one that can't be read.
    """
    text = metadata.get(CONTRACT_KEY)
    if text is None:
        raise StartupError(
            f"{path} is an ONNX file without a rtscore contract; convert it with rtscore-convert"
        )
    try:
        return _CONTRACT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StartupError(
            f"{path} has a contract that this version can't read ({where}: {first['msg']}); "
            "convert it again with the rtscore-convert of this version"
        ) from error
