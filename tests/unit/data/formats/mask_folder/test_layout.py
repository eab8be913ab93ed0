"""Layouts as tools and public data sets write them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.annotated import said

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.catalog.class_maps import read_mask
from foveal.data.formats.mask_folder.known import CITYSCAPES_NAMES
from foveal.data.formats.read import read
from foveal.errors import DataError

HALVES = np.kron([[0, 1], [1, 1]], np.ones((4, 4), np.uint8)).astype(np.uint8)


WORDS = {"training": "train", "validation": "val"}


def photo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)).save(path)


def mask(path: Path, pixels=HALVES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels)).save(path)


def build(root: Path, pairs, pixels=HALVES) -> Path:
    for seed, (image, of) in enumerate(pairs):
        photo(root / image, seed)
        mask(root / of, pixels)
    return root


def found(catalog):
    splits = [SPLITS[s] if s != UNASSIGNED else "" for s in catalog.splits]
    return [(catalog.names[i], catalog.masks[i], splits[i]) for i in range(len(catalog))]


def named(image: str, of: str, *splits: str):
    """Two pairs of each split; ``{split}`` and ``{stem}`` are filled in."""
    return [
        (image.format(split=split, stem=stem), of.format(split=split, stem=stem), WORDS.get(split, split))
        for split in splits or ("",)
        for stem in ("s3", "s7")
    ]


LAYOUTS = {
    "MMSegmentation": named("img_dir/{split}/{stem}.jpg", "ann_dir/{split}/{stem}.png", "train", "val"),
    "MMSegmentation with a suffix": named(
        "img_dir/{split}/{stem}.jpg", "ann_dir/{split}/{stem}_seg_map.png", "train", "val"
    ),
    "DeepGlobe": named("{split}/{stem}_sat.jpg", "{split}/{stem}_mask.png", "train"),
    "one folder": named("{stem}.jpg", "{stem}_mask.png"),
    "one folder with two words": named("{stem}_image.jpg", "{stem}_mask.png"),
    "one folder, mask_ in front": named("{stem}.jpg", "mask_{stem}.png"),
    "segmentation": named("images/{stem}.jpg", "masks/{stem}_segmentation.png"),
    "in front": named("images/{stem}.jpg", "masks/mask_{stem}.png"),
    "both": named("images/{stem}_image.jpg", "masks/{stem}_mask.png"),
    "numbers": [(f"images/img{k}.jpg", f"masks/mask{k}.png", "") for k in ("07", "11")],
    "an unknown word": named("images/{stem}.jpg", "masks/{stem} blah.png"),
    "nnU-Net": named("imagesTr/{stem}_0000.png", "labelsTr/{stem}.png", "train"),
    "ground_truth": named("images/{stem}.jpg", "ground_truth/{stem}.png"),
    "Ground Truth": named("images/{stem}.jpg", "Ground Truth/{stem}.png"),
    "annos": named("images/{stem}.jpg", "annos/{stem}.png"),
    "CamVid": named("{split}/{stem}.png", "{split}annot/{stem}.png", "train", "val"),
    "CamVid with a suffix": named("{split}/{stem}.png", "{split}_labels/{stem}_L.png", "train", "val"),
    "ADE20K": named("images/{split}/{stem}.jpg", "annotations/{split}/{stem}.png", "training", "validation"),
    "LoveDA": named("{split}/Urban/images_png/{stem}.png", "{split}/Urban/masks_png/{stem}.png", "train", "val"),
    "places": named("Rome/images/{stem}.png", "Rome/masks/{stem}.png"),
    "nested twice": named("images/images/{stem}.png", "masks/masks/{stem}.png"),
    "unknown names": named("a/{stem}.jpg", "b/{stem}.png"),
    "unknown names and a word": named("a/{stem}.jpg", "b/{stem}_segmentation.png"),
    "only the suffix differs": named("{stem}.jpg", "{stem}.png"),
    "only the suffix differs, in splits": named("{split}/{stem}.jpg", "{split}/{stem}.png", "train", "val"),
    "all masks in one folder": [
        (f"images/{split}/{split}.jpg", f"masks/{split}.png", split) for split in ("train", "val")
    ],
    "BUSI": named("benign/benign ({stem}).png", "benign/benign ({stem})_mask.png"),
    "ISIC": [
        (
            f"ISIC2018_Task1-2_{word}_Input/ISIC_{k}.jpg",
            f"ISIC2018_Task1_{word}_GroundTruth/ISIC_{k}_segmentation.png",
            s,
        )
        for word, s in (("Training", "train"), ("Validation", "val"))
        for k in ("0000", "0001")
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    rows = LAYOUTS[layout]
    catalog = read(build(tmp_path / "set", [row[:2] for row in rows]))
    assert (catalog.format, catalog.annotation) == ("mask_folder", "masks")
    assert found(catalog) == sorted(rows)
    assert read_mask(catalog, 0).tolist() == HALVES.tolist()
    assert catalog.why and not any(note.startswith("Not read") for note in catalog.notes), catalog.notes


def test_cityscapes(tmp_path):
    root = tmp_path / "set"
    ids = np.array([[0, 7, 8, 33], [3, 7, 7, 33]], np.uint8).repeat(4, 0).repeat(2, 1)
    for split, city in (("train", "bonn"), ("val", "ulm")):
        start = f"gtFine/{split}/{city}/{city}_0_gtFine"
        build(root, [(f"leftImg8bit/{split}/{city}/{city}_0_leftImg8bit.png", f"{start}_labelIds.png")], ids)
        mask(root / f"{start}_instanceIds.png", ids.astype(np.uint16) * 1000)
        mask(root / f"{start}_color.png", np.zeros((8, 8, 4), np.uint8))
        (root / f"{start}_polygons.json").write_text("{}")
    catalog = read(root)
    assert found(catalog) == [
        (
            f"leftImg8bit/{split}/{city}/{city}_0_leftImg8bit.png",
            f"gtFine/{split}/{city}/{city}_0_gtFine_labelIds.png",
            split,
        )
        for split, city in (("train", "bonn"), ("val", "ulm"))
    ]
    assert catalog.categories.names == CITYSCAPES_NAMES
    assert read_mask(catalog, 0)[::4, ::2].tolist() == [[255, 0, 1, 18], [255, 0, 0, 18]]
    assert catalog.notes[:4] == (
        "Not read: gtFine/train/bonn/bonn_0_gtFine_polygons.json, gtFine/val/ulm/ulm_0_gtFine_polygons.json.",
        "Images and masks are paired by names of the form X_leftImg8bit and X_gtFine_labelIds.",
        "The masks are those of labelIds; 4 files not read: gtFine/train/bonn/bonn_0_gtFine_color.png,"
        " gtFine/train/bonn/bonn_0_gtFine_instanceIds.png, gtFine/val/ulm/ulm_0_gtFine_color.png,"
        " gtFine/val/ulm/ulm_0_gtFine_instanceIds.png.",
        "Recognised as Cityscapes: its 19 class names are used, and 16 other pixel values are ignored. Use --classes"
        " (in training --data.classes) to change this.",
    )


def test_training_ids_of_cityscapes_are_preferred(tmp_path):
    image, of = "leftImg8bit/train/bonn/{}_leftImg8bit.png", "gtFine/train/bonn/{}_gtFine_{}.png"
    root = build(tmp_path / "set", [(image.format(k), of.format(k, "labelIds")) for k in "ab"], HALVES + 7)
    for k in "ab":
        mask(root / of.format(k, "labelTrainIds"), 255 * HALVES)
    catalog = read(root)
    assert found(catalog)[0][1] == "gtFine/train/bonn/a_gtFine_labelTrainIds.png"
    assert catalog.categories.ignore_ids == (255,) and len(catalog.categories) == 19


def test_oxford_pets(tmp_path):
    root = build(
        tmp_path / "set", [(f"images/cat_{k}.jpg", f"annotations/trimaps/cat_{k}.png") for k in "12"], HALVES + 1
    )
    (root / "annotations/trimaps/._cat_1.png").write_bytes(b"\0")
    (root / "annotations/xmls").mkdir()
    (root / "annotations/xmls/cat_1.xml").write_text("<annotation/>")
    (root / "annotations/list.txt").write_text("cat_1 1 1 1\n")
    catalog = read(root, annotations=("masks",))
    assert found(catalog)[0] == ("images/cat_1.jpg", "annotations/trimaps/cat_1.png", "")
    assert catalog.categories.names == ("1", "2")
    assert catalog.notes[0] == "Not read: annotations/list.txt, annotations/xmls."


def test_two_folders_of_masks_in_one_are_refused(tmp_path):
    root = build(tmp_path / "set", [("images/a.jpg", "annotations/x/a.png"), ("images/b.jpg", "annotations/y/b.png")])
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: annotations has 2 folders of images: annotations/x, annotations/y.\n"
        "Say which are the images and which their masks: --data.images and --data.labels."
    )


def test_masks_of_roboflow(tmp_path):
    root = build(tmp_path / "set", [(f"{s}/a_{s}.jpg", f"{s}/a_{s}_mask.png") for s in ("train", "valid")])
    for split in ("train", "valid"):
        (root / split / "_classes.csv").write_text("Pixel Value, Class\n0, background\n1, nut\n")
    catalog = read(root)
    assert found(catalog)[1] == ("valid/a_valid.jpg", "valid/a_valid_mask.png", "val")
    assert catalog.categories.names == ("background", "nut") and not catalog.notes
    (root / "valid" / "_classes.csv").write_text("Pixel Value, Class\n0, background\n1, bolt\n")
    with pytest.raises(DataError, match="have different classes"):
        read(root)


@pytest.mark.parametrize("labels", [{"ground": 0, "nut": 1}, {"0": "ground", "1": "nut"}])
def test_classes_of_nnunet(tmp_path, labels):
    root = build(
        tmp_path / "set", [("imagesTr/a_0000.png", "labelsTr/a.png"), ("imagesTr/b_0000.png", "labelsTr/b.png")]
    )
    photo(root / "imagesTs" / "c_0000.png")
    (root / "dataset.json").write_text(json.dumps({"labels": labels}))
    catalog = read(root)
    assert catalog.categories.names == ("ground", "nut")
    assert catalog.notes[0] == "The test split has no masks; imagesTs was left out."


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"labels": 3}', '{"labels": {"a": [1]}}', '{"labels": {"a": NaN}}']
)
def test_odd_dataset_json(tmp_path, content):
    root = build(tmp_path / "set", [("images/a.jpg", "masks/a.png")])
    (root / "dataset.json").write_text(content)
    with pytest.raises(DataError, match=r"dataset\.json: "):
        read(root)


def test_splits_without_masks_in_one_folder(tmp_path):
    root = build(tmp_path / "set", [(f"train/{k}_sat.jpg", f"train/{k}_mask.png") for k in (1, 2)])
    photo(root / "valid" / "3_sat.jpg")
    catalog = read(root)
    assert len(catalog) == 2 and catalog.notes[0] == "The val split has no masks; valid was left out."


SEVERAL = [("benign/b (1).png", "benign/b (1)_mask.png"), ("benign/b (2).png", "benign/b (2)_mask.png")]


def test_several_masks_of_an_image_are_united(tmp_path):
    root = build(tmp_path / "set", SEVERAL)
    first, second = np.array(HALVES), np.array(HALVES)[::-1].T
    mask(root / "benign" / "b (1)_mask_1.png", second)
    catalog = read(root)
    assert (read_mask(catalog, 0) == ((first | second) > 0)).all()
    assert (read_mask(catalog, 1) == (first > 0)).all()
    note = "1 image has several masks, such as benign/b (1)_mask.png, benign/b (1)_mask_1.png; read as their union."
    assert note in catalog.notes
    before = catalog.fingerprint()
    mask(root / "benign" / "b (1)_mask_1.png", first)
    assert read(root).fingerprint() != before


def test_several_masks_that_cannot_be_united(tmp_path):
    root = build(tmp_path / "set", SEVERAL)
    drawn = np.array(HALVES)
    drawn.flat[:2] = (1, 2)
    mask(root / "benign" / "b (1)_mask_1.png", drawn)
    what = r"b \(1\)_mask_1.png: is one of 2 masks of an image, and not of one class alone\."
    with pytest.raises(DataError, match=what):
        read(root)
    mask(root / "benign" / "b (1)_mask_1.png", drawn[:-1] * 0)
    with pytest.raises(DataError, match=r"b \(1\)_mask_1.png: is of another size or kind than b \(1\)_mask.png\."):
        read(root)
    (root / "benign" / "b (1)_mask_1.png").rename(root / "benign" / "b (1)_label.png")
    with pytest.raises(DataError, match=r"the image benign/b \(1\).png has 2 masks: .*_label.png, .*_mask.png\."):
        read(root)


def test_class_folders_with_masks_are_told(tmp_path):
    pairs = [(f"{c}/{c} ({k}).png", f"{c}/{c} ({k})_mask.png") for c in ("benign", "malignant") for k in (1, 2)]
    root = build(tmp_path / "set", pairs)
    assert read(root).notes[0] == (
        "The folders benign, malignant are not read as classes; --data.format image_folder does, without the masks."
    )
    catalog = read(root, format="image_folder")
    assert len(catalog) == 4 and catalog.categories.names == ("benign", "malignant")


def test_float_masks_are_refused_by_name(tmp_path):
    root = build(tmp_path / "set", [(f"images/s{k}.jpg", f"masks/s{k}.png") for k in range(2)])
    for k in range(2):
        (root / "masks" / f"s{k}.png").unlink()
        mask(root / "masks" / f"s{k}.tif", HALVES.astype(np.float32))
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}/masks/s0.tif: holds no class values (its mode is F) (and 1 more cannot be read).\n"
        "Save the mask as gray or palette PNG."
    )


def test_masks_without_an_image_help_to_see_what_is_wrong(tmp_path):
    root = build(tmp_path / "set", [("images/a.jpg", "masks/q.png"), ("images/b.jpg", "masks/b.png")])
    with pytest.raises(DataError, match=r"1 image has no mask: images/a.jpg. Masks without an image: masks/q.png."):
        read(root)


def test_folders_that_are_named(tmp_path):
    root = build(tmp_path / "set", [(f"x/train/{k}.jpg", f"y/{k}.png") for k in "ab"])
    for k in "ab":
        mask(root / "z" / f"{k}.png", 1 - HALVES)
    catalog = read(root, images="x/train", labels="z")
    assert [row[:2] for row in found(catalog)] == [("x/train/a.jpg", "z/a.png"), ("x/train/b.jpg", "z/b.png")]
    assert catalog.root == root
    elsewhere = read(root / "y", images=str(root / "x" / "train"), labels=str(root / "z"))
    assert [path.resolve() for path in elsewhere.paths()] == [path.resolve() for path in catalog.paths()]
    with pytest.raises(DataError) as caught:
        read(root, labels="z")
    assert said(caught) == (
        f"{root}: the masks are in z, and no folder is called like one of their images.\nName it with --data.images."
    )
    (root / "x").rename(root / "images")
    (root / "images" / "train" / "a.jpg").rename(root / "images" / "a.jpg")
    (root / "images" / "train" / "b.jpg").rename(root / "images" / "b.jpg")
    (root / "images" / "train").rmdir()
    assert found(read(root, labels="z"))[0] == ("images/a.jpg", "z/a.png", "")
    (root / "y").rename(root / "masks")
    assert found(read(root, images="images"))[0] == ("images/a.jpg", "masks/a.png", "")
    assert read(root).notes[0] == "Not read: z."


def test_names_of_another_case_or_unicode_form(tmp_path):
    pairs = [("images/A1.JPG", "masks/a1.png"), ("images/Z\u00fc.jpg", "masks/Zu\u0308_mask.png")]
    catalog = read(build(tmp_path / "set", pairs))
    assert [row[:2] for row in found(catalog)] == pairs
    assert catalog.notes[0] == "1 mask paired by a name of another case: masks/a1.png."


def test_a_stray_photo_among_masks_is_left_out(tmp_path):
    root = build(tmp_path / "set", [("images/a.jpg", "masks/a.png")])
    photo(root / "masks" / "b.jpg")
    (root / "images" / "a.json").write_text("{}")
    (root / "masks" / "empty").mkdir()
    assert read(root).notes[:2] == (
        "Not read: images/a.json.",
        "1 mask that belongs to no image, left out: masks/b.jpg.",
    )


def test_unknown_names_in_splits_are_masks_by_what_is_drawn(tmp_path):
    rows = named("{split}/x/{stem}.jpg", "{split}/y/{stem}.png", "train", "test")
    root = build(tmp_path / "set", [row[:2] for row in rows])
    assert found(read(root)) == sorted(rows)
    assert read(root, format="image_folder").categories.names == ("x", "y")


def test_names_that_do_not_tell_and_two_that_could_be_masks(tmp_path):
    root = build(tmp_path / "set", [(f"x/p{k}q.jpg", f"y/p{k}q.png") for k in "ab"])
    for k in "ab":
        mask(root / "z" / f"p{k}q.png")
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: x, y, z have images of the same names, as parts of one data set do.\n"
        "If one holds masks, say so with --data.images and --data.labels. If they are classes, say so:"
        " --data.format image_folder."
    )


def test_a_mask_that_cannot_be_read_is_named(tmp_path):
    root = build(tmp_path / "set", [(f"images/{k}.jpg", f"masks/{k}.png") for k in "ab"])
    (root / "masks" / "a.png").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"masks/a\.png: is not an image"):
        read(root)


@pytest.mark.parametrize(
    ("image", "of", "splits"),
    [
        ("Challenge/images/{split}/{stem}.jpg", "Challenge/annotations/{split}/{stem}.png", ("training", "validation")),
        ("drive/{split}/images/{stem}.png", "drive/{split}/1st_manual/{stem}_manual1.gif", ("training", "test")),
        ("{split}/images/{stem}.jpg", "{split}/v2.0/labels/{stem}.png", ("training", "validation")),
        ("{split}/{stem}.jpg", "stuffthingmaps/{split}/{stem}.png", ("train", "val")),
        ("{split}/{stem}.jpg", "annotations/stuff_{split}_pixelmaps/{stem}.png", ("train", "val")),
        ("{split}crop/{stem}.jpg", "{split}crop/{stem}.png", ("train", "val", "test")),
        ("{split}data/{split}data/{stem}.jpg", "{split}data/{split}data/{stem}_mask.png", ("train", "val", "test")),
    ],
)
def test_splits_are_found_wherever_their_names_are(tmp_path, image, of, splits):
    rows = named(image, of, *splits)
    assert found(read(build(tmp_path / "set", [row[:2] for row in rows]))) == sorted(rows)


def test_the_other_masks_are_told(tmp_path):
    rows = named("{split}/images/{stem}.png", "{split}/1st_manual/{stem}.png", "training", "test")
    root = build(tmp_path / "set", [row[:2] for row in rows])
    for image, *_ in rows:
        mask(root / image.replace("images", "mask"), np.ones((8, 8), np.uint8))
    catalog = read(root)
    assert found(catalog) == sorted(rows)
    assert "Not read: test/mask, training/mask." in catalog.notes


def test_a_class_table_beside_the_only_folder(tmp_path):
    rows = named("png/{split}/{stem}.png", "png/{split}_labels/{stem}.png", "train", "val")
    root = build(tmp_path / "set", [row[:2] for row in rows])
    (root / "label_class_dict.csv").write_text("name,id\nground,0\nroad,1\n", "utf-8")
    catalog = read(root)
    assert found(catalog) == sorted(rows) and catalog.categories.names == ("ground", "road")


def test_more_masks_of_pascal_voc(tmp_path):
    rows = [(f"JPEGImages/{stem}.jpg", f"SegmentationClassAug/{stem}.png", split) for stem, split in ("ax", "by")]
    root = build(tmp_path / "VOC2012", [row[:2] for row in rows])
    lists = root / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n", "utf-8")
    (lists / "val.txt").write_text("b\n", "utf-8")
    assert [row[::2] for row in found(read(root))] == [("JPEGImages/a.jpg", "train"), ("JPEGImages/b.jpg", "val")]


def test_images_beside_images_without_masks_are_left_out(tmp_path):
    rows = named("images/{stem}.jpg", "masks/{stem}_segmentation.png")
    root = build(tmp_path / "set", [row[:2] for row in rows])
    for stem in ("s3", "s7"):
        photo(root / f"images/{stem}_superpixels.png")
    catalog = read(root)
    assert found(catalog) == sorted(rows)
    assert any("called as another one with _superpixels behind it, left out" in note for note in catalog.notes)
