"""A sentence encoder: from texts to vectors whose dot product is how alike the texts are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import onnx

from converters.progress import progress
from server.session import refuse_mixed_packages, session_options
from server.subwords import Subwords, pad_tokens

if TYPE_CHECKING:
    import onnxruntime as ort

Embeddings = npt.NDArray[np.float32]

_BATCH = 32


@dataclass(frozen=True)
class Encoder:
    """A graph that takes `tokens` int64 [N, S] and gives `embedding` float32 [N, width].

    Tokens come from `subwords`; the rows of an embedding have length 1. `source` says where the
    weights come from.
    """

    graph: onnx.ModelProto
    subwords: Subwords
    width: int
    source: str
    precision: Literal["fp32", "int8"] = "fp32"

    def embed(self, texts: Sequence[str], description: str = "") -> Embeddings:
        """The embeddings of `texts`, float32 [n, width], on all cores.

        With a `description`, a progress bar is shown.
        """
        rows = [self.subwords.encode(text) for text in texts]
        found = np.zeros((len(rows), self.width), np.float32)
        order = np.argsort([-len(row) for row in rows], kind="stable")  # little padding
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        for batch in progress(batches, description, len(batches)) if description else batches:
            tokens = pad_tokens([rows[number] for number in batch])
            found[batch] = self._session.run(["embedding"], {"tokens": tokens})[0]
        return found

    @cached_property
    def _session(self) -> "ort.InferenceSession":
        refuse_mixed_packages()
        import onnxruntime as ort  # after server.session, which switches its telemetry off

        return ort.InferenceSession(
            self.graph.SerializeToString(),
            session_options(),
            providers=["CPUExecutionProvider"],
        )
