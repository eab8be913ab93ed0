import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tests.annotated import ONE, RED_BLUE, TWO, said

from foveal.data.catalog.class_maps import read_mask
from foveal.data.formats.mask_folder.known import CAMVID
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE


def test_a_code_outside_the_classes(make_masks):
    root = make_masks({"a": TWO, "b": [[0, 1, 1, 7], [7, 7, 1, 0]]})
    with pytest.raises(CategoryError) as caught:
        read(root, classes="road, tree")
    assert said(caught) == (
        f"{root}/masks/b.png: the pixel value 7 is not a class (3 pixels, the first at x 3, y 0).\n"
        "Classes: 0 road, 1 tree. Name it with --classes, or ignore it with --ignore 7 (in training"
        " --data.classes, --data.ignore)."
    )
    catalog = read(root, classes="road, tree", ignore=[7])
    assert catalog.categories == Categories(("road", "tree"), (0, 1), (7,))
    assert read_mask(catalog, 1).tolist() == [[0, 1, 1, IGNORE], [IGNORE, IGNORE, 1, 0]]


def test_255_is_ignored_and_noted(make_masks):
    root = make_masks({"a": [[0, 255, 3, 3]]})
    catalog = read(root)
    assert catalog.categories == Categories(("0", "3"), (0, 3), (255,))
    assert catalog.notes[-1] == (
        "The pixel value 255 is ignored by convention; --classes (in training --data.classes) can name it."
    )
    assert read_mask(catalog, 0).tolist() == [[0, IGNORE, 1, 1]]


def test_black_and_white_masks_have_two_classes(make_masks):
    root = make_masks({"a": [[0, 255, 0, 0]]})
    assert read(root).categories == Categories(("0", "255"), (0, 255))
    catalog = read(root, classes="ground,road")
    assert catalog.categories == Categories(("ground", "road"), (0, 255))
    assert read_mask(catalog, 0).tolist() == [[0, 1, 0, 0]]


def test_one_bit_masks(make_masks):
    root = make_masks({"a": TWO})
    Image.fromarray(np.array(TWO, bool)).save(root / "masks" / "a.png")
    assert read_mask(read(root), 0).tolist() == TWO


def gray_png(values, bits):
    """A gray PNG written by hand; Pillow writes none of 2 or 4 bits."""
    rows = []
    for row in values:
        packed = 0
        for value in row:
            packed = packed << bits | value
        rows.append(b"\0" + packed.to_bytes(len(row) * bits // 8, "big"))
    header = struct.pack(">IIBBBBB", len(values[0]), len(values), bits, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_gray_of_any_depth(make_masks, bits):
    top = min(2**bits - 1, 1000)
    values = [[0, top, 1, 0, 1, top, 0, 1], [1, 1, 1, 1, 0, 0, 0, top]]
    root = make_masks({"a": values})
    (root / "masks" / "a.png").write_bytes(gray_png(values, bits))
    catalog = read(root, ignore=[9])
    expected = sorted({0, 1, top} - {255})
    assert catalog.categories.source_ids == tuple(expected)
    ids = {value: k for k, value in enumerate(expected)}
    assert read_mask(catalog, 0).tolist() == [[ids.get(v, IGNORE) for v in row] for row in values]


def test_palettes_give_codes_and_colours(make_masks):
    palette = [(0, 0, 0), (10, 20, 30), (40, 50, 60)]
    catalog = read(make_masks({"a": [[0, 2, 2, 1]]}, palette=palette))
    assert catalog.categories == Categories(("0", "1", "2"), (0, 1, 2), colors=tuple(palette))
    assert read_mask(catalog, 0).tolist() == [[0, 2, 2, 1]]


def test_palettes_that_differ(make_masks):
    root = make_masks({"a": TWO}, palette=[(0, 0, 0), (255, 0, 0)])
    make_masks({"b": TWO}, palette=[(0, 0, 0), (0, 255, 0)])
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: the palettes differ: 1 is #ff0000 in masks/a.png and #00ff00 in masks/b.png.\n"
        "Save all masks with one palette, or as RGB with a class table."
    )


def test_colours_in_a_palette_may_name_its_entries(make_masks):
    root = make_masks({"a": [[1, 2, 2, 1]]}, palette=[(0, 0, 0), (0, 0, 255), (255, 0, 0)])
    (root / "label_colors.txt").write_text("255 0 0 fire\n0 0 255 sea\n0 255 0 wood\n")
    catalog = read(root)
    assert catalog.categories == Categories(
        ("fire", "sea", "wood"), (2, 1, 3), colors=((255, 0, 0), (0, 0, 255), (0, 255, 0))
    )
    assert read_mask(catalog, 0).tolist() == [[1, 0, 0, 1]]


def test_a_class_that_no_mask_has_keeps_its_place(make_masks):
    root = make_masks({"a": [[0, 2, 2, 0]]}, palette=[(0, 0, 255), (9, 9, 9), (255, 0, 0)])
    (root / "label_colors.txt").write_text("0 0 255 sea\n0 255 0 wood\n255 0 0 fire\n")
    assert read(root).categories.source_ids == (0, 1, 2)


def test_colours_need_a_table(make_masks):
    root = make_masks({"a": RED_BLUE})
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: the masks are RGB with 2 colours but without class names.\n"
        "Give a table of classes, --classes FILE (in training --data.classes): lines such as `128 64 128 road`, or"
        " CSV with the columns name,r,g,b; a classes.csv in the data set is found by itself."
    )
    with pytest.raises(DataError, match=r"the masks are RGB, and data.classes has no colour for 'sea'"):
        read(root, classes="sea,fire")


@pytest.mark.parametrize("channels", [3, 4])
def test_gray_in_three_equal_channels_is_gray(make_masks, channels):
    white = 255 * np.array(TWO)
    pixels = np.dstack([white, white, white, np.full_like(white, 255)])[..., :channels]
    root = make_masks({"a": pixels})
    catalog = read(root)
    assert catalog.categories == Categories(("0", "255"), (0, 0xFFFFFF))
    assert catalog.notes[0] == "The masks are saved as RGB with three equal channels, and are read as gray."
    assert read_mask(catalog, 0).tolist() == TWO
    assert read(root, classes="ground,road").categories == Categories(("ground", "road"), (0, 0xFFFFFF))
    plain = read(make_masks({"a": white}, root=root.parent / "plain"))
    assert read(root, categories=plain.categories).categories == catalog.categories, "a model of gray masks"
    again = read(plain.root, categories=catalog.categories)
    assert read_mask(again, 0).tolist() == TWO, "a model of RGB masks"
    assert read(root, categories=catalog.categories).categories == catalog.categories
    make_masks({"b": np.dstack([2 * np.array(TWO), 0 * white, 0 * white])}, root=root)
    with pytest.raises(DataError, match="the masks are RGB with 3 colours but without class names"):
        read(root)
    (root / "classes.csv").write_text("name,r,g,b\nnight,0,0,0\nday,255,255,255\ndusk,2,0,0\n")
    assert read_mask(read(root), 0).tolist() == TWO


def test_a_mask_in_the_alpha_channel_is_told(make_masks):
    black = 0 * np.array(TWO)
    root = make_masks({"a": np.dstack([black, black, black, 255 * np.array(TWO)])})
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: all pixels of the masks are black; the alpha channel varies, as in masks/a.png.\n"
        "Masks are not read from alpha channels: save that channel as a gray PNG."
    )


def test_16_bit_masks(make_masks):
    root = make_masks({"a": [[0, 0, 1000, 1000]]})
    assert read_mask(read(root), 0).tolist() == [[0, 0, 1, 1]]
    many = np.arange(400).reshape(20, 20).repeat(4, 1)
    with pytest.raises(DataError, match=r"has 399 classes; masks may have at most \d+\."):
        read(make_masks({"a": many}, root=root.parent / "many"))


def test_a_table_of_colours(make_masks):
    root = make_masks({"a": RED_BLUE})
    (root / "class_dict.csv").write_text("name,r,g,b\nsea,0,0,255\nfire,255,0,0\nVoid,0,0,0\n")
    catalog = read(root)
    assert catalog.categories == Categories(
        ("sea", "fire"), (0x0000FF, 0xFF0000), (0,), colors=((0, 0, 255), (255, 0, 0))
    )
    assert read_mask(catalog, 0).tolist() == [[1, 1], [0, 0]]
    assert catalog.notes == ("Ignored because of the name: 'Void' (#000000 (0)).",)
    (root / "class_dict.csv").write_text("name,r,g,b\nsea,0,0,255\nsky,0,255,255\n")
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}/masks/a.png: the pixel value #ff0000 (16711680) is not a class (2 pixels, the first at x 0, y 0).\n"
        "Classes: #0000ff (255) sea, #00ffff (65535) sky. Name it with --classes, or ignore it with --ignore"
        " 16711680 (in training --data.classes, --data.ignore)."
    )


def test_gray_and_colour_do_not_go_together(make_masks):
    root = make_masks({"a": RED_BLUE})
    make_masks({"b": TWO})
    with pytest.raises(DataError, match=r"masks/a.png is an RGB mask, masks/b.png a gray or palette mask"):
        read(root)


@pytest.mark.parametrize("name", ["void", "Unlabelled", "unlabeled", "__ignore__"])
def test_names_of_no_class(make_masks, name):
    root = make_masks({"a": [[0, 1, 2, 2]]})
    (root / "classes.txt").write_text(f"road\n{name}\ntree\n")
    catalog = read(root)
    assert catalog.categories == Categories(("road", "tree"), (0, 2), (1,))
    assert catalog.notes == (f"Ignored because of the name: {name!r} (1).",)
    assert read_mask(catalog, 0).tolist() == [[0, IGNORE, 1, 1]]


def test_classes_that_no_training_mask_has_are_noted(make_masks):
    root = make_masks({"1": TWO}, images="train/{}.jpg", mask="trainannot/{}.png")
    make_masks({"2": [[2, 2, 2, 2], [0, 0, 0, 0]]}, images="val/{}.jpg", mask="valannot/{}.png")
    assert read(root, classes="a,b,c,d").notes == ("No training mask has these classes: c, d.",)


def test_one_class_is_not_enough(make_masks):
    root = make_masks({"a": ONE})
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root} has only one class, '1'; segmentation needs at least two.\nPixel values in the masks: 1."
    )
    with pytest.raises(DataError, match=r"data.classes has only one class, 'road'"):
        read(make_masks({"a": TWO}), classes="void,road")


def test_too_many_classes(make_masks):
    with pytest.raises(DataError, match="has 256 classes; masks may have at most 255"):
        read(make_masks({"a": np.arange(1000, 1256).reshape(16, 16)}), format="mask_folder")
    values = np.arange(1000, 1255).reshape(15, 17)
    catalog = read(make_masks({"a": values}), format="mask_folder")
    assert (read_mask(catalog, 0) == values - 1000).all()


@pytest.mark.parametrize("prefix", ["0001TP_", "Seq05VD_"])
def test_camvid_is_known_by_its_content(make_masks, prefix):
    catalog = read(make_masks({f"{prefix}1": [[0, 3, 11, 10]]}, images="train/{}.png", mask="trainannot/{}.png"))
    assert catalog.categories == Categories(CAMVID.names, tuple(range(11)), (11,))
    assert catalog.notes[0] == (
        "Recognised as CamVid: its 11 class names are used, and 11 is ignored. Use --classes (in"
        " training --data.classes) to change this."
    )
    assert read_mask(catalog, 0).tolist() == [[0, 3, IGNORE, 10]]


def test_what_is_not_camvid(make_masks, tmp_path):
    assert read(make_masks({"0001TP_1": [[0, 12]]})).categories.names == ("0", "12"), "a value that it does not have"
    root = make_masks({"0001TP_1": [[0, 1]], "mine": [[0, 1]]}, root=tmp_path / "other")
    assert read(root).categories.names == ("0", "1"), "a name that it does not have"
    assert read(root, classes="x,y").categories.names == ("x", "y")


MODEL = Categories(("tree", "road", "sky"), (5, 0, 9), (7,))


def test_a_model_maps_codes_by_its_own(make_masks):
    root = make_masks({"a": [[0, 5, 7, 255]]})
    catalog = read(root, categories=MODEL)
    assert catalog.categories.names == MODEL.names and catalog.categories.source_ids == MODEL.source_ids
    assert read_mask(catalog, 0).tolist() == [[1, 0, IGNORE, IGNORE]]
    assert read(make_masks({"a": [[0, 5, 7, 7]]}), categories=MODEL).categories is MODEL
    with pytest.raises(CategoryError, match=r"the pixel value 1 is not a class \(2 pixels, the first at x 1, y 0\)"):
        read(make_masks({"a": [[0, 1, 1, 0]]}), categories=MODEL)


def test_a_model_s_names_are_enforced_where_there_are_names(make_masks):
    root = make_masks({"a": [[0, 1, 2, 2]]})
    (root / "classes.txt").write_text("sky\nroad\nvoid\nship\n")
    catalog = read(root, categories=MODEL)
    assert catalog.categories.names == MODEL.names
    assert read_mask(catalog, 0).tolist() == [[2, 1, IGNORE, IGNORE]]
    make_masks({"a": [[0, 1, 3, 3]]})
    with pytest.raises(CategoryError) as caught:
        read(root, categories=MODEL)
    assert said(caught) == f"{root}/classes.txt: unknown class 'ship'.\nKnown classes: tree, road, sky."


def test_a_model_that_gave_camvid_other_names_is_believed(make_masks):
    root = make_masks({"0001TP_1": [[0, 3, 11, 10]]})
    trained = read(root, classes="a,b,c,d,e,f,g,h,i,j,k", ignore=[11]).categories
    assert read(root, categories=trained).categories is trained
