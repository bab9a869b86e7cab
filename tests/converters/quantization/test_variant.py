from pathlib import Path

import numpy as np
import onnx
import pytest

from converters.quantization.fp16 import to_fp16
from converters.quantization.prepare import prepared
from converters.quantization.source import Source
from converters.quantization.variant import PACKAGES, Variant, contract_of
from converters.sample_pictures import sample_pictures
from server.session import Session
from tests.converters.quantization import small

FIGURES = {"top1_agreement": 0.975}
DATA = {"evaluation_pictures": "0" * 64}


def variant(source: Source, graph: onnx.ModelProto) -> Variant:
    contract = contract_of(source, "fp16", FIGURES, DATA, 7)
    return Variant(graph, contract, np.split(sample_pictures(small.SIDE), (1, 4)))


def test_the_contract_is_the_sources_with_what_is_new(small_source: Source) -> None:
    contract = contract_of(small_source, "int8", FIGURES, DATA, 7)
    assert contract.labels == small_source.contract.labels
    assert (contract.precision, contract.accuracy) == ("int8", FIGURES)
    made = contract.provenance
    assert made.source == "test; int8 of small.onnx"
    assert made.data_sha256 == {"source_model": small_source.sha256, **DATA}
    assert set(made.packages) == set(PACKAGES)
    assert (made.seed, made.created > small_source.contract.provenance.created) == (7, True)


def test_what_was_measured_on_the_source_is_left_out(tmp_path: Path) -> None:
    from converters.quantization.source import read

    source = read(small.write_model(tmp_path, accuracy={"top1": 0.9}))
    assert contract_of(source, "fp16", FIGURES, {}, None).accuracy == FIGURES


def test_it_is_written_as_the_server_reads_it(small_source: Source, tmp_path: Path) -> None:
    made = variant(small_source, to_fp16(prepared(small_source.graph)))
    parity = made.write(tmp_path / "small.onnx")
    assert (parity.rows, parity.largest_difference < 0.01) == (8, True)
    assert Session(tmp_path / "small.onnx").contract == made.contract


def test_a_graph_that_does_not_fit_the_contract_is_not_written(
    small_source: Source, tmp_path: Path
) -> None:
    graph = to_fp16(prepared(small_source.graph))
    graph.graph.node[0].op_type = "Nonsense"
    with pytest.raises(Exception, match="Nonsense"):
        variant(small_source, graph).write(tmp_path / "small.onnx")
    assert list(tmp_path.iterdir()) == []
