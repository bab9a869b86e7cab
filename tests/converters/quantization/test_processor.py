import platform
from pathlib import Path

import pytest

from converters.quantization.processor import has_vnni


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni sse\n", True),
        ("vendor_id\t: x\nflags\t\t: fpu avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f\nvmx flags\t: vnmi\n", False),
        ("Features\t: fp asimd asimddp\n", None),
        ("", None),
    ],
)
def test_it_reads_the_flags(text: str, expected: bool | None, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text, encoding="utf-8")
    assert has_vnni(cpuinfo) is expected


def test_without_the_file_nothing_is_said(tmp_path: Path) -> None:
    assert has_vnni(tmp_path / "nowhere") is None


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64",
    reason="/proc/cpuinfo has flags on x86 Linux",
)
def test_here_it_can_be_told() -> None:
    assert has_vnni() is not None
