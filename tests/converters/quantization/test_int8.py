from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from converters.quantization import pictures
from converters.quantization.calibrate import calibrate
from converters.quantization.int8 import quantise
from converters.quantization.prepare import prepared
from converters.quantization.ranges import Ranges, digest
from converters.quantization.runner import Runner
from tests.converters.quantization import small


@pytest.fixture(scope="module")
def measured(folder: Path) -> Ranges:
    batches = pictures.batches(pictures.find(folder), small.contract())
    return calibrate(prepared(small.graph()), batches)


def weights(graph: onnx.ModelProto) -> dict[str, npt.NDArray[np.generic]]:
    return {one.name: numpy_helper.to_array(one) for one in graph.graph.initializer}


def test_layers_are_int8_and_the_ends_are_float(measured: Ranges) -> None:
    graph = quantise(prepared(small.graph()), measured, reduce_range=False)
    onnx.checker.check_model(graph, full_check=True)
    makers = {name: node.op_type for node in graph.graph.node for name in node.output}
    takers = {name: node.op_type for node in graph.graph.node for name in node.input}
    for node in graph.graph.node:
        if node.op_type in ("Conv", "Gemm", "Add"):
            assert {makers[name] for name in node.input} == {"DequantizeLinear"}
        if node.op_type in ("Sub", "Softmax"):
            assert "DequantizeLinear" not in {makers.get(name) for name in node.input}
    assert takers["scores"] == "Softmax"
    assert not graph.metadata_props


def test_weights_are_signed_by_channel_and_activations_unsigned(measured: Ranges) -> None:
    graph = quantise(prepared(small.graph()), measured, reduce_range=False)
    types = Counter(one.data_type for one in graph.graph.initializer)
    assert types[TensorProto.INT8] == 6  # three layers' weights and zero points
    found = weights(graph)
    zeros = {node.input[2] for node in graph.graph.node if node.op_type == "QuantizeLinear"}
    assert {found[name].dtype for name in zeros} == {np.dtype(np.uint8)}
    kernels = [value for value in found.values() if value.dtype == np.int8 and value.ndim == 4]
    assert len(kernels) == 2
    for kernel in kernels:
        highest = np.abs(kernel.astype(int)).max(axis=(1, 2, 3))
        assert highest.tolist() == [127] * 6


def test_a_reduced_range_leaves_room_for_sums_of_two_products(measured: Ranges) -> None:
    graph = quantise(prepared(small.graph()), measured, reduce_range=True)
    kernels = [value for value in weights(graph).values() if value.dtype == np.int8]
    assert max(np.abs(kernel.astype(int)).max() for kernel in kernels) == 64
    assert 255 * 64 * 2 < 2**15


def test_it_computes_nearly_the_same(measured: Ranges, folder: Path) -> None:
    graph = quantise(prepared(small.graph()), measured, reduce_range=False)
    batch = np.concatenate(list(pictures.batches(pictures.find(folder), small.contract())))
    actual = Runner(graph, optimised=True).run(batch)
    expected = Runner(small.graph(), optimised=True).run(batch)
    assert 0 < np.abs(actual - expected).max() < 0.05
    np.testing.assert_array_equal(actual.argmax(axis=1), expected.argmax(axis=1))


def test_the_same_ranges_give_the_same_graph(measured: Ranges) -> None:
    first, second = (
        quantise(prepared(small.graph()), measured, reduce_range=False) for _ in range(2)
    )
    assert digest(first) == digest(second)
    name, (low, high) = next(iter(measured.items()))
    other = quantise(
        prepared(small.graph()), {**measured, name: (low - 1, high)}, reduce_range=False
    )
    assert digest(other) != digest(first)
