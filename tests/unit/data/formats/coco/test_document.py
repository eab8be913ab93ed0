"""Reading in parts gives what reading at once gives."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.annotated import clean_document

from foveal.data.formats.coco import columns as module
from foveal.data.formats.coco import document
from foveal.data.formats.coco.columns import Columns
from foveal.data.formats.coco.document import read_document
from foveal.data.formats.coco.told import Told
from foveal.data.formats.read import read
from foveal.errors import DataError


class Kept:
    def __init__(self):
        self.items = []

    def take(self, items):
        self.items += items


TEXTS = st.text(st.characters(codec="utf-8"), max_size=4)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXTS, v, max_size=3), max_leaves=8)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3).flatmap(
    lambda rest: st.lists(VALUES | st.dictionaries(TEXTS, VALUES, max_size=3), max_size=8).map(
        lambda items: {**rest, "annotations": items, "z": 1}
    )
)


@settings(max_examples=30, deadline=None)
@given(DOCUMENTS, st.integers(4, 40), st.sampled_from([None, 1]), st.booleans())
def test_any_document(tmp_path_factory, content, part, indent, ascii_only):
    path = tmp_path_factory.mktemp("d") / "a.json"
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=ascii_only), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "PART_BYTES", part)
        found, kept = read_document(path, "annotations", Kept)
    assert found == {**content, "annotations": []} and kept.items == content["annotations"]


def test_texts_that_look_like_ends_of_objects(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "PART_BYTES", 16)
    items = [{"a": "},{", "b": [{"c": "}, {"}, {"d": '"},{"'}]}, {"e": "]}"}] * 5
    (tmp_path / "a.json").write_text(json.dumps({"annotations": items, "b": [{"a": 1}, {"a": 2}]}))
    found, kept = read_document(tmp_path / "a.json", "annotations", Kept)
    assert kept.items == items and found["b"] == [{"a": 1}, {"a": 2}]


def test_numbers_that_are_not_finite(tmp_path):
    (tmp_path / "a.json").write_text('{"annotations": [{"a": NaN}, {"a": -Infinity}], "b": NaN}')
    found, kept = read_document(tmp_path / "a.json", "annotations", Kept)
    assert math.isnan(kept.items[0]["a"]) and kept.items[1] == {"a": -math.inf} and math.isnan(found["b"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "{}, line 1, column 1: not JSON (Expecting value)."),
        (b'{"annotations": [{"a": 1}', "{}, line 1, column 26: not JSON (Expecting ',' delimiter)."),
        (b'{"annotations": [{"a": 1},\n{"a" 1}]}', "{}, line 2, column 6: not JSON (Expecting ':' delimiter)."),
        (b'{"annotations": []} {}', "{}, line 1, column 21: not JSON (Extra data)."),
        (b"[" * 100_000, "{}: not JSON that can be read (nested too deeply)."),
        (b'{"annotations": [' + b"[" * 100_000, "{}: not JSON that can be read (nested too deeply)."),
        (b'{"a": ' + b"9" * 5000 + b"}", "{}: not JSON that can be read (Exceeds the limit (4300 digits) for integer"),
        (b'{"a":\n "\xb0\xb1"}', "{}, line 2: byte 3 (0xb0) is not UTF-8 text."),
    ],
)
def test_faults_have_their_place(tmp_path, text, what):
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(DataError) as caught:
        read_document(path, "annotations", Kept)
    assert caught.value.what.startswith(what.replace("{}", str(path)))


ODD = st.sampled_from([None, 1, -1, 2.5, "3", "x", True, [], [1], {}, 1 << 70, [1, 2, 3, 4], [[1, 2, 3, 4, 5, 6]]])
KEYS = st.sampled_from(
    ["id", "image_id", "category_id", "bbox", "area", "segmentation", "iscrowd", "ignore", "difficult", "score"]
)
RECORDS = st.lists(st.tuples(KEYS, ODD), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_columns_are_those_of_reading_one_by_one(changes):
    items = []
    for at, changed in enumerate(changes):
        item = {"id": at, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 3, 4, 5, 6]]}
        items.append(item | dict(changed))
    quick, slow = Columns("f", Told()), Columns("f", Told())
    quick.take(items)
    slow._one_by_one(items)
    for name in ("ids", "at", "boxes", "flags", "areas"):
        both = [[row for part in getattr(one, name) for row in part.tolist()] for one in (quick, slow)]
        assert repr(both[0]) == repr(both[1]), name
    for name in ("segmentations", "extras"):
        texts = [getattr(one, name).names() for one in (quick, slow)]
        both = [[json.loads(names[i] or "0") for i in range(len(names))] for names in texts]
        assert both[0] == both[1], name
    assert quick.faults == slow.faults and quick.keys == slow.keys
    assert [list(part) for part in quick.images] == [list(part) for part in slow.images]


def test_an_image_with_a_fault_is_unpacked_and_the_others_are_not(make_coco, monkeypatch):
    """What comes out is the same whether images are unpacked or not."""
    own = clean_document()
    own["annotations"].append({"id": 8, "image_id": 0, "category_id": 2, "bbox": [50, 40, 30, 20.5], "area": 9})
    own["annotations"].append({"id": 9, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 1})
    root = make_coco(own)
    mixed = read(root)
    monkeypatch.setattr(module.Columns, "_quickly", lambda *_: 1 / 0)
    monkeypatch.setattr(module, "UNUSUAL", ZeroDivisionError)
    alone = read(root)
    for i in range(2):
        assert mixed.objects[i] == alone.objects[i]
    assert mixed.repairs == alone.repairs and len(mixed.repairs) == 1
    assert mixed.fingerprint() == alone.fingerprint()
