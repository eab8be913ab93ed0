"""The repr of what Foveal returns, and of what that holds: one line under 200 characters, whatever is inside."""

from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import numpy as np
import pytest
from PIL import Image

import foveal.types
from foveal.artifact.card import Card, CategoriesCard
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.data.inspection.preflight import Skipped
from foveal.engine.config import TrainConfig
from foveal.errors import ImageError
from foveal.inference.drawing import Drawing
from foveal.inference.images import Named
from foveal.metrics.contract import Lines, Matrix, Mistake, Table
from foveal.report.findings.contract import Finding
from foveal.tasks.table import open_output
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.detections import BoxTruth, Detection
from foveal.types.predictions.masks import ClassMap, InstanceTruth, MapTruth
from foveal.types.rle import Rle

LONG = "a very long name\nof two lines " * 40
MANY = Categories(tuple(f"{LONG}{i}" for i in range(300)), tuple(range(300)))
STORED = CategoriesCard(names=MANY.names, source_ids=MANY.source_ids)
SPEC = InputSpec(size=224, train_size=224, mean=(0.485123456789, 0.456123456789, 0.406123456789))
CARD = Card(task="detect", classes=STORED, input=SPEC, model={"backbone": LONG}, own={}, decode={}, data={LONG: LONG})
BOXES = np.random.default_rng(0).random((100, 4)) * 1000
LABELS, FLAGS, AREAS = np.zeros(100, np.int32), np.zeros(100, np.uint8), np.ones(100)
MASK = Rle.of(np.random.default_rng(0).random((50, 50)) > 0.5)
RAGGED = Ragged.of([[0]] * 500)
NAMES = Names.of([f"{LONG}{i}.jpg" for i in range(500)])
HELD = [
    CARD,
    STORED,
    SPEC,
    MANY,
    TrainConfig(epochs=3, batch_size=8),
    BoxTruth(BOXES, LABELS, FLAGS, AREAS),
    InstanceTruth(BOXES, LABELS, FLAGS, AREAS, [MASK] * 100),
    MapTruth(np.zeros((300, 300), np.uint8)),
    ClassMap.of(np.zeros((30, 30), int), MANY).runs,
    MASK,
    Detection(LONG, 0.5, (1.0, 2.0, 3.0, 4.0)),
    RAGGED,
    NAMES,
    Objects.of([[Object((0, 0, 9, 9), 0, segmentation=[[0.0] * 500])] * 50]),
    Catalog(Path(LONG), "voc", "boxes", MANY, NAMES, np.zeros(500, np.uint8), RAGGED),
    Matrix(LONG, np.zeros((300, 300)), MANY.names),
    Lines(LONG, LONG, LONG, {LONG: (np.arange(900.0), np.arange(900.0))}),
    Table(LONG, (LONG,) * 9, [(LONG,) * 9] * 50),
    Mistake(3, 0.123456789, LONG, 0.123456789),
    Finding("note", LONG),
    Skipped(LONG, LONG),
    ImageError(LONG, LONG),
    Named(LONG, bytes(5000)),
    open_output(CARD.model_copy(update={"task": "classify"})),
    Drawing(open_output(CARD), Image.new("RGB", (9, 9))),
]


@pytest.mark.parametrize("held", HELD, ids=lambda held: type(held).__name__)
def test_one_line_under_200_characters(held: object) -> None:
    text = repr(held)
    assert text.startswith(f"{type(held).__name__}(")
    assert text.endswith(")")
    assert len(text) < 200
    assert "\n" not in text


def test_says_what_is_set() -> None:
    assert repr(BoxTruth(BOXES, LABELS, FLAGS, AREAS)) == (
        "BoxTruth(boxes=float64 (100, 4), labels=int32 (100,), flags=uint8 (100,), areas=float64 (100,))"
    )
    assert repr(InputSpec(size=64, train_size=48)) == "InputSpec(size=64, train_size=48)"
    assert repr(Categories(("cat", "dog"))) == "Categories(names=('cat', 'dog'))"
    assert repr(Names.of([f"{i}.jpg" for i in range(9)])) == "Names(9: ('0.jpg', '1.jpg', '2.jpg', ...))"
    assert repr(ImageError(Path("a.jpg"), "is empty")) == "ImageError('a.jpg: is empty.')"


def test_no_type_prints_its_columns() -> None:
    """What is made of numbers and short words may keep the repr that Python writes."""
    plain = {"Geometry", "Goal", "View", "Interval", "Scale", "Evidence", "ListOf"}
    names = [module.name for module in walk_packages(foveal.types.__path__, "foveal.types.")]
    modules = [name for name in names if not name.endswith(".samples")]  # torch's, and never returned
    places = [import_module(name) for name in [*modules, "foveal.metrics.contract", "foveal.report.findings.contract"]]
    kinds = [
        kind
        for place in places
        for kind in vars(place).values()
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == place.__name__
    ]
    assert len(kinds) > 15
    printed = {kind.__name__ for kind in kinds if hasattr(kind.__repr__, "__wrapped__")}  # as dataclasses make them
    assert printed <= plain
