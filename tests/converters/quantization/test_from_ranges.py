import json
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.quantization import from_pictures, from_ranges, ranges
from converters.quantization.from_pictures import Request
from converters.quantization.ranges import digest
from converters.quantization.source import Source, read
from converters.quantization.variant import Variant
from tests import tiny
from tests.converters.quantization import small


@pytest.fixture(scope="module")
def measured(
    small_source: Source, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Variant, Path]:
    """The variant from pictures, and the file of its ranges."""
    variant, saved = from_pictures.make_int8(small_source, Request(folder, 0.95, seed=2))
    path = tmp_path_factory.mktemp("ranges") / "ranges.json"
    ranges.write(path, saved)
    return variant, path


def changed(path: Path, folder: Path, **fields: object) -> Path:
    """A file of ranges with other `fields`."""
    made = folder / "changed.json"
    content = json.loads(path.read_text(encoding="utf-8")) | fields
    made.write_text(json.dumps(content), encoding="utf-8")
    return made


def test_it_is_the_same_graph_with_the_same_figures(
    measured: tuple[Variant, Path], small_source: Source
) -> None:
    before, path = measured
    again = from_ranges.make(small_source, path)
    assert digest(again.graph) == digest(before.graph)
    assert again.contract.accuracy == before.contract.accuracy
    first, second = before.contract.provenance, again.contract.provenance
    assert second.data_sha256.items() > first.data_sha256.items()
    assert (second.seed, second.source) == (2, first.source)
    assert sum(map(len, again.samples)) == 8


def test_another_model_is_refused(measured: tuple[Variant, Path], tmp_path: Path) -> None:
    path = tiny.write(tmp_path, tiny.stamped(small.graph(9), small.contract()))
    with pytest.raises(ConversionError, match="has the ranges of another graph"):
        from_ranges.make(read(path), measured[1])


def test_another_result_is_refused(
    measured: tuple[Variant, Path], small_source: Source, tmp_path: Path
) -> None:
    path = changed(measured[1], tmp_path, graph_sha256="0" * 64)
    with pytest.raises(ConversionError, match="is not the one that was measured"):
        from_ranges.make(small_source, path)


def test_a_missing_range_is_refused(
    measured: tuple[Variant, Path], small_source: Source, tmp_path: Path
) -> None:
    path = changed(measured[1], tmp_path, ranges={})
    with pytest.raises(ConversionError, match=r"can't be quantised: .* not specified for"):
        from_ranges.make(small_source, path)
