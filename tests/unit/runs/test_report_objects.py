"""What a report tells of a data set's objects."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.runs.report.objects import object_counts, object_panels
from foveal.types.categories import Categories
from foveal.types.flags import Flag

ROWS = [[], [Object((0, 0, 20, 10), 0), Object((80, 40, 100, 50), 1), Object((0, 0, 90, 50), 1, int(Flag.CROWD))]]
"""In images of 100 x 50 pixels: one object in the upper left corner, one in the lower right one, and a crowd."""


def catalog_of(rows) -> Catalog:
    return Catalog(
        Path(),
        "made",
        "boxes",
        Categories(("cat", "dog"), (3, 7)),
        Names.of([f"{i}.png" for i in range(len(rows))]),
        np.zeros(len(rows), np.uint8),
        Ragged.of([sorted({o.label for o in row}) for row in rows]),
        multi_label=True,
        sizes=np.array([(100, 50)] * len(rows), np.int32),
        objects=Objects.of(rows),
    )


def test_centres_and_sizes_are_shares_of_the_image():
    positions, sizes = object_panels(catalog_of(ROWS))
    assert positions.down and positions.counts.sum() == 2, "the crowd counts nowhere"
    assert positions.counts[0, 0] == positions.counts[-1, -1] == 1
    assert sizes.end == 0.2 and sizes.counts[-1, -1] == 2
    assert sizes.note == "Median: 20% of the image's width, 20% of its height."
    assert positions.note == "Centres of 2 objects, as shares of their image's width and height."


def test_without_objects_or_sizes_there_is_nothing_to_draw():
    made = catalog_of(ROWS)
    for without in (catalog_of([[]]), replace(made, sizes=None), replace(made, objects=None)):
        assert object_panels(without) == []


def test_objects_are_counted_by_class():
    made = catalog_of(ROWS)
    assert object_counts({"train": made, "val": made.take(np.array([0]))}) == {
        "train": {"cat": 1, "dog": 1},
        "val": {"cat": 0, "dog": 0},
    }
    assert object_counts({"train": replace(made, objects=None)}) == {}
