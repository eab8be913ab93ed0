import unicodedata

import pytest

from foveal.data.catalog.catalog import SPLITS
from foveal.data.formats.read import read
from foveal.data.formats.table import reader as table
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories


@pytest.fixture
def write(tmp_path, make_image):
    """Write four images and a table of the given text beside them."""
    for i, name in enumerate("abcd"):
        make_image(tmp_path / f"{name}.png", i)

    def make(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def rows(catalog):
    return [(catalog.names[i], [catalog.categories.names[k] for k in catalog.labels[i]]) for i in range(len(catalog))]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(("path_title", "label_title"), [("path", "label"), ("Image", "Class"), ("filename", "target")])
def test_delimiters_and_titles(write, delimiter, path_title, label_title):
    lines = [(label_title, "note", path_title), ("y", "-", "b.png"), ("x", "-", "a.png")]
    catalog = read(write("\n".join(delimiter.join(line) for line in lines)))
    assert rows(catalog) == [("a.png", ["x"]), ("b.png", ["y"])]
    assert catalog.format == "table" and not catalog.multi_label


def test_byte_order_mark_blank_lines_and_quotes(write):
    text = '\ufeffpath,label\r\n\r\n"a.png","x, y"\r\nb.png,z\r\n'
    assert rows(read(write(text))) == [("a.png", ["x, y"]), ("b.png", ["z"])]


def test_several_labels_make_it_multi_label(write):
    catalog = read(write("path,labels\na.png,x|y\nb.png,\nc.png,y|y\n"))
    assert catalog.multi_label
    assert rows(catalog) == [("a.png", ["x", "y"]), ("b.png", []), ("c.png", ["y"])]


def test_split_column(write):
    catalog = read(write("path,label,split\na.png,x,train\nb.png,y,train\nc.png,x,valid\nd.png,y,TEST\n"))
    assert [SPLITS[s] for s in catalog.splits] == ["train", "train", "val", "test"]


def test_images_folder_and_windows_paths(write, make_image, tmp_path):
    make_image(tmp_path / "images" / "deep" / "e.png", 9)
    catalog = read(write("path,label\ndeep\\e.png,x\n./a.png,y\n"))
    assert [name for name, _ in rows(catalog)] == ["a.png", "images/deep/e.png"]
    assert all(path.is_file() for path in catalog.paths())


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_in_the_other_form_of_unicode(make_image, tmp_path, on_disk, in_table):
    names = [f"caf\u00e9_{i}.png" for i in range(2)]
    for name in names:
        make_image(tmp_path / unicodedata.normalize(on_disk, name))
    rows = "".join(
        f"{unicodedata.normalize(in_table, name)},{label}\n" for name, label in zip(names, "ab", strict=True)
    )
    (tmp_path / "t.csv").write_text("path,label\n" + rows, encoding="utf-8")
    catalog = read(tmp_path / "t.csv")
    assert [catalog.path(i).is_file() for i in range(2)] == [True, True]


def test_folder_that_holds_one_table_is_that_table(write, tmp_path):
    write("path,label\na.png,x\nb.png,y\n")
    assert read(tmp_path).format == "table"


def test_a_model_s_own_map(write):
    path = write("path,label\na.png,bee\n")
    assert read(path, categories=Categories(("ant", "bee"))).labels.values.tolist() == [1]
    with pytest.raises(CategoryError) as caught:
        read(path, categories=Categories(("ant", "wasp")))
    assert str(caught.value) == f"{path}, line 2: unknown class 'bee'.\nKnown classes: ant, wasp."


def test_repeated_rows_count_once_and_are_noted(write):
    catalog = read(write("path,label\nb.png,y\na.png,x\n./a.png,x\n"))
    assert len(catalog) == 2
    assert catalog.notes == (
        "1 line repeats an image with the same label; each image counts once.",
        "2 images in no row, left out: c.png, d.png.",
    )


def test_an_absolute_path_is_the_same_image(write, tmp_path):
    catalog = read(write(f"path,label\na.png,x\n{tmp_path / 'a.png'},x\n{tmp_path / 'b.png'},y\n"))
    assert rows(catalog) == [("a.png", ["x"]), ("b.png", ["y"])]
    with pytest.raises(DataError, match=r"'a\.png' is labelled 'y' here and 'x' in line 2"):
        read(write(f"path,label\na.png,x\n{tmp_path / 'a.png'},y\n"))


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "imgae,label\na.png,x\n",
            "{} has no column for paths (path, image, file, filename, file_name or filepath).",
            "Its columns: imgae, label. Did you mean 'image' by 'imgae'?",
        ),
        (
            "path,colour\na.png,x\n",
            "{} has no column for labels (label, labels, class, classes, category or target).",
            "Its columns: path, colour.",
        ),
        (
            "path,label\na.png,x\nz.png,y\n",
            "{}, line 3: no file 'z.png' in {dir}.",
            "Paths are relative to the table's folder, or to the folder 'images' in it.",
        ),
        (
            "path,label\na.png,x\nb.png,y\na.png,y\n",
            "{}, line 4: 'a.png' is labelled 'y' here and 'x' in line 2.",
            "Keep one line per image; several labels are joined with '|'.",
        ),
        ("path,label\na.png,x\n,y\n", "{}, line 3: the path is empty.", "Fill it in or remove the line."),
        (
            "path,label\na.png,x\nb.png,\n",
            "{}, line 3: the label is empty.",
            "Fill it in; several labels are joined with '|'.",
        ),
        (
            "path,label,split\na.png,x,trian\n",
            "{}, line 2: unknown split 'trian'.",
            "Use train, val or test, or leave it empty.",
        ),
        (
            "path,label\na.png\n",
            "{}, line 2: 1 fields under a header of 2.",
            "Write as many fields as the header has; quote fields that contain the delimiter.",
        ),
        (
            b"path,label\na.png,caf\xe9\n",
            "{}, line 2: byte 10 (0xe9) is not UTF-8 text.",
            "Save the table as UTF-8.",
        ),
        (
            "path,label\na.png,x\nb.png,x\n",
            "{} has only one class, 'x'; classification needs at least two.",
            "Add images of other classes.",
        ),
        ("path,label\n", "{} has a header but no rows.", "Add one row per image."),
        ("", "{} is empty.", "Write a header line with a path and a label column, then the rows."),
        (
            "path,label,split\na.png,x,train\nb.png,y,train\nc.png,z,val\n",
            "{}, line 4: the class 'z' has no training images.",
            "Classes of the training split: x, y.",
        ),
    ],
)
def test_bad_input_is_named(write, tmp_path, text, what, hint):
    path = write(text)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == f"{what.replace('{}', str(path)).replace('{dir}', str(tmp_path))}\n{hint}"


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.doc").write_text("x")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "x.doc")
    assert str(caught.value) == (
        f"{tmp_path}/x.doc is not a data set.\n"
        "Name a folder, a table (.csv or .tsv), a COCO .json or a YOLO .yaml file."
    )


def test_order_is_by_path_whatever_the_rows(write, tmp_path):
    names = [f"{'x' * (1 + i % 23)}/{i:04d}.png" for i in range(500)]
    lines = [f"{name},{'pq'[i % 2]}" for i, name in enumerate(names)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    forward = table.read(write("path,label\n" + "\n".join(lines)))
    backward = table.read(write("path,label\n" + "\n".join(reversed(lines))))
    expected = sorted(names)
    assert [forward.names[i] for i in range(500)] == expected
    assert rows(forward) == rows(backward)


@pytest.mark.parametrize(
    ("titles", "seen"),
    [("emotion,pixels,Usage", "pixels"), (",".join(["label", *(f"pixel{at}" for at in range(64))]), "pixel0, ")],
)
def test_pixels_in_a_table_are_refused(tmp_path, titles, seen):
    (tmp_path / "mnist.csv").write_text(f"{titles}\n{','.join('0' for _ in titles.split(','))}\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.what.startswith(f"{tmp_path}/mnist.csv holds the pixels of images as numbers ({seen}")
    assert len(str(caught.value)) < 400


def test_an_example_of_what_to_hand_in_is_no_table(tmp_path, make_image):
    for at, name in enumerate(("train/cat.0.jpg", "train/dog.0.jpg", "test/1.jpg")):
        make_image(tmp_path / name, at)
    (tmp_path / "sample_submission.csv").write_text("id,label\n1,0.5\n")
    with pytest.raises(DataError, match="test, train look like splits and hold images without class folders"):
        read(tmp_path)
