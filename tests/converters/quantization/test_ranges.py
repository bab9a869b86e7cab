import json
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.quantization import ranges
from converters.quantization.ranges import SavedRanges, digest
from tests.converters.quantization import small


def saved() -> SavedRanges:
    return SavedRanges(
        source="test",
        source_sha256=digest(small.graph()),
        graph_sha256=digest(small.graph(9)),
        pictures='44 pictures, "red" and others',
        data_sha256={"calibration_pictures": "0" * 64},
        seed=3,
        reduce_range=False,
        packages={"onnx": "1.2", "numpy": "3.4"},
        accuracy={"top1_agreement": 0.975},
        ranges={"first": (-1.5, 0.1), "second": (0.0, 3e-07)},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ranges.json"
    ranges.write(path, saved())
    assert ranges.read(path) == saved()
    assert '    "first": [-1.5, 0.1],\n' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranges": {"a": [1]}}, r"is no file of ranges \(ranges\.a\."),
        ({"seed": "many"}, r"is no file of ranges \(seed: "),
        ({"more": 1}, r"is no file of ranges \(more: "),
    ],
)
def test_another_file_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "ranges.json"
    path.write_text(json.dumps(saved().model_dump() | change), encoding="utf-8")
    with pytest.raises(ConversionError, match=message):
        ranges.read(path)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ranges.json"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(ConversionError, match=r"is no file of ranges \(the file: .*--save-ranges"):
        ranges.read(path)


def test_a_digest_is_that_of_what_is_computed() -> None:
    graph = small.graph()
    graph.metadata_props.add(key="made", value="today")
    graph.producer_name, graph.doc_string = "somebody", "something"
    graph.graph.initializer.sort(key=lambda one: one.name)
    assert digest(graph) == digest(small.graph())
    graph.graph.node[5].attribute.add(name="epsilon", f=1e-3, type=1)
    assert digest(graph) != digest(small.graph())


def test_one_weight_more_or_less_is_another_digest() -> None:
    graph = small.graph()
    weight = graph.graph.initializer[2]
    weight.raw_data = bytes([weight.raw_data[0] ^ 1]) + weight.raw_data[1:]
    assert digest(graph) != digest(small.graph())


def test_ranges_of_another_graph_are_refused() -> None:
    path = Path("r.json")
    ranges.refuse_another_source(path, saved(), small.graph())
    with pytest.raises(ConversionError, match=r"r\.json has the ranges of another graph \(test\)"):
        ranges.refuse_another_source(path, saved(), small.graph(9))


def test_another_result_is_refused_with_the_versions_that_made_the_first() -> None:
    path = Path("r.json")
    ranges.refuse_another_graph(path, saved(), small.graph(9))
    with pytest.raises(ConversionError, match=r"not the one .* \(with onnx 1\.2, numpy 3\.4\)"):
        ranges.refuse_another_graph(path, saved(), small.graph())
