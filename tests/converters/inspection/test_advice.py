import pickle

import pytest

from converters.inspection.advice import for_bytes, for_graph
from converters.inspection.graph import Graph, Value


def graph(*inputs: Value, producer: str = "") -> Graph:
    return Graph(10, {"ai.onnx": 18}, producer, inputs, (), {}, {}, ())


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (graph(Value("x", "float32", ("N", 3, 224, 224))), "rtscore-convert onnx puts"),
        (graph(Value("x", "uint8", (1, 224, 224, 3))), "rtscore-convert onnx puts"),
        (graph(Value("x", "float32", ("N", 9)), producer="skl2onnx 1.20"), "convert sklearn"),
        (graph(Value("text", "string", ("N",))), "rtscore-convert sklearn"),
        (
            graph(Value("input_ids", "int64", ("N", "S")), Value("mask", "int64", ("N", "S"))),
            "see --encoder",
        ),
        (graph(Value("x", "float32", ("N", 1, 28, 28))), "seems to be neither"),
        (graph(Value("x", "float32", None)), "seems to be neither"),
        (graph(), "seems to be neither"),
    ],
)
def test_which_command_helps(given: Graph, command: str) -> None:
    advice = for_graph(given)
    assert advice.startswith("it has no rtscore contract. ")
    assert command in advice


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04...", "a zip archive"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (pickle.dumps({"a": 1}), "a pickle"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "run: git lfs pull"),
        (b"hello", "or it was cut"),
        (b"", "or it was cut"),
    ],
)
def test_what_other_files_are(content: bytes, what: str) -> None:
    assert for_bytes(content).startswith("this is no ONNX file")
    assert what in for_bytes(content)
