"""A small CNN's file and pictures, made once a session."""

from pathlib import Path

import pytest

from converters.quantization.source import Source, read
from tests.converters.quantization import small


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small CNN."""
    return small.write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def small_source(small_model: Path) -> Source:
    """It, read."""
    return read(small_model)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """44 pictures."""
    return small.write_pictures(tmp_path_factory.mktemp("pictures"), 44)
