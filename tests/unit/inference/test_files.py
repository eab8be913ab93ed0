"""Which files a command's names lead to."""

import io
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from foveal.errors import DataError, FovealError
from foveal.imaging import walk as walk_module
from foveal.inference import files
from foveal.inference.files import find_images
from foveal.inference.images import decode_any


def test_a_folder_is_no_image_and_what_is_left_out_is_named(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "x.png/in.png", ".cache/c.png", "n.txt", "p.HEIC", "v.mp4", "._a.jpg", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_images([str(tmp_path)])
    assert [p.relative_to(tmp_path).as_posix() for p in found.paths] == ["a.jpg", "b.png", "x.png/in.png"]
    assert found.names == ["a.jpg", "b.png", "x.png/in.png"]
    at = tmp_path
    assert found.left.notes() == [
        f"1 HEIC image left out; Foveal reads them where the package pillow-heif is installed: {at}/p.HEIC.",
        f"1 video left out; predict on them in a command of their own: {at}/v.mp4.",
        f"1 other file left out: {at}/n.txt.",
        f"1 hidden file or folder left out: {at}/.cache.",
    ]


def test_each_file_comes_once_in_order(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    found = find_images([str(tmp_path / "3.png"), str(tmp_path / "[12].png"), str(tmp_path)])
    assert [p.name for p in found.paths] == ["3.png", "1.png", "2.png"]


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    for name in ("d/z/1.png", "elsewhere/2.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "d" / "a").symlink_to(tmp_path / "d" / "z")
    (tmp_path / "d" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "d" / "z" / "loop").symlink_to(tmp_path / "d")
    found = find_images([str(tmp_path / "d")])
    assert found.names == ["b/2.png", "z/1.png"]
    assert found.left.notes() == [
        f"2 linked folders left out, read before under another name: {tmp_path}/d/a, {tmp_path}/d/z/loop."
    ]


def test_a_folder_that_cannot_be_read_is_an_error_or_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.png").touch()
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(walk_module.os, "scandir", refuse)
    with pytest.raises(DataError) as error:
        find_images([str(tmp_path)])
    assert error.value.what == f"{tmp_path}/shut: this folder cannot be read (permission denied)."
    found = find_images([str(tmp_path)], skip_closed=True)
    assert found.names == ["a.png"] and found.left.notes() == [f"Left out: {error.value.what}"]


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("empty", "{}: no images in this folder.", "Looked for"),
        ("absent.jpg", "{}: no such file or folder.", "Check the path; quote patterns such as '*.jpg'."),
    ],
)
def test_names_that_lead_nowhere(tmp_path: Path, name: str, what: str, hint: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as error:
        find_images([str(tmp_path / name)])
    assert error.value.what == what.format(tmp_path / name) and error.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "https://example.com/a.jpg",
            "https://example.com/a.jpg: is an address, and Foveal fetches nothing from the network uninvited.\n"
            "`foveal predict` does with --allow-fetch; or download it first: curl -O https://example.com/a.jpg",
        ),
        (
            "rtsp://camera/1",
            "rtsp://camera/1: is a video stream, and Foveal fetches nothing from the network uninvited.\n"
            "`foveal predict` does with --allow-fetch.",
        ),
        (
            "0",
            "0: a camera, and images are wanted here.\n"
            "Save images first: ffmpeg -f v4l2 -i /dev/video0 -frames:v 1 frame.jpg",
        ),
        ("/dev/zero", "/dev/zero: is a device, not an image.\nName an image file, or send one through a pipe."),
        ("/dev/null", "/dev/null: is empty (0 bytes).\nSend one image through it."),
    ],
)
def test_what_is_no_file_is_told_in_words(name: str, message: str) -> None:
    with pytest.raises(FovealError) as error:
        find_images([name])
    assert str(error.value) == message


def test_an_address_is_told_in_python_too(tmp_path: Path) -> None:
    for address in ("https://example.com/a.jpg", Path("https://example.com/a.jpg")):
        with pytest.raises(FovealError, match=r"^https://example.com/a.jpg: is an address"):
            decode_any(address)
    video = tmp_path / "my clip.mp4"
    video.write_bytes(b"\0\0\0\x18ftypisom")
    with pytest.raises(FovealError) as error:
        decode_any(video)
    assert str(error.value) == f"{video}: is a video, and an image is wanted here.\nPredict on it with foveal.predict."
    Image.new("RGB", (3, 2)).save(video, "PNG")
    assert decode_any(video).size == (3, 2), "the suffix alone decides nothing"


def png(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 2)).save(file, "PNG")
    return file.getvalue()


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(png(5),))
    writer.start()
    found = find_images([str(pipe), str(pipe)])
    writer.join()
    assert found.paths == [pipe] and found.names == ["pipe"]
    for _ in range(2):
        assert decode_any(found.source(pipe)).size == (5, 2)


def test_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.sys, "stdin", SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(png(7))))
    found = find_images(["/dev/stdin"])
    assert decode_any(found.source(Path("/dev/stdin"))).size == (7, 2) and found.names == ["stdin"]
    monkeypatch.setattr(files.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(DataError, match="the standard input is a terminal"):
        find_images(["/dev/stdin"])
    monkeypatch.setattr(files.sys, "stdin", None)  # as Python has it after <&-
    with pytest.raises(DataError, match="the standard input is closed"):
        find_images(["/dev/stdin"])
