"""Predictions on frames as text, frame by frame: CSV, JSON lines."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from foveal.artifact.growing import GrowingFile
from foveal.inference.writers import print_json_text, with_polygons
from foveal.video.predict import FramePrediction
from foveal.video.source import Video


class AddFrame(Protocol):
    """Takes the prediction on a frame of a video."""

    def __call__(self, video: Video, frame: FramePrediction, /) -> None:
        """Write it."""
        ...


FrameWriter = AbstractContextManager[AddFrame]


@contextmanager
def write_frame_csv(path: Path) -> Iterator[AddFrame]:
    """A CSV file with path, frame, time in seconds, rank, name, score and the task's own columns.

    Raises:
        RunError: It cannot be written.
    """
    columns: list[str] = []
    with GrowingFile(path) as file:

        def add(video: Video, frame: FramePrediction) -> None:
            text = io.StringIO()
            table = csv.writer(text, lineterminator="\n")
            for rank, row in enumerate(frame.prediction.rows(), start=1):
                if not columns:
                    columns.extend(row)
                    table.writerow(("path", "frame", "time", "rank", *columns))
                cells = {**row, "score": f"{row['score']:.6f}"}
                place = (video.name, frame.frame, seconds(frame.time), rank)
                table.writerow((*place, *(cells[name] for name in columns)))
            file.add(text.getvalue())

        yield add
        if not columns:
            file.add("path,frame,time,rank,name,score\n")


@contextmanager
def write_json_lines(out: TextIO, *, polygons: bool = False) -> Iterator[AddFrame]:
    """A JSON object per line and frame, as they come; a stream may have no end, so it is no list.

    Args:
        out: A text stream, such as standard output.
        polygons: Whether masks are written as polygons, not as RLE.
    """

    def add(video: Video, frame: FramePrediction) -> None:
        values: object = {"path": video.name, **frame.to_dict()}
        values = with_polygons(values) if polygons else values
        print_json_text(out, json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
        out.flush()

    yield add


def seconds(time: float) -> str:
    """A time to a microsecond: 1.04, 0.033367."""
    return f"{time:.6f}".rstrip("0").rstrip(".") or "0"
