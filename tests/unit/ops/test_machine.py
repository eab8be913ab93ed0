"""Limits of a container, read from trees that lie as the kernel's do."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from foveal.ops import machine

V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
MEMINFO = "MemTotal:       263000000 kB\nMemFree:        100000000 kB\nMemAvailable:   200000000 kB\n"
HOST = 200_000_000 * 1024


def tree(root: Path, cgroup: str, mounts: str, files: Mapping[str, str] = {}) -> Path:
    """A root folder with these files below /sys/fs/cgroup."""
    known = {"proc/self/cgroup": cgroup, "proc/self/mountinfo": mounts, "proc/meminfo": MEMINFO}
    for name, text in {**known, **{f"sys/fs/cgroup/{name}": text for name, text in files.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


def v1(*controllers: str, inside: str = "/") -> str:
    return "\n".join(
        f"3{i} 31 0:2{i} {inside} /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}"
        for i, name in enumerate(controllers)
    )


@pytest.fixture(autouse=True)
def machine_of_64_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


def test_without_control_groups_the_machine_is_the_limit(tmp_path: Path) -> None:
    assert machine.num_cores(tmp_path) == 64
    root = tree(tmp_path / "host", "0::/user.slice", V2, {"user.slice/cpu.max": "max 100000"})
    assert machine.num_cores(root) == 64 and machine.cores_allowed(root) is None
    assert machine.free_memory_bytes(root) == HOST


@pytest.mark.parametrize(
    ("quota", "cores"), [("200000 100000", 2), ("150000 100000", 2), ("20000 100000", 1), ("9900000 100000", 64)]
)
def test_a_quota_of_processor_time(tmp_path: Path, quota: str, cores: int) -> None:
    assert machine.num_cores(tree(tmp_path, "0::/", V2, {"cpu.max": quota})) == cores


def test_the_least_of_nested_groups_holds(tmp_path: Path) -> None:
    files = {
        "kubepods/cpu.max": "400000 100000",
        "kubepods/pod1/cpu.max": "300000 100000",
        "kubepods/pod1/app/cpu.max": "max 100000",
        "kubepods/memory.max": str(8 * 2**30),
        "kubepods/memory.current": str(7 * 2**30),
        "kubepods/memory.stat": f"anon {2**30}\ninactive_file {3 * 2**30}",
        "kubepods/pod1/memory.max": "max",
        "kubepods/pod1/app/memory.max": str(6 * 2**30),
        "kubepods/pod1/app/memory.current": str(2**30),
    }
    root = tree(tmp_path, "0::/kubepods/pod1/app", V2, files)
    assert machine.num_cores(root) == 3
    assert machine.free_memory_bytes(root) == 4 * 2**30, "8 - (7 - 3) of the outer, less than 6 - 1 of the inner group"


def test_a_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    root = tree(tmp_path, "0::/", V2, {"memory.max": "1000", "memory.current": "5000"})
    assert machine.free_memory_bytes(root) == 0


@pytest.mark.parametrize("inside", ["/", "/docker/abc"])
def test_version_1_with_a_mount_of_the_whole_hierarchy_or_of_the_containers_own_part(
    tmp_path: Path, inside: str
) -> None:
    own = "docker/abc/" if inside == "/" else ""
    files = {
        f"cpu,cpuacct/{own}cpu.cfs_quota_us": "250000",
        f"cpu,cpuacct/{own}cpu.cfs_period_us": "50000",
        f"memory/{own}memory.limit_in_bytes": str(2**31),
        f"memory/{own}memory.usage_in_bytes": str(2**30),
        f"memory/{own}memory.stat": f"inactive_file 7\ntotal_inactive_file {2**29}",
    }
    cgroup = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc"
    mounts = "\n".join([v1("memory", inside=inside), v1("cpu,cpuacct", inside=inside)])
    root = tree(tmp_path, cgroup, mounts, files)
    assert machine.num_cores(root) == 5
    assert machine.free_memory_bytes(root) == 2**31 - 2**29


def test_version_1_without_limits(tmp_path: Path) -> None:
    files = {"cpu/cpu.cfs_quota_us": "-1", "memory/memory.limit_in_bytes": "9223372036854771712"}
    root = tree(tmp_path, "2:cpu:/\n1:memory:/", v1("cpu", "memory"), files)
    assert machine.num_cores(root) == 64 and machine.free_memory_bytes(root) == HOST


def test_a_path_that_leaves_the_containers_view_ends_at_the_mount(tmp_path: Path) -> None:
    """In a namespace of its own, a process that was moved in from outside reads ``/../..``."""
    root = tree(tmp_path, "0::/../../other", V2, {"cpu.max": "100000 100000"})
    assert machine.num_cores(root) == 1


def test_both_versions_at_once(tmp_path: Path) -> None:
    mounts = v1("cpu") + "\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
    files = {"cpu/box/cpu.cfs_quota_us": "300000", "cpu/box/cpu.cfs_period_us": "100000"}
    assert machine.num_cores(tree(tmp_path, "1:cpu:/box\n0::/box", mounts, files)) == 3


@pytest.mark.parametrize(("listed", "cores"), [("0-3,8", 5), ("7", 1), ("", 64)])
def test_a_set_of_cores(tmp_path: Path, listed: str, cores: int) -> None:
    assert machine.num_cores(tree(tmp_path, "0::/", V2, {"cpuset.cpus.effective": listed})) == cores


def test_damaged_files_limit_nothing(tmp_path: Path) -> None:
    root = tree(tmp_path, "nonsense\n0::/", V2 + "\nnonsense", {"cpu.max": "", "memory.max": "many"})
    assert machine.num_cores(root) == 64 and machine.free_memory_bytes(root) == HOST


def test_room_in_shared_memory(tmp_path: Path) -> None:
    assert machine.free_shared_bytes(tmp_path) is None
    (tmp_path / "dev" / "shm").mkdir(parents=True)
    assert machine.free_shared_bytes(tmp_path) == pytest.approx(_free(tmp_path), rel=0.2)


def _free(folder: Path) -> int:
    import shutil

    return shutil.disk_usage(folder).free


def test_an_environment_variable_takes_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(machine.CORES, raising=False)
    cores = machine.num_cores()
    for text, expected in (("1", 1), ("100000", cores), ("0", cores), ("many", cores)):
        monkeypatch.setenv(machine.CORES, text)
        assert machine.num_cores() == expected
