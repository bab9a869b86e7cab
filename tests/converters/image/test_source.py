import hashlib
from pathlib import Path

import numpy as np
import pytest

from converters.image.source import Floats, by_batch, sha256


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
def test_any_number_of_rows_in_batches_of_one_size(rows: int) -> None:
    seen = []

    def doubled(part: Floats) -> Floats:
        seen.append(len(part))
        return part[:, :1] * 2

    given = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    np.testing.assert_array_equal(by_batch(doubled, 3)(given), given[:, :1] * 2)
    assert set(seen) == {3}


def test_digest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"weights")
    assert sha256(path) == hashlib.sha256(b"weights").hexdigest()
