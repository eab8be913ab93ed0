"""What ``foveal predict`` prints of videos: a row per frame."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foveal.artifact.place import Place
from foveal.cli.screens import MAX_ROWS, in_one_line, prediction_cells, print_notes, print_plain
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.video.predict import FramePrediction
from foveal.video.rows import AddFrame, seconds
from foveal.video.source import Video


@contextmanager
def frames_screen(outputs: Outputs) -> Iterator[AddFrame]:
    """A table on a terminal, a line per frame elsewhere; then the files written.

    Nothing goes to the standard output if a file does.
    """
    if outputs.takes_stdout:
        yield print_nothing
    else:
        with frame_table() if sys.stdout.isatty() else frame_lines() as add:
            yield add
    console = Console(stderr=outputs.takes_stdout or not sys.stdout.isatty(), soft_wrap=True)
    places = {"table": outputs.csv, "video": outputs.save, "masks": outputs.masks, "crops": outputs.crops}
    for what, place in places.items():
        if place is not None and not Place.of(place, any_kind=True).direct:
            console.print(Text(f"  {what:<8}  {place}"))


def print_nothing(video: Video, frame: FramePrediction) -> None:
    """Where the standard output belongs to a file."""


@contextmanager
def frame_table() -> Iterator[AddFrame]:
    """A row for each of the first frames, and the number of further ones; after an error too."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2))
    table.add_column("video", overflow="fold")
    for title in ("frame", "time"):
        table.add_column(title, justify="right")
    table.add_column("prediction")
    table.add_column("score", justify="right")
    table.add_column("runner-up", style="dim")
    more = 0

    def add(video: Video, frame: FramePrediction) -> None:
        nonlocal more
        if table.row_count < MAX_ROWS:
            table.add_row(
                *map(Text, (video.name, f"{frame.frame:,}", f"{frame.time:.2f} s")),
                *map(Text, prediction_cells(frame.prediction.rows())),
            )
        else:
            more += 1

    begun = False
    try:
        yield add
        begun = True
    finally:
        if begun or table.row_count:
            console = Console()
            console.print(table)
            if more:
                console.print(f"  ... and {more:,} more; --csv FILE or --json gives all", style="dim")


@contextmanager
def frame_lines() -> Iterator[AddFrame]:
    """A line for each frame as it comes: video, frame, seconds, prediction, best score and runners-up, by tabs."""

    def add(video: Video, frame: FramePrediction) -> None:
        cells = (video.name, str(frame.frame), seconds(frame.time), *prediction_cells(frame.prediction.rows()))
        print_plain("\t".join(map(in_one_line, cells)).rstrip("\t") + "\n")

    yield add


@contextmanager
def note_full_frames(predictor: Predictor) -> Iterator[AddFrame]:
    """A note at the end of the frames that have as many objects as the model allows."""
    full = limit = 0

    def add(video: Video, frame: FramePrediction) -> None:  # noqa: ARG001
        nonlocal full, limit
        if reached := predictor.output.limit_reached(frame.prediction):
            full, limit = full + 1, max(limit, reached)

    try:
        yield add
    finally:
        if full:
            what = "frame has" if full == 1 else "frames have"
            print_notes(
                [
                    f"{full:,} {what} as many objects as the limit allows ({limit:,}), so there may be more;"
                    " --max-objects raises it."
                ]
            )
