"""A file that is worth keeping before it is complete."""

from pathlib import Path

import pytest

from foveal.artifact.growing import GrowingFile, left_behind


def test_it_is_whole_after_each_piece_and_takes_its_place_at_the_end(tmp_path: Path) -> None:
    path, partial = tmp_path / "t.json", tmp_path / "t.json.partial"
    path.write_text("old")
    with GrowingFile(path, head="[", tail="]\n") as file:
        for piece, whole in (("1", "[1]\n"), (",22", "[1,22]\n"), ("", "[1,22]\n")):
            file.add(piece)
            assert (partial.read_text(), path.read_text()) == (whole, "old")
    assert path.read_text() == "[1,22]\n" and list(tmp_path.iterdir()) == [path]
    with GrowingFile(path, head="[", tail="]\n"):
        pass
    assert path.read_text() == "[]\n"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_keeps_what_there_is_but_not_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "t.json"
    path.write_text("old")

    def break_off(*pieces: str) -> None:
        with GrowingFile(path, head="[", tail="]") as file:
            for piece in pieces:
                file.add(piece)
            raise error

    with pytest.raises(error):
        break_off()
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(error):
        break_off("1")
    assert path.read_text() == "[1]" and list(tmp_path.iterdir()) == [path]


def test_what_a_killed_command_left_is_spared(tmp_path: Path) -> None:
    path, left = tmp_path / "t.csv", tmp_path / "t.csv.partial"
    assert left_behind(path) == []
    left.write_text("rows")
    assert left_behind(path) == [left]
    with GrowingFile(path) as file:
        file.add("new")
    assert (path.read_text(), left.read_text()) == ("new", "rows")
