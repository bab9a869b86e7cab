import importlib.metadata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import onnx
import pytest

from converters.export import ConversionError, Parity, export, provenance
from server.contract import CONTRACT_KEY
from server.errors import StartupError
from server.modelfile import DIGEST_KEY, NO_DIGEST
from server.session import Feeds, Probabilities, Session
from tests import tiny

Samples = list[tuple[Feeds, Probabilities]]


def samples(off_by: float = 0.0, rows: int = 3) -> Samples:
    """Grey pictures with the tiny model's probabilities, the last one's off by so much."""
    shades = np.linspace(0, 255, rows).astype(np.uint8)
    pictures = np.broadcast_to(shades[:, None, None, None], (rows, tiny.SIDE, tiny.SIDE, 3))
    weights = np.linspace(0, 2, 6).reshape(3, 2)
    scores = pictures.mean(axis=(1, 2)) / 255 @ weights
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected[-1:] += [[off_by, -off_by]]
    halves = np.array_split(np.arange(rows), 2)
    return [
        ({"image": np.ascontiguousarray(pictures[half])}, expected[half].astype(np.float32))
        for half in halves
    ]


def write(path: Path, given: Iterable[tuple[Feeds, Probabilities]]) -> Parity:
    return export(tiny.image_graph(), tiny.image_contract(), path, given, tolerance=1e-5)


def test_what_agrees_is_written_stamped_and_sealed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "image.onnx"
    parity = write(path, samples())
    assert parity.rows == 3
    assert parity.largest_difference < 1e-6
    assert parity.bytes_written == path.stat().st_size
    assert Session(path).contract == tiny.image_contract()
    metadata = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert set(metadata) == {CONTRACT_KEY, DIGEST_KEY}
    assert metadata[DIGEST_KEY] != NO_DIGEST
    assert [entry.name for entry in path.parent.iterdir()] == ["image.onnx"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StartupError, match="digest"):
        Session(path)


def test_what_a_library_wrote_into_the_metadata_is_replaced(tmp_path: Path) -> None:
    graph, path = tiny.image_graph(), tmp_path / "image.onnx"
    graph.metadata_props.add(key=CONTRACT_KEY, value="{}")
    graph.metadata_props.add(key="made by", value="somebody")
    export(graph, tiny.image_contract(), path, samples(), tolerance=1e-5)
    assert Session(path).contract == tiny.image_contract()
    assert len(onnx.load(path).metadata_props) == 2


def with_nan() -> Samples:
    found = samples()
    found[1][1][0, 1] = np.nan
    return found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (samples(off_by=1e-4), r"^row 2 of the parity sample differs .* by 1\.00e-04, allowed is"),
        (samples(off_by=-0.5), r"^row 2 of the parity sample differs .* by 5\.00e-01"),
        (with_nan(), r"^row 2 of the parity sample differs .* by nan"),
        ([], "nothing to compare"),
        (samples(rows=0), "nothing to compare"),
        (
            [(feeds, expected[:, :1]) for feeds, expected in samples()],
            r"gives \(2, 2\), its source \(2, 1\)",
        ),
    ],
    ids=["close", "far", "nan", "no batch", "no rows", "shape"],
)
def test_what_differs_is_not_written(given: Samples, message: str, tmp_path: Path) -> None:
    path = tmp_path / "image.onnx"
    with pytest.raises(ConversionError, match=message):
        write(path, given)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"an older model")
    with pytest.raises(ConversionError):
        write(path, given)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"an older model"


@pytest.mark.parametrize(("factor", "written"), [(2.5, False), (3.5, True)])
def test_another_one_first_is_refused_where_the_source_has_a_clear_one(
    factor: float, written: bool, tmp_path: Path
) -> None:
    feeds, expected = samples(rows=11)[0]
    feeds, expected = {"image": feeds["image"][1:2]}, expected[1:2]
    gap = float(expected[0, 1] - expected[0, 0])
    # The source's first leads by three times what the graph's leads by.
    given = [(feeds, np.add(expected, [[2 * gap, -2 * gap]], dtype=np.float32))]
    path = tmp_path / "image.onnx"
    if written:
        export(tiny.image_graph(), tiny.image_contract(), path, given, tolerance=factor * gap)
    else:
        with pytest.raises(ConversionError, match="ranks another one first than its source"):
            export(tiny.image_graph(), tiny.image_contract(), path, given, tolerance=factor * gap)
    assert path.exists() is written


def test_a_graph_that_fails_on_a_batch_is_refused(tmp_path: Path) -> None:
    graph = tiny.image_graph()
    made = onnx.parser.parse_graph("""
        fixed (float[N, 3] mean) => (float[N, 3] moved) {
            shape = Shape(mean)
            least = Min(shape, one)
            moved = Reshape(mean, least)
        }""").node
    made[-1].name = "for one picture"
    nodes = list(graph.graph.node)
    nodes[3].input[0] = "moved"
    del graph.graph.node[:]
    graph.graph.node.extend([*nodes[:3], *made, *nodes[3:]])
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 3]), "one"))
    with pytest.raises(ConversionError, match=r"the graph fails on 2 rows: .*for one picture"):
        export(graph, tiny.image_contract(), tmp_path / "x.onnx", samples(), tolerance=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_differences_within_the_tolerance_are_reported(tmp_path: Path) -> None:
    parity = write(tmp_path / "image.onnx", samples(off_by=5e-6))
    assert parity.largest_difference == pytest.approx(5e-6, rel=0.1)


def test_a_graph_that_gives_nan_is_not_written(tmp_path: Path) -> None:
    graph = tiny.image_graph()
    (most,) = (one for one in graph.graph.initializer if one.name == "most")
    most.CopyFrom(onnx.numpy_helper.from_array(np.array(np.nan, np.float32), "most"))
    with pytest.raises(ConversionError, match=r"^row 0 .* by nan"):
        export(graph, tiny.image_contract(), tmp_path / "x.onnx", samples(), tolerance=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_the_source_is_asked_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterable[tuple[Feeds, Probabilities]]:
        yield samples()[0]
        raise MemoryError("the source model is too large")

    with pytest.raises(MemoryError):
        write(tmp_path / "image.onnx", broken())
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_graph_is_refused(tmp_path: Path) -> None:
    graph = tiny.image_graph()
    graph.graph.node[0].op_type = "Nonsense"
    with pytest.raises(ConversionError, match=r"the graph is not valid ONNX: .*Nonsense"):
        export(graph, tiny.image_contract(), tmp_path / "x.onnx", samples(), tolerance=1)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_does_not_fit_its_contract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.onnx"
    with pytest.raises(StartupError, match="does not fit its contract"):
        export(tiny.image_graph(outputs=3), tiny.image_contract(), path, samples(), tolerance=1)
    assert list(tmp_path.iterdir()) == []


def test_provenance_names_versions_and_time() -> None:
    made = provenance("test", ["numpy", "onnx"], {"originals": "0" * 64}, seed=7)
    assert made.packages == {name: importlib.metadata.version(name) for name in ("numpy", "onnx")}
    assert (made.source, made.data_sha256, made.seed) == ("test", {"originals": "0" * 64}, 7)
    assert timedelta(0) <= datetime.now(UTC) - made.created < timedelta(minutes=1)
    assert provenance("test", [], {}).seed is None
