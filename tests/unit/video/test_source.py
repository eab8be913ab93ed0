"""Which names are videos, and what is refused in words."""

import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.clips import frames, write_clip

from foveal.errors import ConfigError, FovealError, MissingExtraError
from foveal.video.opening import open_video
from foveal.video.source import Video, find_videos, is_video


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clips" / "a.mp4" if (tmp_path / "clips").mkdir() is None else tmp_path, frames(2))


def test_files_folders_and_patterns(clip: Path, tmp_path: Path) -> None:
    folder = clip.parent
    for names in (
        [str(clip)],
        [str(folder)],
        [f"{folder}/*.mp4"],
        [str(clip), str(folder)],
        [f"{tmp_path}/*/*.mp4"],
        [f"{tmp_path}/**/*.mp4"],
        [str(clip), f"{folder}/./{clip.name}"],
    ):
        assert [str(video.source) for video in find_videos(names)] == [str(clip)]
    Image.new("RGB", (3, 2)).save(folder / "photo.png")
    assert find_videos([str(folder)]) == [], "a folder with images is one of images"
    image = tmp_path / "image.mp4"
    Image.new("RGB", (3, 2)).save(image, "PNG")
    assert find_videos([str(image)]) == [] and not is_video(image), "the suffix alone decides nothing"
    with pytest.raises(ConfigError) as error:
        find_videos([str(clip), str(folder / "photo.png")])
    assert str(error.value) == (
        f"{clip} is a video and {folder / 'photo.png'} is not.\n"
        "Predict on videos and on images in commands of their own."
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "https://example.com/a.mp4?x=1",
            "https://example.com/a.mp4?x=1: is an address, and Foveal fetches nothing from the network uninvited.\n"
            "Add --allow-fetch (in Python: foveal.Video(..., allow_fetch=True)), or download it first:"
            " curl -O 'https://example.com/a.mp4?x=1'",
        ),
        (
            "rtsp://me:secret@camera/1",
            "rtsp://me:***@camera/1: is a video stream, and Foveal fetches nothing from the network uninvited.\n"
            "Add --allow-fetch (in Python: foveal.Video(..., allow_fetch=True)).",
        ),
    ],
)
def test_addresses_need_leave(name: str, message: str) -> None:
    with pytest.raises(FovealError) as error:
        find_videos([name])
    assert str(error.value) == message
    (video,) = find_videos([name], allow_fetch=True)
    assert video.address == name and video.live == name.startswith("rtsp") and "secret" not in video.name


def test_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (video,) = find_videos(["97"])
    assert video.camera == "/dev/video97" and video.live
    with pytest.raises(FovealError) as error:
        open_video(video)
    assert error.value.what == "/dev/video97: no such camera."
    Image.new("RGB", (3, 2)).save("97", "PNG")
    assert find_videos(["97"]) == [], "a file of that name comes first"


def test_without_pyav_the_extra_is_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError) as error:
        open_video(Video(clip))
    assert str(error.value) == (
        "To read videos, Foveal needs the package 'av', which is not installed.\n"
        "Install it with: pip install 'foveal[video]'"
    )
