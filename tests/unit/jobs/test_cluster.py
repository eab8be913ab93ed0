"""A job on a Ray cluster of two workers, one of which is killed: the same tables."""

import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from tests.changes import in_parts_of
from tests.conftest import Outcome
from tests.forks import start

from foveal.cli.app import with_cluster

LISTENS_HERE = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--ray"], "local"),
        (["--ray", "--workers", "2"], "local"),
        (["--ray", "photos"], "local"),
        (["--ray", "auto"], "auto"),
        (["--ray", "10.0.0.1:6379"], "10.0.0.1:6379"),
        (["--ray", "ray://head:10001"], "ray://head:10001"),
    ],
)
def test_an_address_may_follow(words: list[str], value: str) -> None:
    assert f"--ray={value}" in with_cluster(["predict", *words]) and with_cluster(["--", "--ray"]) == ["--", "--ray"]


def workers_of(pid: int) -> list[psutil.Process]:
    """Processes with a model, and whether all of the cluster listen on this machine alone."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            outside = {c.laddr.ip for c in process.net_connections("tcp") if c.status == "LISTEN"} - LISTENS_HERE
            assert not outside, f"{process.name()} listens on {outside}"
            found += [process] if "ray::Worker" in " ".join([process.name(), *process.cmdline()]) else []
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.mark.slow
def test_one_of_two_workers_is_killed(tmp_path: Path, squares: Path, quick_export: Path, here: object) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; pip install 'foveal[ray]'")
    images = tmp_path / "images"
    for copy in range(60):
        shutil.copytree(squares, images / f"{copy:02}")
    (images / "bad.png").write_text("none")
    words = ["predict", str(quick_export), str(images), "--out"]
    plain = start(in_parts_of, 20, [*words, str(tmp_path / "plain.jsonl")])
    plain.join()
    out, home = tmp_path / "ray.jsonl", tmp_path / "home"
    home.mkdir()
    job = start(in_parts_of, 20, [*words, str(out), "--ray", "--workers", "2"], {"HOME": str(home)}, str(tmp_path))
    killed = False
    while job.is_alive():
        done = len(list(tmp_path.glob("ray.jsonl.parts/0*.rows.jsonl")))
        assert job.pid is not None
        if not killed and done >= 3 and len(workers := workers_of(job.pid)) == 2:
            os.kill(workers[0].pid, signal.SIGKILL)
            killed = True
        time.sleep(0.02)
    assert killed and (plain.exitcode, job.exitcode) == (0, 0)
    told = (tmp_path / "told").read_text()
    assert told.splitlines() == [
        "note: 2 workers on Ray, 1 CPU each.",
        "note: A worker was lost; its images are predicted again.",
        f"  table  {out}  (2,160 images)",
        f"  bad    {tmp_path / 'ray.bad.jsonl'}  (1 image unreadable)",
    ]
    assert out.read_bytes() == (tmp_path / "plain.jsonl").read_bytes()
    assert (tmp_path / "ray.bad.jsonl").read_bytes() == (tmp_path / "plain.bad.jsonl").read_bytes()
    assert not list(home.iterdir()), "nothing is left in the user's folder"


def test_nobody_listens_at_the_address(tmp_path: Path, squares: Path, quick_export: Path, here: object) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; pip install 'foveal[ray]'")
    done: Outcome = here("predict", quick_export, squares, "--out", tmp_path / "t.jsonl", "--ray", "127.0.0.1:9")  # type: ignore[operator]
    assert done.code == 2
    assert "--ray 127.0.0.1:9: the cluster cannot be reached (" in done.err


def test_ray_is_not_installed(
    tmp_path: Path, squares: Path, quick_export: Path, here: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    done: Outcome = here("predict", quick_export, squares, "--out", tmp_path / "t.jsonl", "--ray")  # type: ignore[operator]
    assert done.code == 2
    assert done.err == (
        "error: To spread a job with --ray, Foveal needs the package 'ray', which is not installed.\n"
        "  hint: Install it with: pip install 'foveal[ray]'\n"
    )
