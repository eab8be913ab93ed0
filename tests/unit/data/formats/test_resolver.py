import unicodedata

import pytest

from foveal.data.formats.resolver import Resolver, by_stem


@pytest.fixture
def lay(tmp_path):
    """Empty files in a folder: names alone matter."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def test_an_exact_path_needs_no_words(lay):
    find = Resolver(lay("images/a.jpg", "b.jpg"), ["images", ""])
    assert [find(name) for name in ("a.jpg", "b.jpg", "images/a.jpg", "./b.jpg")] == [
        "images/a.jpg",
        "b.jpg",
        "images/a.jpg",
        "b.jpg",
    ]
    assert find.notes() == []


@pytest.mark.parametrize(
    ("there", "written", "how"),
    [
        ("images/deep/a.jpg", "deep\\a.jpg", "slashes"),
        ("images/a b.jpg", "a%20b.jpg", "percent-encoding"),
        ("images/a.jpg", "A.JPG", "case"),
        ("images/a.jpg", "a.png", "suffix"),
        ("images/a.jpg", "a", "a missing suffix"),
        ("images/a.jpg", "/home/someone/data/images/a.jpg", "its folder"),
        ("images/a.jpg", "C:\\data\\images\\a.jpg", "its folder"),
        ("images/a b.jpg", "https://x.org/y/a%20b.jpg?v=1", "the path in a URL"),
        (unicodedata.normalize("NFD", "images/café.jpg"), unicodedata.normalize("NFC", "café.jpg"), "Unicode form"),
        (unicodedata.normalize("NFC", "images/café.jpg"), unicodedata.normalize("NFD", "café.jpg"), "Unicode form"),
    ],
)
def test_another_spelling_is_found_and_told(lay, there, written, how):
    find = Resolver(lay(there), ["images", ""])
    assert find(written) == there
    assert find.notes() == [f"1 image was found under another spelling: 1 by {how} (such as {written!r} for {there})."]


def test_what_could_be_several_is_none_of_them(lay):
    find = Resolver(lay("p/a.jpg", "q/a.jpg"))
    assert find("a.jpg") is None
    assert find.why_not("a.jpg") == "could be 2 images, such as p/a.jpg and q/a.jpg"
    assert find("x/q/a.jpg") == "q/a.jpg", "the last parts say which"
    assert find.why_not("z.jpg") == "does not exist"
    assert find.likely("z.jpg") == "z.jpg"


def test_a_folder_of_another_split_is_not_taken(lay):
    assert Resolver(lay("test/a.jpg"))("train/a.jpg") is None


def test_near_decides_between_several(lay):
    find = Resolver(lay("train/1.jpg", "test/1.jpg"))
    assert find("1") is None
    assert find("1", near="train") == "train/1.jpg"
    assert find("1.jpg", near="test") == "test/1.jpg"


def test_only_the_named_folders_count(lay):
    root = lay("mine/a.jpg", "other/b.jpg", "other/a.jpg")
    find = Resolver(root, ["mine"], only=True)
    assert find("a.jpg") == "mine/a.jpg"
    assert find("x/y/a.jpg") == "mine/a.jpg"
    assert find("b.jpg") is None


def test_an_absolute_path_may_lead_anywhere(lay):
    root = lay("set/t.csv", "elsewhere/a.jpg", "set/b.jpg")
    find = Resolver(root / "set")
    assert find(str(root / "elsewhere" / "a.jpg")) == "../elsewhere/a.jpg"
    assert find(str(root / "set" / "b.jpg")) == "b.jpg"
    assert find("/no/such/c.jpg") is None


@pytest.mark.parametrize("written", ["", "/", "..", "a\0.jpg", "\ud800.jpg", "x" * 5000, "%", "C:"])
def test_what_is_no_path_is_not_found(lay, written):
    assert Resolver(lay("a.jpg"))(written) is None


def test_stems_are_compared_in_one_form(lay):
    composed, apart = (unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD"))
    assert by_stem([composed, apart, "b.jpg"]) == {"é": [composed, apart], "b": ["b.jpg"]}
