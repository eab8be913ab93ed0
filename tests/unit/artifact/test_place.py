"""What stands at a path is respected: links, modes, devices, pipes, long names, files that cannot be replaced."""

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from foveal.artifact import atomic
from foveal.artifact.atomic import make_room_for, write_atomic
from foveal.artifact.growing import GrowingFile
from foveal.artifact.place import descriptor_of, fitting
from foveal.errors import RunError


def grow(path: Path, text: str) -> None:
    with GrowingFile(path, head="[", tail="]") as file:
        file.add(text.strip("[]"))


WRITERS = pytest.mark.parametrize("write", [write_atomic, grow])
Write = Callable[[Path, str], None]


@WRITERS
@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_stays_and_its_target_gets_the_content(tmp_path: Path, write: Write, dangling: bool) -> None:
    target, link = tmp_path / "shared" / "t.json", tmp_path / "t.json"
    target.parent.mkdir()
    if not dangling:
        target.write_text("old")
    link.symlink_to(Path("shared", "t.json"))
    write(link, "[new]")
    assert link.is_symlink() and target.read_text() == "[new]"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shared", "t.json"]
    assert list(target.parent.iterdir()) == [target]


@WRITERS
def test_modes(tmp_path: Path, write: Write) -> None:
    known, new = tmp_path / "known", tmp_path / "new"
    known.touch()
    known.chmod(0o664)
    mask = os.umask(0o027)
    try:
        write(known, "[x]")
        write(new, "[x]")
    finally:
        os.umask(mask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (known, new)] == [0o664, 0o640]


@WRITERS
def test_a_pipe_is_written_to(tmp_path: Path, write: Write) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RunError) as error:
        write(pipe, "[x]")
    assert str(error.value) == f"{pipe}: nobody reads this pipe.\nStart its reader first."
    got: list[str] = []
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(handle, True)

    def read() -> None:
        with os.fdopen(handle) as file:
            got.append(file.read())

    large = f"[{'x' * 200_000}]"
    reader = threading.Thread(target=read)
    threading.Timer(0.05, reader.start).start()  # a pipe holds 64 kB
    write(pipe, large)
    reader.join()
    assert got == [large] and stat.S_ISFIFO(pipe.stat().st_mode)


@WRITERS
def test_devices_stay_devices(tmp_path: Path, write: Write) -> None:
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write(link, "[x]")
    assert stat.S_ISCHR(link.stat().st_mode) and list(tmp_path.iterdir()) == [link]
    with pytest.raises(RunError, match=r"^/dev/full: no space left on the disk"):
        write(Path("/dev/full"), "[x]")


@WRITERS
def test_an_open_file_is_written_where_it_stands(tmp_path: Path, write: Write) -> None:
    with (tmp_path / "log").open("w") as file:
        file.write("before ")
        file.flush()
        write(Path(f"/dev/fd/{file.fileno()}"), "[x]")
        file.write(" after")
    assert (tmp_path / "log").read_text() == "before [x] after"


def test_names_of_open_files(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/dev/stdout")
    assert [descriptor_of(Path(name)) for name in ("/dev/stdin", "/dev/fd/63", "/proc/self/fd/2")] == [0, 63, 2]
    assert descriptor_of(tmp_path / "out") == 1 and descriptor_of(tmp_path / "other") is None


@WRITERS
def test_what_is_no_file_is_refused(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as there:
        there.bind("s")
        with pytest.raises(RunError, match=r"^s: is a socket, not a file\."):
            write(Path("s"), "[x]")
    with pytest.raises(RunError, match="is a folder, not a file"):
        write(tmp_path, "[x]")


@WRITERS
def test_names_of_250_bytes(tmp_path: Path, write: Write) -> None:
    for name in ("x" * 246 + ".csv", "\u00e9" * 125):
        write(tmp_path / name, "[x]")
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(RunError, match="the name is too long"):
        write(tmp_path / ("x" * 256), "[x]")


@WRITERS
def test_a_file_that_cannot_be_replaced_is_written_itself(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mounted into a container; then one in a folder that is read-only."""
    path = tmp_path / "t.json"
    path.write_text("old and longer")
    node = path.stat().st_ino

    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(atomic.Path, "replace", busy)
    write(path, "[x]")
    assert path.read_text() == "[x]" and path.stat().st_ino == node and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    opened = Path.open

    def closed(self: Path, mode: str = "r", *rest: object, **more: object) -> object:
        if mode == "xb":
            raise PermissionError(13, "Permission denied")
        return opened(self, mode, *rest, **more)  # type: ignore[call-overload]

    path.write_text("old and longer")
    monkeypatch.setattr(Path, "open", closed)
    write(path, "[y]")
    assert path.read_text() == "[y]" and path.stat().st_ino == node


@WRITERS
def test_a_read_only_file_is_kept(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.json"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(RunError, match=r"cannot be written \(read-only\)"):
        write(path, "[x]")
    assert path.read_text() == "old"


def test_room_for_a_file(tmp_path: Path) -> None:
    make_room_for(tmp_path / "a" / "t.csv")
    make_room_for(Path(os.devnull))
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_names_are_cut_between_characters() -> None:
    assert fitting("abc", ".tmp") == "abc.tmp"
    assert fitting("\u00e9" * 4, ".t", limit=7) == "\u00e9\u00e9.t"
