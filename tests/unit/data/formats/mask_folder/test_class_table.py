import pytest

from foveal.data.formats.mask_folder.class_table import NamedClass, color_of, read_classes, read_file
from foveal.errors import CategoryError, DataError

ROAD, TREE = (128, 64, 128), (0, 128, 0)


def test_names_with_commas_between(tmp_path):
    table = read_classes("road, big tree", tmp_path)
    assert table.title == "data.classes" and table.rows == (NamedClass("road"), NamedClass("big tree"))


FILES = {
    "names": ("classes.txt", "road\n\nbig tree\n", [("road", None, None), ("big tree", None, None)]),
    "numbers are names": ("c.txt", "0\n1\n", [("0", None, None), ("1", None, None)]),
    "ids": ("c.txt", "7 road\n0 big tree\n", [("road", 7, None), ("big tree", 0, None)]),
    "ids with colons": ("c.txt", "7: road\n0: big tree\n", [("road", 7, None), ("big tree", 0, None)]),
    "one line without an id": ("c.txt", "7 dwarfs\nsnow\n", [("7 dwarfs", None, None), ("snow", None, None)]),
    "camvid": ("c.txt", "128 64 128\tRoad\n0 128 0\tBig Tree\n", [("Road", None, ROAD), ("Big Tree", None, TREE)]),
    "names first": (
        "c.txt",
        "Road 128 64 128\nBig Tree, 0,128,0",
        [("Road", None, ROAD), ("Big Tree", None, TREE)],
    ),
    "cvat": (
        "labelmap.txt",
        "# label:color_rgb:parts:actions\nroad:128,64,128::\nbig tree:0,128,0::\n",
        [("road", None, ROAD), ("big tree", None, TREE)],
    ),
    "byte-order mark": ("c.txt", "\ufeffroad\ntree\n", [("road", None, None), ("tree", None, None)]),
    "csv": ("c.csv", "name,r,g,b\nroad, 128, 64, 128\n\n", [("road", None, ROAD)]),
    "csv with ids": ("c.csv", "ID;Name;color\n3;road;#804080\n4;tree;\n", [("road", 3, ROAD), ("tree", 4, None)]),
    "tsv": ("c.tsv", "class\tred\tgreen\tblue\nroad\t128\t64\t128\n", [("road", None, ROAD)]),
    "toml list": ("c.toml", 'classes = ["road", "tree"]', [("road", None, None), ("tree", None, None)]),
    "toml tables": (
        "c.toml",
        '[[classes]]\nname = "road"\nid = 3\ncolor = "#804080"\n[[classes]]\nname = "tree"\nid = 1\ncolor = [0,128,0]',
        [("road", 3, ROAD), ("tree", 1, TREE)],
    ),
    "toml table": ("c.toml", "[classes]\nroad = 3\ntree = {id = 1}", [("road", 3, None), ("tree", 1, None)]),
}


@pytest.mark.parametrize("name", FILES)
def test_files(tmp_path, name):
    file, text, rows = FILES[name]
    (tmp_path / file).write_text(text, "utf-8")
    want = tuple(NamedClass(*row) for row in rows)
    assert read_file(tmp_path / file).rows == want
    assert read_classes(file, tmp_path).rows == want, "a file's name is looked up in the data set too"
    found = read_classes("", tmp_path)
    assert (found is not None) == (file in ("classes.txt", "labelmap.txt"))


FAULTS = {
    "no column": ("c.csv", "x,y\n1,2\n", DataError, "{} has no name column (name, class, class_name or label)."),
    "a field too few": ("c.csv", "name,id\nroad\n", DataError, "{}, line 2: 1 fields under a header of 2."),
    "no number": ("c.csv", "name,id\nroad,x\n", DataError, "{}, line 2: 'x' is not a whole number."),
    "no colour": ("c.csv", "name,color\nroad,pink\n", DataError, "{}, line 2: 'pink' is not a colour."),
    "colour too large": (
        "c.csv",
        "name,r,g,b\nroad,1,2,300\n",
        CategoryError,
        "{}: 'road' has the colour (1, 2, 300).",
    ),
    "no name": ("c.csv", "name,id\n,1\n", CategoryError, "{}: class 1 has no name."),
    "nothing": ("c.txt", "\n# nothing\n", CategoryError, "{}: no classes."),
    "some ids": (
        "c.toml",
        'classes = [{name="a", id=1}, {name="b"}]',
        CategoryError,
        "{}: 'b' has no id, but others do.",
    ),
    "no classes": ("c.toml", "x = 1", DataError, "{}: the list or table 'classes' is missing."),
    "no name in TOML": ("c.toml", "classes = [{id = 1}]", DataError, "{}: {{'id': 1}} is not a class."),
    "colour in TOML": ("c.toml", 'classes = [{name="a", color=[1]}]', DataError, "{}, 'a': [1] is not a colour."),
    "not like CVAT": ("c.txt", "a:1,2,3::\nb:::\n", DataError, "{}: 'b:::' is not name:r,g,b::."),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(tmp_path, name):
    file, text, kind, message = FAULTS[name]
    (tmp_path / file).write_text(text)
    with pytest.raises(kind) as caught:
        read_file(tmp_path / file)
    assert caught.value.what == message.format(tmp_path / file)


def test_files_that_are_not_there_or_no_text(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.txt: no such file"):
        read_classes("nowhere.txt", tmp_path)
    (tmp_path / "c.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="not UTF-8 text"):
        read_file(tmp_path / "c.txt")
    (tmp_path / "c.toml").write_text("classes = [")
    with pytest.raises(DataError, match="not TOML"):
        read_file(tmp_path / "c.toml")


@pytest.mark.parametrize("text", ["#804080", "804080", "0x804080", "128,64,128", "128 64 128", "[128, 64, 128]"])
def test_colours(text):
    assert color_of(text, "here") == ROAD
