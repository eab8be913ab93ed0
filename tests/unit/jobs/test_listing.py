"""The images of a job: folders, patterns, lists of paths, tar shards; each once, in one order."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from foveal.errors import DataError, FovealError
from foveal.inference.images import decode_any
from foveal.jobs.inputs import items_of, write_inputs
from foveal.jobs.items import Item
from foveal.jobs.listing import Listing


def png(width: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 6), "red").save(buffer, "PNG")
    return buffer.getvalue()


def shard(file: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("photos/b/2.jpg", "photos/b/1.png", "photos/9.jpg", "photos/a.txt", "photos/.hidden.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(png())
    return Path("photos")


def paths(*names: str | Path) -> list[str]:
    return [item.path for item in Listing([str(name) for name in names])]


def test_folders_and_patterns(photos: Path) -> None:
    assert paths(photos) == ["photos/9.jpg", "photos/b/1.png", "photos/b/2.jpg"]
    assert paths("photos/b/*.png", "photos/9.jpg") == ["photos/b/1.png", "photos/9.jpg"]
    listing = Listing([str(photos)])
    assert len(list(listing)) == 3 and listing.notes() == ["1 x .txt left out: photos/a.txt."]


def test_a_list_of_paths_starts_from_here_or_from_its_own_folder(photos: Path) -> None:
    Path("list.txt").write_text("photos/9.jpg\r\n\n  \t\nphotos/gone.jpg\n")
    assert paths("@list.txt") == ["photos/9.jpg", "photos/gone.jpg"]
    (photos / "own.txt").write_text("b/1.png\nb/2.jpg\n")
    listing = Listing(["@photos/own.txt"])
    assert [item.path for item in listing] == ["photos/b/1.png", "photos/b/2.jpg"]
    assert listing.notes() == ["The paths of photos/own.txt start from its folder, photos."]


def test_a_parquet_file_of_paths(photos: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"n": [1, 2], "path": ["photos/b/2.jpg", "photos/9.jpg"]}), "list.parquet")
    assert paths("list.parquet") == paths("@list.parquet") == ["photos/b/2.jpg", "photos/9.jpg"]
    parquet.write_table(arrow.table({"file": ["a"]}), "other.parquet")
    parquet.write_table(arrow.table({"path": ["a", None]}), "hole.parquet")
    Path("none.parquet").write_text("no Parquet")
    parquet.write_table(arrow.table({"path": [1, 2]}), "number.parquet")
    told = {
        "number": "the column 'path' is of type int64, not text.",
        "other": "has no column 'path', but file.",
        "hole": "row 2 has no path.",
        "none": "is not a Parquet file",
    }
    for name, what in told.items():
        with pytest.raises(DataError) as error:
            paths(f"{name}.parquet")
        assert error.value.what.startswith(f"{name}.parquet: {what}")


def test_members_of_a_shard_are_read_in_place(tmp_path: Path) -> None:
    deep = "a" * 120 + "/0003.png"  # a name that needs a header of its own
    file = shard(tmp_path / "s.tar", {"0001.png": png(11), "0001.cls": b"3", "d/0002.PNG": png(12), deep: png(13)})
    listing = Listing([str(tmp_path)])
    items = list(listing)
    assert [(item.path, item.shard) for item in items] == [(n, str(file)) for n in ("0001.png", "d/0002.PNG", deep)]
    assert [decode_any(item.source()).size[0] for item in items] == [11, 12, 13]
    assert listing.notes() == [
        "Images are read in place from 1 tar shard.",
        f"1 x .cls in shards left out: {file}: 0001.cls.",
    ]


def test_a_shard_that_ends_too_early_keeps_what_it_has(tmp_path: Path) -> None:
    whole = shard(tmp_path / "s.tar", {f"{n}.png": png() for n in range(3)})
    whole.write_bytes(whole.read_bytes()[: 1024 + 512 + 20])
    items = list(Listing([str(whole)]))
    assert [item.path for item in items] == ["0.png", "1.png", str(whole)]
    assert items[-1].bad == "the tar file is truncated or damaged after 1.png (unexpected end of data)"
    with pytest.raises(DataError, match=r"1\.png: is truncated: the shard ends within it"):
        decode_any(items[1].source())


@pytest.mark.parametrize(
    ("change", "fault", "kept"),
    [
        (lambda b: b[:2048] + b"\xff" * 512 + b[2560:], "1.png (damaged header)", 2),
        (lambda b: b[: 3 * 1024], "2.png (no end mark)", 3),
        (lambda b: b + b[:1024], "2.png (more follows its end mark)", 3),
        (lambda b: b + bytes(1 << 20), "", 3),
    ],
)
def test_images_behind_a_fault_of_a_shard_are_not_lost_in_silence(
    tmp_path: Path, change: Callable[[bytes], bytes], fault: str, kept: int
) -> None:
    file = shard(tmp_path / "s.tar", {f"{n}.png": png() for n in range(3)})
    file.write_bytes(change(file.read_bytes()))
    items = list(Listing([str(file)]))
    assert [item.path for item in items[:kept]] == [f"{n}.png" for n in range(kept)]
    expected = [f"the tar file is truncated or damaged after {fault}"] if fault else []
    assert [item.bad for item in items[kept:]] == expected


def test_one_shard_of_many_that_is_no_tar_is_a_bad_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s").mkdir()
    shard(Path("s/a.tar"), {"0.png": png()})
    Path("s/b.tar").touch()
    shard(Path("s/c.tar"), {"0.png": png()}, "w:gz")
    Path("list.txt").write_text("s/a.tar\ns/b.tar\ns/c.tar\n")
    for name in ("s", "s/*.tar", "@list.txt"):
        items = list(Listing([name]))
        assert [(item.path, item.bad[:30]) for item in items] == [
            ("0.png", ""),
            ("s/b.tar", "is not a tar file (empty file)"),
            ("s/c.tar", "is a tar compressed by gzip, w"),
        ]


def test_links_in_a_shard_are_named_and_members_of_one_name_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "s.tar"
    with tarfile.open(file, "w") as tar:
        for width in (8, 9):
            info = tarfile.TarInfo("0.png")
            info.size = len(png(width))
            tar.addfile(info, io.BytesIO(png(width)))
        link = tarfile.TarInfo("l.png")
        link.type, link.linkname = tarfile.LNKTYPE, "0.png"
        tar.addfile(link)
    listing = Listing([str(file), str(file)])
    inputs = write_inputs(listing, tmp_path / "list", per_part=4)
    assert [decode_any(item.source()).size[0] for item in inputs.part(0)] == [8, 9] and inputs.repeated == 2
    assert listing.notes()[-1] == f"2 x link in shards left out: {file}: l.png, {file}: l.png."


@pytest.mark.parametrize(("mode", "command"), [("w:gz", "gunzip"), ("w:bz2", "bunzip2"), ("w:xz", "unxz")])
@pytest.mark.parametrize("name", ["s.tar.z", "s.tar"])
def test_a_compressed_shard_is_refused_whatever_its_name(tmp_path: Path, mode: str, command: str, name: str) -> None:
    file = shard(tmp_path / name.replace("z", mode[2:]), {"0.png": png()}, mode)
    with pytest.raises(DataError, match="whose members cannot be read in place") as error:
        list(Listing([str(file)]))
    assert error.value.hint.startswith(f"Decompress it once: {command} ")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("gone", "gone: no such file or folder."),
        ("@gone", "gone: this list of paths cannot be read (No such file or directory)."),
        ("empty", "empty: no images here."),
        ("noted", "noted: no images here but 1 x .txt."),
        (
            "https://a.b/c.jpg",
            "https://a.b/c.jpg: is an address, and Foveal fetches nothing from the network uninvited.",
        ),
        ("none.tar", "none.tar: is not a tar file (file could not be opened successfully: bad checksum)."),
        ("/dev/null", "/dev/null: is a pipe or a device, which can be read only once;"),
    ],
)
def test_what_names_no_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("noted").mkdir()
    Path("noted/a.txt").touch()
    Path("none.tar").write_bytes(b"x" * 2000)
    Path("photo.jpg").touch()
    with pytest.raises(FovealError) as error:
        list(Listing(["photo.jpg", name]))
    assert error.value.what.startswith(what.split(" (file could")[0])


def test_each_image_once_and_the_list_in_parts(tmp_path: Path) -> None:
    items = [Item(f"{n}.jpg", num_bytes=n) for n in (*range(10), 3, 3, 9, 10)]
    inputs = write_inputs(items, tmp_path / "list", per_part=4)
    assert (inputs.count, len(inputs), inputs.repeated) == (11, 3, 3)
    assert [[item.num_bytes for item in inputs.part(n)] for n in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert list(items_of(inputs.file)) == [Item(f"{n}.jpg", num_bytes=n) for n in range(11)]
    assert write_inputs(items[:10] + items[13:], tmp_path / "other", per_part=4).digest == inputs.digest
    with pytest.raises(DataError, match="No images are named"):
        write_inputs([], tmp_path / "none", per_part=4)


def test_an_image_that_is_spelt_otherwise_is_the_same(tmp_path: Path) -> None:
    items = [Item("a/0.png"), Item("./a/0.png"), Item("a//0.png"), Item("a/./0.png"), Item("../a/0.png")]
    inputs = write_inputs(items, tmp_path / "list", per_part=4)
    assert [item.path for item in inputs.part(0)] == ["a/0.png", "../a/0.png"]


def test_two_shards_may_have_members_of_one_name(tmp_path: Path) -> None:
    items = [Item("0.png", "a.tar"), Item("0.png", "b.tar"), Item("0.png")]
    assert write_inputs(items, tmp_path / "list", per_part=4).count == 3


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode there")
def test_names_that_are_not_unicode_keep_their_bytes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(png())
    inputs = write_inputs(Listing([str(tmp_path)]), tmp_path / "list", per_part=4)
    assert decode_any(inputs.part(0)[0].source()).size == (8, 6)
