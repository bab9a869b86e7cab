"""How many CPUs this process may use, and whether they have VNNI.

Counted is the cgroup's quota, not the host's cores.

ONNX Runtime sizes its pools by the host, so that a pod with a quota of 2 on 96 cores is throttled.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_VNNI = {"avx512_vnni", "avx_vnni"}


def cpu_limit(root: Path = Path("/")) -> int:
    """CPUs by the affinity mask and by the quota under `root`, rounded up; at least 1."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, math.ceil(min(available or 1, cpu_quota(root))))


def cpu_quota(root: Path = Path("/")) -> float:
    """The tightest quota of cgroup v2 or v1 in CPUs, infinite where there is none.

    `root` is where `proc` and `sys` are found.
    """
    return min(_quotas(root), default=math.inf)


def has_vnni(root: Path = Path("/")) -> bool | None:
    """Whether an x86 processor multiplies 8-bit numbers without overflow, which is fast too.

    None for other processors, and where `root` has no `proc/cpuinfo` that tells.
    """
    for line in _read(root / "proc/cpuinfo").splitlines():
        if line.startswith("flags"):
            return not _VNNI.isdisjoint(line.partition(":")[2].split())
    return None


def _quotas(root: Path) -> Iterator[float]:
    """Every quota, in CPUs, between this process's cgroup and the root of the hierarchy."""
    mount = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _walk(mount, path, _quota_v2)
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                if (mount / name).is_dir():
                    yield from _walk(mount / name, path, _quota_v1)
                    break


def _walk(mount: Path, path: str, quota_of: Callable[[Path], float | None]) -> Iterator[float]:
    # Inside a container the path may be the host's and absent here: then the mount is our cgroup.
    folder = mount / path.strip("/")
    for place in (folder, *folder.parents):
        if (quota := quota_of(place)) is not None:
            yield quota
        if place == mount:
            break


def _quota_v2(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
    return None if quota in ("", "max") else int(quota) / int(period or 100_000)


def _quota_v1(folder: Path) -> float | None:
    quota = _read(folder / "cpu.cfs_quota_us").strip()
    period = _read(folder / "cpu.cfs_period_us").strip()
    return None if quota in ("", "-1") else int(quota) / int(period or 100_000)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
