import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag

SIZE = (40, 20)
HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"
OPEN = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
    "{},xclick,/m/0k4j,1,0.1,0.5,0.2,0.6,0,1,{},0,0\n"
)


@pytest.fixture
def lay(tmp_path, make_image):
    """Images of 40 x 20 pixels, and files of the given text."""

    def make(images, files):
        root = tmp_path / "set"
        for seed, name in enumerate(images):
            make_image(root / name, seed, SIZE)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return root

    return make


def boxes(catalog):
    """{name: [(class, box)]}."""
    objects, names = catalog.objects, catalog.categories.names
    out = {}
    for i in range(len(catalog)):
        own = slice(objects.offsets[i], objects.offsets[i + 1])
        pairs = zip(objects.labels[own], objects.boxes[own].round(6).tolist(), strict=True)
        out[catalog.names[i]] = [(names[label], tuple(box)) for label, box in pairs]
    return out


def splits(catalog):
    return [SPLITS[code] if code != UNASSIGNED else "" for code in catalog.splits]


def test_a_table_per_split_as_roboflow_and_tensorflow_write_it(lay):
    folders = ("train", "valid", "test")
    rows = f"{HEADER}\na.jpg,40,20,bolt,5,6,20,18\na.jpg,40,20,nut,0,0,4,4\n"
    root = lay([f"{folder}/a.jpg" for folder in folders], {f"{folder}/_annotations.csv": rows for folder in folders})
    catalog = read(root)
    assert catalog.format == "box_table" and catalog.annotation == "boxes" and catalog.notes == ()
    assert dict(zip(boxes(catalog), splits(catalog), strict=True)) == {
        "train/a.jpg": "train",
        "valid/a.jpg": "val",
        "test/a.jpg": "test",
    }
    assert boxes(catalog)["valid/a.jpg"] == [("bolt", (5, 6, 20, 18)), ("nut", (0, 0, 4, 4))]
    assert catalog.why == (
        "train/_annotations.csv, valid/_annotations.csv, test/_annotations.csv have columns of paths, boxes and"
        " classes, for train, val, test"
    )


def test_a_table_of_boxes_is_no_table_of_labels(lay):
    rows = f"{HEADER}\nIMG_0.JPG,40,20,queen,5,6,20,18\nIMG_0.JPG,40,20,nine,1,1,9,9\n"
    root = lay(["images/IMG_0.JPG"], {"train_labels.csv": rows})
    for path in (root, root / "train_labels.csv"):
        assert boxes(read(path))["images/IMG_0.JPG"] == [("queen", (5, 6, 20, 18)), ("nine", (1, 1, 9, 9))]
    with pytest.raises(DataError, match="has no labels: it is a table of boxes"):
        read(root, annotations=("labels",))


def test_retinanet_has_no_header(lay):
    root = lay(
        ["a.jpg", "b.jpg"], {"annotations.csv": "a.jpg,1,2,10,12,dog\nb.jpg,,,,,\n", "classes.csv": "cat,0\ndog,1\n"}
    )
    catalog = read(root)
    assert boxes(catalog) == {"a.jpg": [("dog", (1, 2, 10, 12))], "b.jpg": []}
    assert catalog.categories.names == ("cat", "dog")
    assert catalog.notes == ("Classes are named by classes.csv.",)


def test_open_images(lay):
    root = lay(
        ["train/a.jpg", "validation/a.jpg"],
        {
            "train-annotations-bbox.csv": OPEN.format("a", 0),
            "validation-annotations-bbox.csv": OPEN.format("a", 1),
            "class-descriptions-boxable.csv": "/m/0k4j,Car\n",
        },
    )
    catalog = read(root)
    assert boxes(catalog)["train/a.jpg"] == [("Car", (4, 4, 20, 12))]
    assert splits(catalog) == ["train", "val"]
    assert catalog.objects.flags.tolist() == [Flag.TRUNCATED, Flag.TRUNCATED | Flag.CROWD]
    assert catalog.notes == (
        "Columns not read: Source, Confidence, IsOccluded, IsDepiction, IsInside.",
        "Classes are named by class-descriptions-boxable.csv.",
        "2 images were found under another spelling: 2 by a missing suffix (such as 'a' for train/a.jpg).",
    )


def test_open_images_as_fiftyone_writes_it(lay):
    root = lay(
        ["train/data/a.jpg", "test/data/b.jpg"],
        {
            "train/labels/detections.csv": OPEN.format("a", 0),
            "test/labels/detections.csv": OPEN.format("b", 0),
            "train/metadata/classes.csv": "/m/0k4j,Car\n",
        },
    )
    catalog = read(root)
    assert catalog.categories.names == ("Car",) and sorted(splits(catalog)) == ["test", "train"]


@pytest.mark.parametrize(
    ("header", "row", "box"),
    [
        ("image,x1,y1,x2,y2,label", "a.jpg,1,2,10,12,cat", (1, 2, 10, 12)),
        ("image_id,x,y,width,height,label", "a,1,2,10,12,cat", (1, 2, 11, 14)),
        ("image,x,y,w,h,width,height,class", "a.jpg,1,2,10,12,40,20,cat", (1, 2, 11, 14)),
        ("image,x_center,y_center,width,height,class", "a.jpg,0.5,0.5,0.2,0.4,cat", (16, 6, 24, 14)),
        ("path,xmin,ymin,xmax,ymax,class", "a.jpg,0.1,0.2,0.5,1.0,cat", (4, 4, 20, 20)),
    ],
)
def test_other_ways_to_write_a_box(lay, header, row, box):
    catalog = read(lay(["a.jpg"], {"t.csv": f"{header}\n{row}\n"}))
    assert boxes(catalog) == {"a.jpg": [("cat", box)]}
    fractions = "No coordinate exceeds 1: boxes are read as fractions of the images' sides."
    assert (fractions in catalog.notes) == ("0.2" in row)


def test_a_split_column(lay):
    rows = "filename,xmin,ymin,xmax,ymax,class,set\na.jpg,1,2,3,4,x,train\nb.jpg,1,2,3,4,x,valid\n"
    assert splits(read(lay(["a.jpg", "b.jpg"], {"t.csv": rows}))) == ["train", "val"]


def test_folders_in_paths_are_splits(lay):
    rows = "filename,xmin,ymin,xmax,ymax,class\ntrain/a.jpg,1,2,3,4,x\ntest/b.jpg,1,2,3,4,x\n"
    assert splits(read(lay(["train/a.jpg", "test/b.jpg"], {"t.csv": rows}))) == ["test", "train"]


def test_faults_are_told(lay):
    rows = [
        "a.jpg,40,20,x,1,2,3,4",
        "a.jpg,40,20,x,one,2,3,4",
        "a.jpg,40,20,,1,2,3,4",
        "a.jpg,40,20,x,1,2,60,4",
        "b.jpg,40,20,x,1,2,3,4",
        ",40,20,x,1,2,3,4",
    ]
    catalog = read(lay(["a.jpg", "c.jpg"], {"t.csv": "\n".join([HEADER, *rows])}))
    assert {(r.path, r.where, r.kind, r.action) for r in catalog.repairs} == {
        ("", "t.csv, line 7", "malformed", "dropped"),
        ("a.jpg", "t.csv, line 3", "malformed", "dropped"),
        ("a.jpg", "t.csv, line 4", "unknown_class", "dropped"),
        ("a.jpg", "t.csv, line 5", "outside", "clipped"),
        ("b.jpg", "t.csv, line 6", "missing", "dropped"),
        ("c.jpg", "t.csv", "unlisted", "left out"),
    }


@pytest.mark.parametrize("written", ["x" * 5000, "a\0.jpg", "../../nowhere.jpg"])
def test_what_is_no_path_costs_its_row(lay, written):
    catalog = read(lay(["a.jpg"], {"t.csv": f"{HEADER}\na.jpg,40,20,x,1,2,3,4\n{written},40,20,x,1,2,3,4\n"}))
    assert len(catalog) == 1 and [r.kind for r in catalog.repairs] in (["missing"], ["malformed"])


@pytest.mark.parametrize(
    ("row", "first"),
    [
        ("a.jpg,40,20,x,a,b,c,d", " The first: a.jpg the box a, b, c, d is not four numbers."),
        ("a.jpg,40,20,x,,,,", ""),
    ],
)
def test_no_usable_row_is_an_error(lay, row, first):
    root = lay(["a.jpg"], {"t.csv": f"{HEADER}\n{row}\n"})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}/t.csv: no row has a usable box.{first}"


def test_nothing_left_is_an_error(lay):
    with pytest.raises(DataError, match=r"not one object is left: 1 of 1 dropped .*nan, 2, 3, 4 has .*\(t.csv, line 2"):
        read(lay(["a.jpg"], {"t.csv": f"{HEADER}\na.jpg,40,20,x,nan,2,3,4\n"}))


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("xmin,ymin,xmax,ymax,class", "none of paths (filename, image, path, file_name or image_id)."),
        ("filename,xmin,ymin,xmax,ymax", "none of classes (class, label, category or LabelName)."),
    ],
)
def test_a_column_that_is_missing_is_named(lay, header, what):
    root = lay(["a.jpg"], {"t.csv": f"{header}\n"})
    with pytest.raises(DataError) as caught:
        read(root / "t.csv")
    assert caught.value.what == f"{root}/t.csv has columns of boxes, but {what}"


def test_masks_in_a_table_are_refused(lay):
    root = lay(["a.jpg"], {"train.csv": "ImageId,ClassId,EncodedPixels\na.jpg,1,1 3 10 5\n"})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/train.csv: column 'EncodedPixels' holds masks, which are not read from tables.\n"
        "Convert them to COCO, whose segmentations are polygons or RLE, or to files of masks."
    )


def test_a_model_s_own_map(lay):
    root = lay(["a.jpg"], {"t.csv": f"{HEADER}\na.jpg,40,20,cat,1,2,3,4\n"})
    assert read(root, categories=Categories(("ant", "cat"))).objects.labels.tolist() == [1]
    with pytest.raises(CategoryError) as caught:
        read(root, categories=Categories(("ant", "bee")))
    assert str(caught.value).startswith(f"{root}/t.csv, line 2: unknown class 'cat'.")


def test_images_where_the_user_says(lay):
    root = lay(["p/a.jpg", "q/a.jpg"], {"ann/t.csv": f"{HEADER}\na.jpg,40,20,cat,1,2,3,4\n"})
    assert [*boxes(read(root, images="q", labels="ann/t.csv"))] == ["q/a.jpg"]


AUTOML = [
    "TRAIN,gs://bucket/x/a.jpg,cat,0.25,0.5,,,0.75,1.0,,",
    "TRAIN,gs://bucket/x/a.jpg,dog,0.0,0.0,0.5,0.0,0.5,0.25,0.0,0.25",
    "VALIDATION,gs://bucket/x/b.jpg,cat,0.5,0.5,,,0.75,0.75,,",
    "UNASSIGNED,gs://bucket/x/c.jpg,,,,,,,,,",
]


@pytest.mark.parametrize("with_sets", [True, False])
def test_automl(tmp_path, draw, with_sets):
    for at, name in enumerate("abc"):
        draw(tmp_path / f"set/images/{name}.jpg", at)
    lines = AUTOML if with_sets else [line.partition(",")[2] for line in AUTOML]
    (tmp_path / "set/import.csv").write_text("\n".join(lines))
    catalog = read(tmp_path / "set")
    names = catalog.categories.names
    found = [[(names[o.label], o.box) for o in catalog.objects[at]] for at in range(3)]
    assert found == [[("cat", (16, 24, 48, 48)), ("dog", (0, 0, 32, 12))], [("cat", (32, 24, 48, 36))], []]
    assert catalog.splits.tolist() == ([0, 1, UNASSIGNED] if with_sets else [UNASSIGNED] * 3)
    assert not any("not read" in note for note in catalog.notes)
    assert any("found under another spelling: 4 by the path in a URL" in note for note in catalog.notes)


def test_automl_without_the_images(tmp_path, draw):
    draw(tmp_path / "set/images/z.jpg", 1)
    (tmp_path / "set/import.csv").write_text("\n".join(AUTOML))
    with pytest.raises(DataError, match=r"The first: gs://bucket/x/a\.jpg is listed but does not exist\."):
        read(tmp_path / "set")


def test_automl_s_labels(tmp_path, draw):
    for at, name in enumerate("abc"):
        draw(tmp_path / f"set/images/{name}.jpg", at)
    (tmp_path / "set/import.csv").write_text(
        "TRAIN,gs://x/a.jpg,cat\nTEST,gs://x/b.jpg,dog\nUNASSIGNED,gs://x/c.jpg,dog\n"
    )
    catalog = read(tmp_path / "set")
    assert catalog.splits.tolist() == [0, 2, UNASSIGNED]
    assert [catalog.labels[at].tolist() for at in range(3)] == [[0], [1], [1]]
