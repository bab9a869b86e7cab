"""Whether this processor multiplies 8-bit numbers fast and exactly."""

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_VNNI = {"avx512_vnni", "avx_vnni"}


def has_vnni(cpuinfo: Path = _CPUINFO) -> bool | None:
    """Whether an x86 processor has VNNI; None for another kind and where it can't be told."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    flags = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return bool(_VNNI & flags[0]) if flags else None
