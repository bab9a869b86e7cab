from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.quantization.source import read
from server.errors import StartupError
from tests import tiny
from tests.converters.quantization import small


def test_it_is_the_graph_without_the_metadata(small_model: Path) -> None:
    source = read(small_model)
    assert source.graph == small.graph()
    assert source.contract == small.contract()
    assert source.sha256.startswith(source.session.version)


def test_a_faq_model_is_refused_with_the_way_to_its_own(tmp_path: Path) -> None:
    content = tiny.stamped(tiny.faq_graph(), tiny.faq_contract())
    with pytest.raises(ConversionError, match=r"is a FAQ model; .*--encoder \.\.\. --precision"):
        read(tiny.write(tmp_path, content))


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_a_variant_is_refused(precision: str, tmp_path: Path) -> None:
    path = small.write_model(tmp_path, precision=precision)
    with pytest.raises(ConversionError, match=f"is {precision} already; give the fp32 file"):
        read(path)


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, small.graph().SerializeToString())
    with pytest.raises(StartupError, match="no model file of rtscore-convert"):
        read(path)
