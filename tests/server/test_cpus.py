"""Quotas of control groups and flags of processors, as the kernel shows them in files."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.cpus import cpu_limit, cpu_quota, has_vnni

Tree = Callable[[dict[str, str]], Path]
V1_CPU = "4:cpu,cpuacct:"
V1_OTHERS = "12:pids:/kubepods/pod1\n5:memory:/kubepods/pod1\n1:name=systemd:/kubepods/pod1\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files by their path; returns the root that holds them."""

    def write(files: dict[str, str]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("content", "quota"),
    [
        ("200000 100000\n", 2.0),
        ("50000 100000\n", 0.5),
        ("150000 50000\n", 3.0),
        ("250000\n", 2.5),  # the period may be left out
        ("max 100000\n", math.inf),
        ("max\n", math.inf),
    ],
)
def test_version_2(tree: Tree, content: str, quota: float) -> None:
    root = tree({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": content})
    assert cpu_quota(root) == quota


def test_version_2_nested_takes_its_own_quota(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": "0::/kubepods.slice/pod1.slice/container1\n",
            "sys/fs/cgroup/kubepods.slice/pod1.slice/container1/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/kubepods.slice/pod2.slice/cpu.max": "10000 100000\n",
        }
    )
    assert cpu_quota(root) == 1.5


@pytest.mark.parametrize("own", ["max 100000\n", "400000 100000\n"])
def test_version_2_takes_the_tightest_quota_of_its_parents(tree: Tree, own: str) -> None:
    root = tree(
        {
            "proc/self/cgroup": "0::/kubepods/pod1/container1\n",
            "sys/fs/cgroup/kubepods/pod1/container1/cpu.max": own,
            "sys/fs/cgroup/kubepods/pod1/cpu.max": "100000 100000\n",
            "sys/fs/cgroup/kubepods/cpu.max": "800000 100000\n",
        }
    )
    assert cpu_quota(root) == 1.0


def test_version_2_in_a_container_that_sees_the_path_of_the_host(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": "0::/system.slice/docker-1234.scope\n",
            "sys/fs/cgroup/cpu.max": "300000 100000\n",
        }
    )
    assert cpu_quota(root) == 3.0


def test_version_2_outside_of_its_namespace(tree: Tree) -> None:
    root = tree(
        {"proc/self/cgroup": "0::/../../pod2\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}
    )
    assert cpu_quota(root) == 1.0


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
def test_version_1(tree: Tree, mount: str) -> None:
    root = tree(
        {
            "proc/self/cgroup": f"{V1_OTHERS}{V1_CPU}/kubepods/pod1\n",
            f"sys/fs/cgroup/{mount}/kubepods/pod1/cpu.cfs_quota_us": "250000\n",
            f"sys/fs/cgroup/{mount}/kubepods/pod1/cpu.cfs_period_us": "100000\n",
        }
    )
    assert cpu_quota(root) == 2.5


def test_version_1_with_the_quota_on_a_parent(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": f"{V1_OTHERS}{V1_CPU}/kubepods/pod1\n",
            "sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/kubepods/cpu.cfs_quota_us": "120000\n",
            "sys/fs/cgroup/cpu,cpuacct/kubepods/cpu.cfs_period_us": "40000\n",
        }
    )
    assert cpu_quota(root) == 3.0


def test_version_1_in_a_container_that_sees_the_path_of_the_host(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": f"{V1_CPU}/docker/1234\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        }
    )
    assert cpu_quota(root) == 1.0


def test_version_1_without_a_quota(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": f"{V1_CPU}/\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        }
    )
    assert cpu_quota(root) == math.inf


def test_version_1_takes_no_quota_of_another_controller(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": "3:cpuset:/pod1\n",
            "sys/fs/cgroup/cpuset/pod1/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu/pod1/cpu.cfs_quota_us": "100000\n",
        }
    )
    assert cpu_quota(root) == math.inf


def test_hybrid_takes_the_quota_of_version_1(tree: Tree) -> None:
    """systemd's mixture: version 2 keeps track of processes, version 1 has the controllers."""
    root = tree(
        {
            "proc/self/cgroup": f"{V1_OTHERS}{V1_CPU}/pod1\n0::/pod1\n",
            "sys/fs/cgroup/unified/pod1/cgroup.procs": "1\n",
            "sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/pod1/cpu.cfs_period_us": "100000\n",
        }
    )
    assert cpu_quota(root) == 0.5


def test_a_colon_in_the_name_of_a_group(tree: Tree) -> None:
    root = tree(
        {
            "proc/self/cgroup": "0::/cri-containerd:1234\n",
            "sys/fs/cgroup/cri-containerd:1234/cpu.max": "100000 100000\n",
        }
    )
    assert cpu_quota(root) == 1.0


@pytest.mark.parametrize("files", [{}, {"proc/self/cgroup": ""}, {"proc/self/cgroup": "0::/\n"}])
def test_no_control_groups(tree: Tree, files: dict[str, str]) -> None:
    assert cpu_quota(tree(files)) == math.inf


HOST = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.mark.parametrize(
    ("quota", "limit"), [(0.25, 1), (HOST - 0.5, HOST), (HOST, HOST), (HOST + 100, HOST)]
)
def test_the_limit_is_rounded_up_and_no_more_than_the_host_has(
    tree: Tree, quota: float, limit: int
) -> None:
    content = f"{round(quota * 100_000)} 100000\n"
    assert cpu_limit(tree({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": content})) == limit


def test_the_limit_without_a_quota_is_what_the_host_has(tmp_path: Path) -> None:
    assert cpu_limit(tmp_path) == HOST
    assert 1 <= cpu_limit() <= HOST


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity masks")
def test_the_limit_follows_the_affinity_mask() -> None:
    program = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "from server.cpus import cpu_limit; print(cpu_limit())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"1\n"


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni sse\n", True),
        ("vendor_id\t: x\nflags\t\t: fpu avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f\nvmx flags\t: vnmi\n", False),
        ("Features\t: fp asimd asimddp\n", None),
        ("", None),
    ],
)
def test_whether_there_is_vnni_is_read_from_the_flags(
    tree: Tree, cpuinfo: str, expected: bool | None
) -> None:
    assert has_vnni(tree({"proc/cpuinfo": cpuinfo})) is expected


def test_where_nothing_tells_of_vnni_nothing_is_said(tmp_path: Path) -> None:
    assert has_vnni(tmp_path) is None
