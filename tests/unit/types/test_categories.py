from itertools import pairwise

import pytest

from foveal.errors import CategoryError
from foveal.types.categories import Categories


def test_places_are_ids() -> None:
    categories = Categories(("ant", "bee", "wasp"), source_ids=(3, 200, 0))
    assert len(categories) == 3
    assert categories.index("bee") == 1
    assert "wasp" in categories
    assert list(categories) == ["ant", "bee", "wasp"]


def test_unknown_class_is_named_with_a_suggestion() -> None:
    with pytest.raises(CategoryError) as error:
        Categories(("sunflower", "tulip")).index("sunflwer", where="val/sunflwer")
    assert error.value.what == "val/sunflwer: unknown class 'sunflwer'."
    assert error.value.hint == "Did you mean 'sunflower'? Known classes: sunflower, tulip."


@pytest.mark.parametrize(
    ("names", "ids", "message"),
    [
        ((), (), "There are no classes."),
        (("a", "a"), (), "The class 'a' is listed twice."),
        (("a", " "), (), "A class has an empty name."),
        (("a", "b"), (1,), "2 classes came with 1 ids."),
        (("a", "b"), (1, 1), "Two classes share one id."),
    ],
)
def test_bad_maps_are_refused(names: tuple[str, ...], ids: tuple[int, ...], message: str) -> None:
    with pytest.raises(CategoryError) as error:
        Categories(names, ids)
    assert error.value.what == message


def test_neighbouring_colours_differ() -> None:
    categories = Categories(tuple(f"c{i}" for i in range(80)))
    colors = [categories.color(i) for i in range(80)]
    assert len(set(colors)) == 80
    assert all(sum(abs(a - b) for a, b in zip(x, y, strict=True)) > 60 for x, y in pairwise(colors))
