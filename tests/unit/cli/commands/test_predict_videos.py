"""``foveal predict`` on videos, as a user runs it."""

import csv
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.clips import damage, frames, read_back, turn, write_clip
from tests.conftest import Outcome

Here = Callable[..., Outcome]


@pytest.fixture(scope="module")
def clip(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames with sound."""
    images = [np.asarray(Image.open(path)) for path in sorted(squares.rglob("*.png"))[::3]]
    return write_clip(tmp_path_factory.mktemp("clip") / "squares.mp4", images, sound=True)


def test_each_output_has_a_row_per_frame(here: Here, quick_export: Path, clip: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out.mp4", tmp_path / "t.csv"
    done = here("predict", quick_export, clip, "--json", "--csv", table, "--save", out, "--every", "2", "--top", "1")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["frame"], row["time"]) for row in rows] == [(2 * i, pytest.approx(0.08 * i)) for i in range(6)]
    assert rows[0].keys() == {"path", "frame", "time", "size", "classes"} and rows[0]["path"] == str(clip)
    with table.open() as file:
        cells = list(csv.DictReader(file))
    assert [(row["frame"], row["time"], row["name"]) for row in cells] == [
        (str(row["frame"]), f"{row['time']:g}", row["classes"][0]["name"]) for row in rows
    ]
    drawn, times = read_back(out)
    assert len(drawn) == 6 and times == pytest.approx([0.08 * i for i in range(6)])
    assert done.err == f"note: {clip}: its sound is not in {out}.\n"
    with av.open(str(out)) as container:
        assert not container.streams.audio and container.streams.video[0].average_rate == 12.5


def test_what_is_printed(here: Here, quick_export: Path, clip: Path, tmp_path: Path) -> None:
    done = here("predict", quick_export, clip, "--every", "6", "--save", tmp_path / "drawn")
    first, second = (line.split("\t") for line in done.out.splitlines())
    assert first[:3] == [str(clip), "0", "0"] and second[:3] == [str(clip), "6", "0.24"]
    assert first[3].startswith("class") and first[4].endswith("%")
    assert done.err.splitlines()[-1] == f"  video     {tmp_path / 'drawn'}"
    assert len(read_back(tmp_path / "drawn" / "squares.mp4")[0]) == 2
    assert (tmp_path / "drawn" / "index.csv").read_text() == f"name,image\nsquares,{clip}\n"


def test_broken_frames_and_broken_videos(here: Here, quick_export: Path, tmp_path: Path) -> None:
    clip = damage(write_clip(tmp_path / "a.mp4", frames(12)), 6)
    (tmp_path / "b.mp4").write_text("no video")
    done = here("predict", quick_export, clip)
    assert done.code == 0 and len(done.out.splitlines()) == 11
    assert done.err.startswith(f"note: {clip}: 1 broken frame left out: ")
    done = here("predict", quick_export, clip, tmp_path / "b.mp4")
    assert done.code == 2 and len(done.out.splitlines()) == 11
    assert "The predictions for 11 frames are written." in done.err
    done = here("predict", quick_export, tmp_path / "b.mp4", clip, "--skip-bad")
    assert done.code == 0 and len(done.out.splitlines()) == 11
    assert done.err.startswith(f"skipped: {tmp_path / 'b.mp4'}: is not a video that FFmpeg reads")
    assert done.err.endswith("note: 1 of 2 videos skipped.\n")


def test_a_phones_video_is_upright_in_what_is_saved(here: Here, quick_export: Path, tmp_path: Path) -> None:
    clip = turn(write_clip(tmp_path / "a.mp4", frames(4, 65 - 1, 48)), "right")
    done = here("predict", quick_export, clip, "--json", "--save", tmp_path / "out.mp4")
    assert json.loads(done.out.splitlines()[0])["size"] == [48, 64]
    assert read_back(tmp_path / "out.mp4")[0][0].shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--coco", "c.json"), "--coco is for images"),
        (("--coco-ids", "c.json"), "--coco-ids is for images"),
        (("--every", "0"), "--every 0 is not possible"),
        (("--save", "o.gif"), ".gif is not a video format that can be written"),
        (("--scales", "2"), "This model classifies full images"),
        (("--masks", "m"), "This model has no masks."),
    ],
)
def test_options_that_do_not_fit(
    here: Here,
    quick_export: Path,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = here("predict", quick_export, clip, *options)
    assert done.code == 2 and message in done.err
    assert not list(tmp_path.glob("*.gif"))


def test_inputs_are_never_overwritten(here: Here, quick_export: Path, tmp_path: Path, squares: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames(3))
    before = clip.read_bytes()
    done = here("predict", quick_export, clip, "--save", clip)
    assert done.code == 2 and f"{clip} would overwrite the video." in done.err
    done = here("predict", quick_export, clip, "--save", tmp_path)
    assert done.code == 0 and {file.name for file in tmp_path.iterdir()} == {"a.mp4", "a-2.mp4", "index.csv"}
    done = here("predict", quick_export, clip, tmp_path / "a-2.mp4", "--save", tmp_path / "out.mp4")
    assert done.code == 2 and "is one file, and there are 2 videos." in done.err
    assert clip.read_bytes() == before
    done = here("predict", quick_export, squares, "--every", "3")
    assert done.code == 2 and "--every is for videos, and images are named." in done.err


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4,000 frames: more than a test waits for."""
    drawn = frames(40, 640, 480)
    return write_clip(tmp_path_factory.mktemp("long") / "long.avi", drawn * 100)


def started(model: Path, clip: Path, out: Path) -> "subprocess.Popen[str]":
    """The command in a process of its own, once it has predicted 60 frames."""
    command = [sys.executable, "-m", "foveal", "predict", str(model), str(clip), "--save", str(out)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background ignores Ctrl-C, and a command that it starts would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    for _ in range(60):
        assert process.stdout.readline()
    return process


@pytest.mark.slow
def test_ctrl_c_leaves_a_video_that_plays(quick_export: Path, long_clip: Path, tmp_path: Path) -> None:
    process = started(quick_export, long_clip, tmp_path / "out.mp4")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    told = re.search(r"The predictions for ([\d,]+) frames are written\.", err)
    assert told is not None, err
    written, printed = int(told[1].replace(",", "")), 60 + len(out.splitlines())
    # The last frame may have been printed and not saved, or saved and not counted.
    assert printed - 1 <= written <= printed
    assert written <= len(read_back(tmp_path / "out.mp4")[0]) <= printed
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.slow
def test_a_killed_command_leaves_a_part_that_plays(quick_export: Path, long_clip: Path, tmp_path: Path) -> None:
    process = started(quick_export, long_clip, tmp_path / "out.mp4")
    assert process.stdout is not None
    for _ in range(140):
        process.stdout.readline()
    process.kill()
    process.communicate()
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4.partial"]
    assert len(read_back(tmp_path / "out.mp4.partial")[0]) >= 50, "all but the last fragments of two seconds"


MEASURED = """
import resource, sys
from foveal.cli.app import run
code = run(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(quick_export: Path, tmp_path: Path) -> None:
    drawn, peaks = frames(40, 320, 240), []
    for times in (3, 30):  # all frames of the longer one would be 276 MB
        clip = write_clip(tmp_path / f"{times}.avi", drawn * times)
        outputs = ("--csv", tmp_path / "t.csv", "--save", tmp_path / "out.mp4")
        command = [sys.executable, "-c", MEASURED, "predict", quick_export, clip, *outputs]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        code, peak = done.stdout.splitlines()[-1].split()
        assert code == "0"
        peaks.append(int(peak))
    assert peaks[1] - peaks[0] < 25_000_000, peaks
