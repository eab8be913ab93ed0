"""What images are called in the folders of predictions."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import RunError
from foveal.inference.names import STEM_BYTES, OutputNames, key_of, plan_names

names = st.lists(
    st.tuples(*map(st.sampled_from, (["", "in/", "In/"], ["a", "a-2", "A", "b"], [".jpg", ".png"]))).map("".join),
    max_size=8,
)


def plan(*names: str) -> list[str]:
    """The plan for images of as many folders."""
    return list(plan_names([Path(f"{place}/{name}") for place, name in enumerate(names)], names).values())


@given(names)
@settings(max_examples=50)
def test_no_two_images_have_one_name(names: list[str]) -> None:
    planned = plan(*names)
    assert len({key_of(name) for name in planned}) == len(names)
    assert plan(*names) == planned
    stems = [name.rpartition(".")[0] for name in names]
    for stem, name in zip(stems, planned, strict=True):
        others = {key_of(other) for other in stems} - {key_of(stem)}
        assert key_of(name) not in others, "not even numbered"


def test_names_tell_folders_and_suffixes_apart() -> None:
    assert plan("a/1.jpg", "b/1.jpg", "c.tar.png") == ["a/1", "b/1", "c.tar"]
    assert plan("1.jpg", "1.png", "2.png") == ["1.jpg", "1.png", "2"]
    assert plan("1.jpg", "1.jpg", "1-2.jpg") == ["1", "1-3", "1-2"]
    assert plan("cafe\u0301.png", "caf\u00e9.png") == ["cafe\u0301", "caf\u00e9-2"], "one name on some file systems"


def test_long_names_are_cut_and_differ() -> None:
    first, second, third = plan("x" * 251 + ".png", "x" * 250 + "y.png", "\u00e9" * 125 + ".png")
    assert first != second
    for name in (first, second, third):
        assert len(name.encode()) <= STEM_BYTES


def open_names(folder: Path, *images: Path, once: frozenset[Path] = frozenset()) -> OutputNames:
    return OutputNames(folder, plan_names(images, [image.name for image in images]), ".jpg", once=once)


def test_a_later_call_takes_no_other_images_name(tmp_path: Path) -> None:
    first, other = tmp_path / "a" / "1.png", tmp_path / "b" / "1.png"
    out = tmp_path / "out"
    assert open_names(out, first).take(first) == "1"
    assert open_names(out, other).take(other) == "1-2"
    assert [open_names(out, image).take(image) for image in (first, other)] == ["1", "1-2"], "again, as before"
    assert (out / "index.csv").read_text() == f"name,image\n1,{first}\n1-2,{other}\n"


def test_files_of_others_are_spared(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_text("mine")
    assert open_names(tmp_path, Path("1.png")).take(Path("1.png")) == "1-2"


def test_each_stream_is_another_image(tmp_path: Path) -> None:
    pipe = Path("/dev/stdin")
    taken = [open_names(tmp_path, pipe, once=frozenset([pipe])).take(pipe) for _ in range(3)]
    assert taken == ["stdin", "stdin-2", "stdin-3"]


def test_an_index_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RunError, match=r"index\.csv: not an index that Foveal wrote\."):
        open_names(tmp_path, Path("1.png"))
