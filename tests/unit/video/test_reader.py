"""Frames with their numbers and times, upright; what is broken is named and the rest read."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.clips import MATRICES, cut, damage, frames, turn, write_clip, write_sound

from foveal.errors import ConfigError, ImageError
from foveal.video.reader import Frame, Reader
from foveal.video.source import Video
from foveal.video.upright import Turn, turn_of


def read(video: Video | Path) -> tuple[list[Frame], list[str]]:
    with Reader(video if isinstance(video, Video) else Video(video)) as reader:
        return list(reader), reader.notes


def test_frames_are_those_that_were_written(tmp_path: Path) -> None:
    drawn = frames(10)
    found, notes = read(write_clip(tmp_path / "a.mkv", drawn))
    assert notes == []
    assert [frame.number for frame in found] == list(range(10))
    assert [frame.time for frame in found] == pytest.approx([i / 25 for i in range(10)])
    for frame, image in zip(found, drawn, strict=True):
        np.testing.assert_array_equal(frame.pixels, image)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".webm"])
def test_each_nth_frame_keeps_its_number_and_time(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"a{suffix}", frames(11))
    found, notes = read(Video(clip, every=4))
    assert [frame.number for frame in found] == [0, 4, 8] and notes == []
    assert [frame.time for frame in found] == pytest.approx([0, 0.16, 0.32])
    with Reader(Video(clip)) as reader:
        assert reader.num_frames == 11 and reader.rate == 25 and not reader.has_sound
    with pytest.raises(ConfigError, match="--every 0 is not possible"):
        Video(clip, every=0)


def test_times_are_those_of_the_file_not_counted(tmp_path: Path) -> None:
    times = [0, 40, 100, 500, 510, 2000]
    found, notes = read(write_clip(tmp_path / "a.mkv", frames(6), pts_ms=times))
    assert [frame.time for frame in found] == pytest.approx([t / 1000 for t in times])
    varies = "its frame rate varies (frames last 0.01 to 1.49 s, the longest from 0.51 s); times are the file's."
    assert notes == [f"{tmp_path / 'a.mkv'}: {varies}"]
    ntsc, notes = read(write_clip(tmp_path / "n.mkv", frames(9), pts_ms=[0, 33, 67, 100, 133, 167, 200, 234, 267]))
    assert notes == [] and ntsc[8].time == pytest.approx(0.267)
    late, _ = read(write_clip(tmp_path / "late.mkv", frames(3), pts_ms=[3000, 3040, 3100]))
    assert [frame.time for frame in late] == pytest.approx([0, 0.04, 0.1]), "the start of the video is 0"


def test_time_stamps_that_go_back_are_named(tmp_path: Path) -> None:
    parts = [write_clip(tmp_path / f"{n}.ts", frames(5)).read_bytes() for n in range(2)]
    (tmp_path / "joined.mts").write_bytes(b"".join(parts))
    found, notes = read(tmp_path / "joined.mts")
    assert len(found) == 10
    assert notes == [f"{tmp_path / 'joined.mts'}: its time stamps go back at frame 5 (0.16 s); times are the file's."]


def test_a_file_without_any_stream(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        container.start_encoding()
    with pytest.raises(ImageError, match="has neither images nor sound"):
        read(tmp_path / "a.mp4")


TURNED = {
    "none": lambda a: a,
    "right": lambda a: np.rot90(a, -1),
    "around": lambda a: np.rot90(a, 2),
    "left": lambda a: np.rot90(a, 1),
    "mirrored": lambda a: a[:, ::-1],
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_videos_of_phones_are_upright(tmp_path: Path, matrix: str) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames(2))
    as_stored, _ = read(clip)
    found, notes = read(turn(clip, matrix))
    np.testing.assert_array_equal(found[0].pixels, TURNED[matrix](as_stored[0].pixels))
    assert found[0].pixels.flags.c_contiguous and notes == []


def test_the_turn_of_a_matrix() -> None:
    one = 1 << 16

    def packed(*numbers: int) -> bytes:
        return np.array([*numbers, 0, 0, 0, 0, 0][:9], "<i4").tobytes()

    assert turn_of(None) == turn_of(bytes(36)) == Turn()
    assert turn_of(packed(0, one, 0, -one, 0)) == Turn(transposed=True, mirrored=True)
    assert turn_of(packed(46341, 46341, 0, -46341, 46341)) is None, "45 degrees"


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_broken_frame_is_named_and_the_rest_read(tmp_path: Path, suffix: str) -> None:
    clip = damage(write_clip(tmp_path / f"a{suffix}", frames(30)), 13)
    found, notes = read(clip)
    assert len(found) == 29 and len(notes) == 1
    named = re.fullmatch(rf"{re.escape(str(clip))}: 1 broken frame left out: (\d+) \((.*) s\)\.", notes[0])
    assert named is not None
    missing = int(named[1])
    assert [frame.number for frame in found] == [i for i in range(30) if i != missing]
    assert float(named[2]) == pytest.approx(missing / 25)
    assert [frame.time for frame in found] == pytest.approx([i / 25 for i in range(30) if i != missing])


@pytest.mark.parametrize(("suffix", "movflags"), [(".mp4", "faststart"), (".mkv", "")])
def test_a_truncated_file_gives_what_it_has(tmp_path: Path, suffix: str, movflags: str) -> None:
    noise = np.random.default_rng(0)
    drawn = [noise.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(50)]
    clip = cut(write_clip(tmp_path / f"a{suffix}", drawn, movflags=movflags), 0.6)
    found, notes = read(clip)
    assert 10 < len(found) < 40
    assert re.fullmatch(r".*: its frames end at \d\.\d\d s of 2\.00 s; the file is truncated\.", notes[-1])


def test_files_that_give_no_frame_are_errors(tmp_path: Path) -> None:
    half = cut(write_clip(tmp_path / "half.mp4", frames(30), movflags=""), 0.6)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video")
    (tmp_path / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    expected = {
        half: "is truncated: its index, which comes last, is missing",
        tmp_path / "empty.mp4": "is empty (0 bytes)",
        tmp_path / "text.mp4": "is not a video that FFmpeg reads",
        tmp_path / "playlist.mp4": "is not a video that FFmpeg reads",
        write_sound(tmp_path / "sound.mp4"): "has no images, only audio",
        tmp_path / "absent.mp4": "cannot be read (No such file or directory)",
    }
    for path, reason in expected.items():
        with pytest.raises(ImageError) as error:
            read(path)
        assert error.value.what.startswith(f"{path}: {reason}"), error.value.what


def test_names_are_no_protocols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4", frames(3)).rename("subfile,,start,0,end,0,,:a 100%.mp4")
    found, _ = read(Path("subfile,,start,0,end,0,,:a 100%.mp4"))
    assert len(found) == 3
