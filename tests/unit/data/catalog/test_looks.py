"""What was seen of files is believed while they are unchanged, and never needed."""

import os
from pathlib import Path

import numpy as np
import pytest

from foveal.data.catalog import looks
from foveal.data.catalog.catalog import content_hash
from foveal.data.catalog.columns import Names
from foveal.data.catalog.headers import read_headers
from foveal.data.catalog.looks import contents, looks_kept_in
from foveal.errors import DataError, ImageError
from foveal.imaging.header import Header

LONG_AGO_S = 1_000_000_000


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three old files; so few are kept as well."""
    monkeypatch.setattr(looks, "LEAST", 1)
    root = tmp_path / "set"
    root.mkdir()
    for i in range(3):
        write(root / f"{i}.jpg", f"{i}")
    return root, Names.of(["0.jpg", "1.jpg", "2.jpg"]), tmp_path / "cache"


def write(path: Path, text: str, at_s: int = LONG_AGO_S) -> None:
    path.write_text(text)
    os.utime(path, (at_s, at_s))


def looked_at(root, names, cache) -> list[str]:
    """The files that are hashed in a command of its own; their hashes are right."""
    seen: list[str] = []

    def look(path: Path) -> bytes:
        seen.append(path.name)
        return content_hash(path)

    with looks_kept_in(cache):
        found = contents(root, names, look)
    assert [one.tobytes() for one in found] == [content_hash(root / names[i]) for i in range(len(names))]
    return sorted(seen)


def test_files_are_looked_at_once(files):
    assert looked_at(*files) == ["0.jpg", "1.jpg", "2.jpg"]
    assert looked_at(*files) == []


def test_a_changed_file_is_looked_at_again(files):
    root, _, _ = files
    looked_at(*files)
    write(root / "1.jpg", "longer")
    write(root / "2.jpg", "x", LONG_AGO_S + 1)
    assert looked_at(*files) == ["1.jpg", "2.jpg"]
    assert looked_at(*files) == []


def test_a_file_that_has_just_changed_is_not_believed(files):
    root, _, _ = files
    (root / "1.jpg").write_text("new")
    looked_at(*files)
    assert looked_at(*files) == ["1.jpg"]


def test_other_files_of_the_data_set_stay_known(files):
    root, names, cache = files
    looked_at(root, names.take(np.array([0, 1])), cache)
    assert looked_at(root, names.take(np.array([2, 1])), cache) == ["2.jpg"]
    assert looked_at(*files) == []


def test_nothing_is_kept_unless_asked_for_nor_inside_the_data_set_nor_of_few_files(files, monkeypatch):
    root, names, cache = files
    looked_at(root, names, None)
    looked_at(root, names, root / "cache")
    monkeypatch.setattr(looks, "LEAST", 4)
    looked_at(*files)
    assert not cache.exists()
    assert not (root / "cache").exists()


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "folder"])
def test_a_damaged_cache_costs_time_alone(files, damage):
    _, _, cache = files
    looked_at(*files)
    (file,) = (cache / looks.FOLDER).iterdir()
    whole = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    else:
        file.write_bytes({"cut": whole[:-99], "other": b"PK" + bytes(99), "empty": b""}[damage])
    assert looked_at(*files) == ["0.jpg", "1.jpg", "2.jpg"]
    assert looked_at(*files) == ([] if damage != "folder" else ["0.jpg", "1.jpg", "2.jpg"])


def test_another_version_looks_again(files, monkeypatch):
    looked_at(*files)
    monkeypatch.setattr(looks, "VERSION", "1 99.0")
    assert looked_at(*files) == ["0.jpg", "1.jpg", "2.jpg"]
    assert looked_at(*files) == []


def test_a_cache_that_cannot_be_written_costs_time_alone(files):
    root, names, cache = files
    cache.write_text("a file")
    assert looked_at(root, names, cache) == ["0.jpg", "1.jpg", "2.jpg"]
    assert cache.read_text() == "a file"


def test_the_cache_is_bounded(files, monkeypatch):
    root, names, cache = files
    looked_at(root, names, cache)
    (old,) = (cache / looks.FOLDER).iterdir()
    os.utime(old, (LONG_AGO_S, LONG_AGO_S))
    monkeypatch.setattr(looks, "MAX_BYTES", old.stat().st_size + 1)
    other = root.parent / "other"
    root.rename(other)
    looked_at(other, names, cache)
    (left,) = (cache / looks.FOLDER).iterdir()
    assert left != old


def test_a_file_that_is_gone_is_an_error_as_ever(files):
    root, _, _ = files
    looked_at(*files)
    (root / "1.jpg").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        looked_at(*files)


def test_headers_are_kept_and_faults_are_not(files, draw, monkeypatch):
    root, names, cache = files
    for name in ("0.jpg", "1.jpg"):
        draw(root / name, size=(9, 7))
        os.utime(root / name, (LONG_AGO_S, LONG_AGO_S))
    with looks_kept_in(cache):
        first = list(read_headers(root, names))
    assert first[0] == Header(9, 7, "JPEG", "colour")
    assert isinstance(first[2], ImageError)
    opened = []
    monkeypatch.setattr("foveal.data.catalog.headers.read_header", lambda path, **_: opened.append(Path(path).name))
    with looks_kept_in(cache):
        monkeypatch.setattr("foveal.data.catalog.headers._note", lambda *_: False)
        second = list(read_headers(root, names))
    assert second[:2] == first[:2]
    assert opened == ["2.jpg"]
