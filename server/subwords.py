"""From a text to the token ids that a sentence encoder reads.

The converter embeds with this very class and the server calls it before the graph, so both see the
same tokens. The `tokenizers` package does the work; only models with an encoder need it.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from server.errors import StartupError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# No token has this id. A tokenizer's own padding token will not do: a text may spell it out.
PADDING = -1

Tokens = npt.NDArray[np.int64]


class Subwords(BaseModel):
    """A tokenizer, and how many tokens of one text count.

    `tokenizer` is the JSON of the `tokenizers` package, whose settings for truncation and padding
    are dropped: `max_tokens`, special tokens included, and `pad_tokens` take their place. Making
    one raises StartupError where that package is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokenizer: str
    max_tokens: int = Field(ge=1, le=8192)

    @field_validator("tokenizer")
    @classmethod
    def _without_hidden_settings(cls, text: str) -> str:
        try:
            parts = json.loads(text)
        except ValueError as error:
            raise ValueError(f"no JSON of a tokenizer: {error}") from error
        if not isinstance(parts, dict):
            raise ValueError("no JSON of a tokenizer: it is no object")
        parts |= {"truncation": None, "padding": None}
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    @model_validator(mode="after")
    def _works(self) -> Self:
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        if self.max_tokens <= special:
            raise ValueError(
                f"max_tokens is {self.max_tokens}, but the tokenizer adds {special} special tokens"
            )
        return self

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        tokenizer = _parse(self.tokenizer)
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @property
    def size(self) -> int:
        """Number of token ids: all are below it."""
        return max(self._tokenizer.get_vocab().values(), default=-1) + 1

    def encode(self, text: str) -> Tokens:
        """The token ids of `text`, int64 [S], S <= max_tokens, special tokens included.

        May be called from several threads at once, and starts none.
        """
        return np.array(self._tokenizer.encode(text).ids, np.int64)


def pad_tokens(rows: Sequence[Tokens]) -> Tokens:
    """Rows of different lengths as one array int64 [N, longest], filled up with PADDING."""
    longest = max((len(row) for row in rows), default=0)
    tokens = np.full((len(rows), max(longest, 1)), PADDING, np.int64)
    for filled, row in zip(tokens, rows, strict=True):
        filled[: len(row)] = row
    return tokens


def _parse(text: str) -> "Tokenizer":
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise StartupError(
            "this model has a sentence encoder, and its tokenizer needs a package that is not "
            "installed; run: pip install 'rtscore[encoder]'"
        ) from error
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the package raises plain Exception
        raise ValueError(f"no JSON of a tokenizer: {error}") from error
