"""What images are called in the outputs."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from foveal.inference.names import NumberedNames, coco_id

stems = st.lists(st.sampled_from(["a", "a-2", "a-3", "a-2-2", "b"]), max_size=12)


def slow_names(stems: list[str]) -> list[str]:
    used: list[str] = []
    for stem in stems:
        free = (name for name in [stem, *(f"{stem}-{n}" for n in range(2, 99))] if name not in used)
        used.append(next(free))
    return used


@given(stems)
def test_equal_names_are_numbered(stems: list[str]) -> None:
    names = NumberedNames()
    assert [names.take(Path(f"{place}/{stem}.jpg")) for place, stem in enumerate(stems)] == slow_names(stems)


@given(stems, st.data())
def test_names_of_a_part_are_among_those_of_the_whole(stems: list[str], data: st.DataObject) -> None:
    part = [stem for stem in stems if data.draw(st.booleans())]
    whole, some = NumberedNames(), NumberedNames()
    assert {some.take(Path(s)) for s in part} <= {whole.take(Path(s)) for s in stems}


def test_image_ids() -> None:
    names = ["000000000139.jpg", "\uff11.jpg", "1.jpg", "\u00b2.jpg", "a1.jpg"]
    assert [coco_id(Path(name)) for name in names] == [139, "\uff11", 1, "\u00b2", "a1"]
