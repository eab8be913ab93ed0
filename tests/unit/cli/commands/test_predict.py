"""What ``foveal predict`` prints."""

import io
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from foveal.cli.app import with_streams
from foveal.cli.screens import MAX_ROWS, Skipped, note_full_lists, prediction_cells, predictions_screen
from foveal.errors import ImageError
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.detections import Detections

ROWS: list[dict[str, Any]] = [{"name": "cat", "score": 0.75}, {"name": "dog", "score": 0.25}]
SCORES = ClassScores(np.array([0.75, 0.25]), Categories(("cat", "dog")), (4, 3))


@pytest.mark.parametrize(("count", "more"), [(0, 0), (MAX_ROWS, 0), (MAX_ROWS + 7, 7)])
def test_on_a_terminal_the_first_rows_and_the_number_of_the_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, count: int, more: int
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with predictions_screen(Outputs(csv=Path("t.csv"), masks=Path("[m]"))) as add:
        for i in range(count):
            add(Path(f"[{i}].jpg"), SCORES)
        assert capsys.readouterr().out == "", "nothing before all is done"
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].split() == ["image", "prediction", "score", "runner-up"]
    assert [line.split()[0] for line in lines[1 : 1 + count - more]] == [f"[{i}].jpg" for i in range(count - more)]
    assert (f"  ... and {more} more; --csv FILE or --json gives all" in lines) == bool(more)
    assert lines[-2:] == ["  table     t.csv", "  masks     [m]"]


def test_on_a_terminal_an_error_shows_what_was_predicted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        with predictions_screen(Outputs()) as add:
            add(Path("a.jpg"), SCORES)
            raise KeyboardInterrupt

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert "a.jpg" in capsys.readouterr().out
    with pytest.raises(KeyboardInterrupt), predictions_screen(Outputs()):
        raise KeyboardInterrupt
    assert capsys.readouterr().out == ""


def test_in_a_pipe_an_image_is_one_line_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    long = "holiday/2026/" + 20 * "DSC_20261103 " + ".jpg"
    with predictions_screen(Outputs(csv=Path("t.csv"))) as add:
        for name in (long, "a\tb\nc.jpg", *(f"{i}.jpg" for i in range(2 * MAX_ROWS))):
            add(Path(name), SCORES)
            last = capsys.readouterr().out
            if name == long:
                assert last == f"{long}\tcat\t75.0%\tdog 25.0%\n"
            elif name.startswith("a"):
                assert last == "a\\tb\\nc.jpg\tcat\t75.0%\tdog 25.0%\n"
    assert last == f"{2 * MAX_ROWS - 1}.jpg\tcat\t75.0%\tdog 25.0%\n", "all of them"
    assert capsys.readouterr() == ("", "  table     t.csv\n")


@pytest.mark.parametrize(("encoding", "printed"), [("utf-8", b"\xc3\xa9\xff.jpg"), ("ascii", rb"\xe9\udcff.jpg")])
def test_names_that_an_encoding_lacks(monkeypatch: pytest.MonkeyPatch, encoding: str, printed: bytes) -> None:
    binary = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(binary, encoding))
    with predictions_screen(Outputs()) as add:
        add(Path("\u00e9\udcff.jpg"), SCORES)
    assert binary.getvalue().split(b"\t")[0] == printed


def test_where_a_file_is_the_standard_output_nothing_else_is(capsys: pytest.CaptureFixture[str]) -> None:
    with predictions_screen(Outputs(csv=Path("/dev/stdout"))) as add:
        add(Path("a.jpg"), SCORES)
    assert capsys.readouterr() == ("", "")


def test_folders_that_were_written_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with predictions_screen(Outputs(csv=Path("/dev/null"), save=tmp_path)):
        pass
    assert capsys.readouterr() == ("", f"  images    {tmp_path}\n")


def test_cells_of_one_image() -> None:
    assert prediction_cells(ROWS) == ("cat", "75.0%", "dog 25.0%")
    assert prediction_cells([*ROWS, ROWS[1]]) == ("2 dog, 1 cat", "75.0%", "")
    assert prediction_cells([]) == ("nothing", "-", "")


def test_skipped_images_are_named_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Skipped(7) as skipped:
        skipped.add(ImageError("[red].jpg", "is empty (0 bytes)"))
    assert capsys.readouterr() == ("", "skipped: [red].jpg: is empty (0 bytes).\nnote: 1 of 7 images skipped.\n")


def test_full_lists_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    class Limited:
        class output:  # noqa: N801
            @staticmethod
            def limit_reached(prediction: Detections) -> int:
                return len(prediction) if prediction.full else 0

    def found(count: int, *, full: bool) -> Detections:
        return Detections(
            np.ones((count, 4)), np.ones(count), np.zeros(count, int), Categories(("cell",)), (4, 3), full=full
        )

    with note_full_lists(cast(Predictor, Limited)) as add:
        add(Path("a.jpg"), found(2, full=False))
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == ""
    with note_full_lists(cast(Predictor, Limited)) as add:
        for name, count in (("a.jpg", 2), ("b.jpg", 3)):
            add(Path(name), found(count, full=name == "b.jpg"))
    assert capsys.readouterr().err == (
        "note: 1 image has as many objects as the limit allows (3), so there may be more; --max-objects raises it:"
        " b.jpg.\n"
    )


def test_a_hyphen_is_a_standard_stream() -> None:
    assert with_streams(["predict", "m", "-", "--csv", "-", "--json"]) == [
        "predict",
        "m",
        "/dev/stdin",
        "--csv",
        "/dev/stdout",
        "--json",
    ]
    assert with_streams(["predict", "m", "a", "--save", "-"])[-1] == "/dev/stdout", "no input, so the error names it"
