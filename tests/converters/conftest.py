"""Models that several test modules need, converted once a session."""

from pathlib import Path

import pytest

from converters import from_efficientnet_lite


@pytest.fixture(scope="session")
def efficientnet_lite0(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default image model."""
    path = tmp_path_factory.mktemp("models") / "image.onnx"
    from_efficientnet_lite.write(0, path)
    return path
