"""Runs a graph that is no file yet."""

from collections.abc import Iterable
from typing import cast

import onnx

from converters.quantization.pictures import Pixels
from server.session import Probabilities, session_options


class Runner:
    """A graph in ONNX Runtime on the CPU, `optimised` as the server has it or node by node.

    Node by node, what is quantised is turned back and computed in float: slower, by other code, and
    what the graph says by definition.
    """

    def __init__(self, graph: onnx.ModelProto, *, optimised: bool) -> None:
        """Load `graph`, whose input is `image`."""
        import onnxruntime as ort  # after server.session, which switches its telemetry off

        options = session_options()
        if not optimised:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = ort.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, batch: Pixels) -> Probabilities:
        """Probabilities, float32 [N, classes], for uint8 [N, height, width, 3]."""
        return cast(Probabilities, self._session.run(None, {"image": batch})[0])

    def over(self, batches: Iterable[Pixels]) -> list[tuple[Pixels, Probabilities]]:
        """Each of `batches` with its probabilities."""
        return [(batch, self.run(batch)) for batch in batches]
