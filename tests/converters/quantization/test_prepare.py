import numpy as np
import onnx
import pytest

from converters.export import ConversionError
from converters.quantization.prepare import prepared
from converters.quantization.ranges import digest
from converters.quantization.runner import Runner
from converters.sample_pictures import sample_pictures
from tests.converters.quantization import small


def test_batch_norms_go_into_convolutions_and_it_computes_the_same() -> None:
    graph, ready = small.graph(), prepared(small.graph())
    onnx.checker.check_model(ready, full_check=True)
    assert "BatchNormalization" in {node.op_type for node in graph.graph.node}
    assert "BatchNormalization" not in {node.op_type for node in ready.graph.node}
    assert [opset.domain for opset in ready.opset_import] == [""]
    batch = sample_pictures(small.SIDE)
    expected = Runner(graph, optimised=False).run(batch)
    np.testing.assert_allclose(Runner(ready, optimised=False).run(batch), expected, atol=1e-6)


def test_nodes_have_names_of_their_own() -> None:
    names = [node.name for node in prepared(small.graph()).graph.node]
    assert len(set(names)) == len(names)
    assert all(names)


def test_it_gives_the_same_every_time() -> None:
    assert digest(prepared(small.graph())) == digest(prepared(small.graph()))


def test_a_graph_that_is_too_old_is_refused() -> None:
    graph = small.graph()
    graph.opset_import[0].version = 12
    with pytest.raises(ConversionError, match="is of opset 12; export it again with 13 or newer"):
        prepared(graph)
