"""What the tests of pictures share."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from server.contract import ImageContract, Label, Provenance

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def contract() -> ImageContract:
    """A small square, so that small pictures are shrunk and smaller ones grown."""
    return ImageContract(
        height=16,
        width=16,
        crop=0.875,
        labels=(Label(id="n0", label="thing"),),
        provenance=Provenance(source="test", created=datetime(2026, 1, 1, tzinfo=UTC)),
    )


@pytest.fixture(scope="session")
def encode() -> Encode:
    """`encode(picture, format, **options)`: the bytes of a file, from a picture or an array."""

    def encoded(
        picture: Image.Image | npt.NDArray[Any],
        format_: str,
        **options: Any,
    ) -> bytes:
        if isinstance(picture, np.ndarray):
            picture = Image.fromarray(picture)
        file = BytesIO()
        picture.save(file, format_, **options)
        return file.getvalue()

    return encoded
