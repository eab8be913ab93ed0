import errno
from pathlib import Path

import pytest

from foveal.artifact import atomic
from foveal.errors import RunError


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    atomic.write_atomic(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(RunError) as error:
        atomic.write_atomic(path, b"new")
    assert error.value.what == f"{path}: no space left on the disk."
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces_take_their_place_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic.AtomicFile(path) as file:
        file.write("a,b\n")
        file.write("\u00e9".encode())
        assert path.read_text() == "old"
    assert path.read_text() == "a,b\n\u00e9"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_in_the_block_is_raised_as_it_is_and_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def break_off() -> None:
        with atomic.AtomicFile(tmp_path / "new") as file:
            file.write("half of it")
            raise error

    with pytest.raises(error):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_named_with_the_file_that_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another file is being written around it."""

    def fill() -> None:
        with atomic.AtomicFile(tmp_path / "outer"), atomic.AtomicFile(tmp_path / "inner") as inner:
            inner.write(b"x" * 100)
            monkeypatch.setattr(atomic.os, "fsync", full)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RunError) as error:
        fill()
    assert error.value.what == f"{tmp_path / 'inner'}: no space left on the disk."
    assert list(tmp_path.iterdir()) == []


def test_a_really_full_device() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OSError, match="No space left"), full.open("wb", buffering=0) as file:
        file.write(b"x")
    assert atomic.output_error(full, OSError(errno.ENOSPC, "")).what == "/dev/full: no space left on the disk."
    closed = atomic.output_error(Path("/dev/stdout"), BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert closed.what == "/dev/stdout: the program that reads it has ended."


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError) as error:
        atomic.make_folder(tmp_path / "run" / "deep")
    assert error.value.what == f"{tmp_path / 'run' / 'deep'}: a file exists where a folder is needed."
    assert error.value.hint == "Choose another location."


def test_room_is_made_and_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atomic.make_room(tmp_path / "a" / "b")
    assert list((tmp_path / "a").rglob("*")) == [tmp_path / "a" / "b"], "nothing is left there"

    def locked(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(atomic, "TemporaryFile", locked)
    with pytest.raises(RunError) as error:
        atomic.make_room(tmp_path / "a")
    assert (
        str(error.value)
        == f"{tmp_path / 'a'}: cannot be written (read-only).\nChoose a location that you can write to."
    )
