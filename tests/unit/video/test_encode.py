"""Videos that are written: rate, times and size are kept, whatever ends the writing."""

import os
import signal
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from threading import Timer

import av
import numpy as np
import pytest
from tests.clips import frames, read_back

from foveal.errors import ConfigError, RunError
from foveal.video.encode import FORMATS, VideoFile


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_format_keeps_rate_times_and_images(tmp_path: Path, suffix: str) -> None:
    out, drawn = tmp_path / f"out{suffix}", frames(12)
    with VideoFile(out, rate=Fraction(25), time_base=Fraction(1, 12_800)) as file:
        for i, frame in enumerate(drawn):
            file.add(frame, 512 * i)
    found, times = read_back(out)
    assert times == pytest.approx([i / 25 for i in range(12)])
    assert np.abs(found[5].astype(int) - drawn[5]).mean() < 12
    with av.open(str(out)) as container:
        assert container.streams.video[0].average_rate == 25
        assert not container.start_time
    assert file.notes == [] and list(tmp_path.iterdir()) == [out]


def test_uneven_times_stay(tmp_path: Path) -> None:
    out, ticks = tmp_path / "out.mp4", [0, 40, 100, 500, 510, 2000]
    with VideoFile(out, rate=Fraction(3), time_base=Fraction(1, 1000)) as file:
        for frame, tick in zip(frames(6), ticks, strict=True):
            file.add(frame, tick)
    assert read_back(out)[1] == pytest.approx([t / 1000 for t in ticks], abs=1e-3)


def test_odd_sides_get_a_row_and_a_column(tmp_path: Path) -> None:
    out, drawn = tmp_path / "out.mp4", frames(4, 65, 47)
    with VideoFile(out, rate=Fraction(25), time_base=Fraction(1, 25), aspect=Fraction(4, 3)) as file:
        for i, frame in enumerate(drawn):
            file.add(frame, i)
    found, _ = read_back(out)
    assert found[0].shape == (48, 66, 3)
    assert np.abs(found[3][:47, :65].astype(int) - drawn[3]).mean() < 12
    with av.open(str(out)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_frames_that_change_their_size_are_scaled_and_told(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with VideoFile(out, rate=Fraction(25), time_base=Fraction(1, 25)) as file:
        file.add(frames(1)[0], 0)
        file.add(frames(1, 32, 32)[0], 1)
    assert [frame.shape for frame in read_back(out)[0]] == [(48, 64, 3)] * 2
    assert file.notes == [f"{out}: frames that changed their size (1) were scaled to the first's."]


def test_an_error_keeps_the_frames_so_far_and_no_frame_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old")

    def fail(count: int) -> None:
        with VideoFile(out, rate=Fraction(25), time_base=Fraction(1, 25)) as file:
            for i, frame in enumerate(frames(count)):
                file.add(frame, i)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(0)
    assert out.read_bytes() == b"old"
    with pytest.raises(KeyboardInterrupt):
        fail(7)
    assert len(read_back(out)[0]) == 7


def test_links_stay_and_places_that_take_no_video_are_named(tmp_path: Path) -> None:
    target, link = tmp_path / "real.mp4", tmp_path / "link.mp4"
    link.symlink_to(target)
    with VideoFile(link, rate=Fraction(25), time_base=Fraction(1, 25)) as file:
        file.add(frames(1)[0], 0)
    assert link.is_symlink() and len(read_back(target)[0]) == 1
    with pytest.raises(ConfigError, match=r"\.gif is not a video format that can be written"):
        VideoFile(tmp_path / "out.gif", rate=Fraction(25), time_base=Fraction(1, 25))
    os.mkfifo(tmp_path / "pipe.mp4")
    with (
        pytest.raises(RunError, match="cannot be written into a pipe"),
        VideoFile(tmp_path / "pipe.mp4", rate=Fraction(25), time_base=Fraction(1, 25)),
    ):
        pass


def test_ctrl_c_at_any_moment_loses_no_frame_that_was_added(tmp_path: Path) -> None:
    drawn, before = frames(40), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for number in range(25):
            out, added = tmp_path / f"{number}.mp4", 0
            with (
                suppress(KeyboardInterrupt),
                VideoFile(out, rate=Fraction(25), time_base=Fraction(1, 25)) as file,
            ):
                Timer(0.01 + 0.003 * number, signal.raise_signal, [signal.SIGINT]).start()
                while True:
                    file.add(drawn[added % 40], added)
                    added += 1
            assert added <= len(read_back(out)[0]) <= added + 1
    finally:
        signal.signal(signal.SIGINT, before)
