"""Names kept as hashes answer as names kept as text do."""

import pytest

from foveal.data.formats import resolver
from foveal.data.formats.many_names import ManyNames, names_in
from foveal.data.formats.resolver import Resolver


def test_a_name_is_among_others_or_not():
    names = [f"{i:05d}.jpg" for i in range(1000)]
    many = ManyNames(name for name in names)
    assert len(many) == 1000
    assert all(name in many for name in names)
    assert not any(f"{name}x" in many for name in names)
    assert "a" not in ManyNames([])


@pytest.mark.parametrize("room", [0, 2, 3, 4])
def test_the_names_in_a_folder_are_text_while_there_is_room(tmp_path, room):
    for name in ("a", "b", "ü"):
        (tmp_path / name).touch()
    names, left = names_in(tmp_path, room)
    assert [name in names for name in ("a", "b", "ü", "c", "")] == [True, True, True, False, False]
    assert (left, isinstance(names, frozenset)) == ((room - 3, True) if room >= 3 else (room, False))
    gone, left = names_in(tmp_path / "gone", room)
    assert "a" not in gone and left == room


@pytest.mark.parametrize("room", [0, 3, 100_000])
def test_the_first_folder_in_which_an_image_is_counts_however_many_there_are(tmp_path, monkeypatch, room):
    monkeypatch.setattr(resolver, "MOST", room)
    for name in ("a/x/1.jpg", "a/x/2.jpg", "b/x/2.jpg", "b/x/3.jpg", "near/x/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    find = Resolver(tmp_path, ["a", "b"])
    assert [find(f"x/{i}.jpg") for i in (1, 2)] == ["a/x/1.jpg", "a/x/2.jpg"]
    assert find("x/2.jpg", near="near") == "near/x/2.jpg"
    assert find("x/3.jpg", near="near") == "b/x/3.jpg"
    assert find("x/2.jpg") == "b/x/2.jpg", "the folder of the last image is looked into first"
    assert find("x/1.jpg") == "a/x/1.jpg"
    assert find("x/2.jpg") == "a/x/2.jpg"
    assert find("x/2.jpg", near="near") == "near/x/2.jpg"
    assert find("x/4.jpg") is None
