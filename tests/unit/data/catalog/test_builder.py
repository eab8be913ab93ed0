from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.catalog.builder import CatalogBuilder, Twin, sorted_order
from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.catalog.columns import Names, Ragged
from foveal.types.categories import Categories

names = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), max_size=30)


@given(names)
def test_order_is_that_of_bytes_and_stable(texts):
    expected = sorted(range(len(texts)), key=lambda i: texts[i].encode())
    assert sorted_order(Names.of(texts)).tolist() == expected


def test_the_first_of_two_entries_stays_and_both_are_told():
    builder = CatalogBuilder()
    for name, label in (("b", 0), ("a", 1), ("b", 1)):
        builder.add(name, (label,))
    assert builder.unlike_twins() == (1, [Twin(0, 2)])
    catalog = builder.build(
        Path("x"), format="f", annotation="labels", categories=Categories(("p", "q")), renumber=[1, 0]
    )
    assert [catalog.names[i] for i in range(2)] == ["a", "b"]
    assert catalog.labels.values.tolist() == [0, 1]


def test_twins_that_agree_are_counted_only():
    builder = CatalogBuilder()
    rows = [("a", (0,), 0), ("a", (0,), 0), ("b", (), 0), ("b", (1,), 0), ("c", (1,), 0), ("c", (1,), 2), ("d", (), 0)]
    for row in rows:
        builder.add(*row)
    assert builder.unlike_twins() == (3, [Twin(2, 3), Twin(4, 5)])
    builder.add("d", ())
    assert builder.unlike_twins()[0] == 4, "what is kept is not older than the last image"


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=20), st.data())
def test_take_equals_indexing(rows, data):
    ragged = Ragged.of(rows)
    indices = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=30))
    taken = ragged.take(np.array(indices, np.int64))
    assert [taken[i].tolist() for i in range(len(taken))] == [rows[i] for i in indices]


def test_take_in_pieces(monkeypatch):
    monkeypatch.setattr("foveal.data.catalog.columns.ROWS_PER_PIECE", 3)
    rows = [[i] * (i % 4) for i in range(20)]
    taken = Ragged.of(rows).take(np.arange(19, -1, -1))
    assert [taken[i].tolist() for i in range(20)] == rows[::-1]


def test_many_images_of_one_class_are_added_as_one_by_one():
    one, all_at_once = CatalogBuilder(), CatalogBuilder()
    for names, label, split in ((["a/ü.jpg", "a/2.jpg"], 1, 0), ([], 3, 1), (["b/\udcff.jpg"], 0, UNASSIGNED)):
        for name in names:
            one.add(name, (label,), split)
        all_at_once.add_all(names, label, split)
        one.add("between", (5, 6), 2)
        all_at_once.add("between", (5, 6), 2)
    for text, other in ((one.names.text, all_at_once.names.text), (one.labels, all_at_once.labels)):
        assert text.values.tolist() == other.values.tolist()
        assert text.offsets.tolist() == other.offsets.tolist()
    assert list(all_at_once.splits) == list(one.splits)
    assert all_at_once.names.encoded()[:2] == ["a/ü.jpg".encode(), b"a/2.jpg"]
