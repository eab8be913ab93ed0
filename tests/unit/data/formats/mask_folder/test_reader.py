import numpy as np
import pytest
from PIL import Image
from tests.annotated import ONE, TWO, said

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.catalog.class_maps import read_mask
from foveal.data.formats.mask_folder import reader as mask_folder
from foveal.data.formats.mask_folder.known import CAMVID, VOC, VOC_NAMES
from foveal.data.formats.read import read
from foveal.errors import DataError, ImageError
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE


def listing(catalog):
    """Image, mask and split."""
    splits = [SPLITS[s] if s != UNASSIGNED else "" for s in catalog.splits]
    return [(catalog.names[i], catalog.masks[i], splits[i]) for i in range(len(catalog))]


def test_images_and_masks_beside_each_other(make_masks):
    root = make_masks({"b": TWO, "a": ONE})
    catalog = read(root)
    assert listing(catalog) == [("images/a.jpg", "masks/a.png", ""), ("images/b.jpg", "masks/b.png", "")]
    assert (catalog.format, catalog.annotation, catalog.multi_label) == ("mask_folder", "masks", True)
    assert catalog.categories == Categories(("0", "1"), (0, 1))
    assert [catalog.labels[i].tolist() for i in range(2)] == [[1], [0, 1]], "the classes that occur"
    assert catalog.sizes.tolist() == [[4, 2], [4, 2]]
    assert read_mask(catalog, 1).tolist() == TWO
    assert catalog.notes == (
        "No names for 2 classes; each is named by its pixel value. Set names with --classes"
        " (in training --data.classes).",
    )


@pytest.mark.parametrize("folder", ["masks", "labels", "annotations", "SegmentationClass", "Mask", "gt"])
@pytest.mark.parametrize("suffix", ["", "_L", "_mask", "_label", "_labels", "_gt", "_seg", "_P"])
def test_names_of_folders_and_masks(make_masks, folder, suffix):
    root = make_masks({"x": TWO}, images="Images/{}.png", mask=f"{folder}/{{}}{suffix}.png")
    assert listing(read(root)) == [("Images/x.png", f"{folder}/x{suffix}.png", "")]


LAYOUTS = [
    ("images/{}", "masks/{}"),
    ("{}/images", "{}/masks"),
    ("{}", "{}annot"),
    ("{}", "{}_labels"),
    ("{}", "{}_masks"),
    ("{}_images", "{}_masks"),
]


@pytest.mark.parametrize(("images", "masks"), LAYOUTS)
@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_split_folders(make_masks, images, masks, val):
    for split in ("train", val, "test"):
        root = make_masks(
            {f"{split}1": TWO}, images=f"{images.format(split)}/{{}}.jpg", mask=f"{masks.format(split)}/{{}}.png"
        )
    found = {split: (image, mask) for image, mask, split in listing(read(root))}
    assert found == {
        name: (f"{images.format(split)}/{split}1.jpg", f"{masks.format(split)}/{split}1.png")
        for name, split in (("train", "train"), ("val", val), ("test", "test"))
    }


def test_deeper_folders_belong_together(make_masks):
    root = make_masks({"1": TWO}, images="images/bonn/{}.jpg", mask="masks/bonn/{}_gt.png")
    make_masks({"1": ONE}, images="images/ulm/{}.jpg", mask="masks/ulm/{}_gt.png")
    assert [row[1] for row in listing(read(root))] == ["masks/bonn/1_gt.png", "masks/ulm/1_gt.png"]


def test_an_image_that_is_called_like_a_mask(make_masks):
    root = make_masks({"a": TWO, "a_mask": ONE})
    assert [row[1] for row in listing(read(root))] == ["masks/a.png", "masks/a_mask.png"]


@pytest.mark.parametrize(("images", "masks"), LAYOUTS[:4])
def test_splits_that_disagree(make_masks, draw, images, masks):
    root = make_masks({"1": TWO}, images=f"{images.format('train')}/{{}}.jpg", mask=f"{masks.format('train')}/{{}}.png")
    draw(root / images.format("val") / "2.jpg")
    with pytest.raises(DataError) as caught:
        read(root)
    name = "val" if masks.startswith("{}/") else images.format("val")
    assert said(caught) == (
        f"{root}: the val split has images ({name}) but no masks.\nGive each split a folder of images and one of masks."
    )


def test_masks_of_a_split_without_images(make_masks):
    root = make_masks({"1": TWO}, images="train/{}.jpg", mask="trainannot/{}.png")
    make_masks({"1": TWO}, images="train/{}.jpg", mask="valannot/{}.png")
    with pytest.raises(DataError, match=r"the val split has masks \(valannot\) but no images"):
        read(root)


def test_test_images_may_go_without_masks(make_masks, draw):
    root = make_masks({"1": TWO}, images="train/{}.jpg", mask="trainannot/{}.png")
    draw(root / "test" / "2.jpg")
    catalog = read(root)
    assert len(catalog) == 1
    assert catalog.notes[0] == "The test split has no masks; test was left out."


def test_two_folders_for_a_split(make_masks):
    root = make_masks({"1": TWO}, images="images/val/{}.jpg", mask="masks/val/{}.png")
    make_masks({"1": TWO}, images="images/valid/{}.jpg", mask="masks/val/{}.png")
    with pytest.raises(DataError, match="two folders for the val split: val and valid"):
        read(root)


def test_image_folders_are_not_taken_for_masks(make_tree):
    root = make_tree({"train/cat": 2, "train/dog": 2}, make_tree({}).parent / "pets")
    assert read(root).format == "image_folder"
    for i, folders in enumerate([("images", "masks"), ("test1", "test2"), ("images", "x")]):
        root = make_tree(dict.fromkeys(folders, 2), make_tree({}).parent / f"set{i}")
        with pytest.raises(DataError) as caught:
            read(root)
        assert "--data.format image_folder" in caught.value.hint, folders
        assert read(root, format="image_folder").format == "image_folder"


def test_photos_in_place_of_masks_are_refused(make_tree):
    root = make_tree({"images": 2, "masks": 2})
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: masks/000.png looks like a photo, not like a mask.\n"
        "Name the images and their masks with --data.images and --data.labels; if the folders are classes, say so:"
        " --data.format image_folder."
    )


@pytest.mark.parametrize("values", [(0, 1, 2), (0, 100), (0, 128, 255)])
def test_masks_saved_as_jpeg(make_masks, values):
    root = make_masks({"1": np.repeat(values, 16)[None].repeat(16, 0)}, mask="masks/{}.jpg")
    if max(values) < 9:  # else black as well as not
        values = [value * 9 for value in values]
        Image.fromarray(np.repeat(values, 16)[None].repeat(16, 0).astype(np.uint8)).save(root / "masks/1.jpg")
    with pytest.raises(ImageError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}/masks/1.jpg: is JPEG and not black and white, so the values of its pixels are lost.\n"
        "Save the mask as PNG."
    )


def test_masks_of_black_and_white_saved_as_jpeg(make_masks):
    drawn = np.zeros((48, 64), np.uint8)
    drawn[10:31, 13:42] = 255
    root = make_masks({"1": drawn, "2": np.zeros((48, 64))}, mask="masks/{}.jpg")
    with Image.open(root / "masks/1.jpg") as image:
        assert len(np.unique(np.asarray(image))) > 2
    catalog = read(root)
    assert (read_mask(catalog, 0) == drawn // 255).all()
    assert not read_mask(catalog, 1).any()
    assert "2 masks are JPEG, read as black and white: masks/1.jpg, masks/2.jpg." in catalog.notes
    (root / "masks/1.jpg").write_bytes((root / "masks/2.jpg").read_bytes())
    with pytest.raises(DataError, match="only one class"):
        read(root)


def test_images_without_masks_are_told(make_masks, draw):
    root = make_masks({"a": TWO})
    for i in range(7):
        draw(root / "images" / f"b{i}.jpg", i)
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: 7 images have no mask: images/b0.jpg, images/b1.jpg, images/b2.jpg, images/b3.jpg, images/b4.jpg"
        " and 2 more.\nPut masks with the same names into masks, or remove the images."
    )


def test_masks_without_an_image_are_noted(make_masks):
    root = make_masks({"a": TWO, "b": TWO})
    (root / "images" / "b.jpg").unlink()
    assert read(root).notes[0] == "1 mask that belongs to no image, left out: masks/b.png."


def test_two_masks_for_one_image(make_masks):
    root = make_masks({"a": TWO})
    make_masks({"a": TWO}, mask="masks/{}_L.png")
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}: the image images/a.jpg has 2 masks: masks/a.png, masks/a_L.png.\nKeep one mask per image."
    )


def test_each_image_with_the_masks_of_its_objects_in_a_folder_of_its_own(make_masks):
    """Data Science Bowl 2018."""
    upper, lower = [[255, 0, 0, 0], [0] * 4], [[0] * 4, [255, 0, 0, 0]]
    for stem in ("a", "b", "c"):
        images, home = f"train/{stem}/images/{{}}.png", f"train/{stem}/masks"
        make_masks({stem: upper}, images=images, mask=f"{home}/x{{}}.png")
        root = make_masks({stem: lower}, images=images, mask=f"{home}/y{{}}.png")
    catalog = read(root)
    assert len(catalog) == 3 and catalog.categories == Categories(("0", "255"), (0, 255))
    assert read_mask(catalog, 0).tolist() == [[1, 0, 0, 0]] * 2
    assert "Each image has a folder of its own; the masks beside it are its masks." in catalog.notes


def test_two_images_for_one_mask(make_masks):
    root = make_masks({"a": TWO})
    make_masks({"a": TWO}, images="images/{}.png")
    with pytest.raises(DataError, match=r"2 images share the mask masks/a.png: images/a.jpg, images/a.png"):
        read(root)


def test_a_mask_of_another_size(make_masks, draw):
    root = make_masks({"a": TWO, "b": TWO, "c": TWO})
    draw(root / "images" / "b.jpg", size=(5, 2))
    with pytest.raises(DataError) as caught:
        read(root)
    assert said(caught) == (
        f"{root}/masks/b.png: 4 x 2 pixels; the image images/b.jpg has 5 x 2.\n"
        "Save each mask at its image's size, resized by nearest neighbour."
    )


def test_an_image_with_exif_rotation(make_masks, draw):
    root = make_masks({"a": TWO})
    draw(root / "images" / "a.jpg", size=(4, 2), orientation=6)
    with pytest.raises(DataError) as caught:
        read(root)
    assert "4 x 2 pixels; the image images/a.jpg has 2 x 4." in said(caught)
    assert "The image's EXIF orientation does not apply to the mask" in said(caught)
    make_masks({"a": np.transpose(TWO)})
    draw(root / "images" / "a.jpg", size=(4, 2), orientation=6)
    catalog = read(root)
    assert catalog.sizes.tolist() == [[2, 4]] and read_mask(catalog, 0).tolist() == np.transpose(TWO).tolist()


def test_an_exif_orientation_does_not_turn_a_mask(make_masks):
    root = make_masks({"a": TWO})
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(np.array(TWO, np.uint8)).save(root / "masks" / "a.png", exif=exif)
    assert read_mask(read(root), 0).tolist() == TWO


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty (0 bytes)"), (b"text", "is not an image (starts with b'text')"), (None, "is truncated")],
)
def test_unreadable_masks(make_masks, content, reason):
    root = make_masks({"a": np.random.default_rng(0).integers(0, 3, (40, 40)), "b": TWO})
    file = root / "masks" / "a.png"
    file.write_bytes(file.read_bytes()[:-300] if content is None else content)
    with pytest.raises(ImageError) as caught:
        read(root, format="mask_folder")
    assert caught.value.path == str(file) and caught.value.reason == reason


def test_an_unreadable_image(make_masks):
    root = make_masks({"a": TWO, "b": TWO})
    for name in "ab":
        (root / "images" / f"{name}.jpg").write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        read(root)
    assert caught.value.what == f"{root}/images/a.jpg: is empty (0 bytes) (and 1 more cannot be read)."


def test_no_masks_at_all(tmp_path, make_masks):
    with pytest.raises(DataError, match="has no images with masks"):
        mask_folder.read(tmp_path)
    root = make_masks({"a": TWO})
    (root / "masks" / "a.png").rename(root / "masks" / "z.png")
    with pytest.raises(DataError, match=r"1 image has no mask: images/a.jpg"):
        mask_folder.read(root)
    with pytest.raises(DataError, match="1 image has no mask"):
        read(root)


@pytest.fixture
def voc(make_masks):
    """A tree with masks of two images, lists, and an image more."""

    def make(masks, lists=None, palette=VOC.colors):
        root = make_masks(
            masks,
            images="JPEGImages/{}.jpg",
            mask="SegmentationClass/{}.png",
            palette=[*palette, *[(224, 224, 192)] * (256 - len(palette))],
        )
        for name, stems in (lists or {}).items():
            (root / "ImageSets" / "Segmentation").mkdir(parents=True, exist_ok=True)
            (root / "ImageSets" / "Segmentation" / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems))
        return root

    return make


def test_voc_trees(voc, draw):
    root = voc({"a": [[0, 255, 15, 15]], "b": [[0, 0, 7, 7]]}, {"train": ["a"], "val": ["b"], "trainval": ["a", "b"]})
    draw(root / "JPEGImages" / "boxes_only.jpg")
    catalog = read(root)
    assert listing(catalog) == [
        ("JPEGImages/a.jpg", "SegmentationClass/a.png", "train"),
        ("JPEGImages/b.jpg", "SegmentationClass/b.png", "val"),
    ]
    assert catalog.categories == Categories(VOC_NAMES, tuple(range(21)), (255,), VOC.colors)
    assert read_mask(catalog, 0).tolist() == [[0, IGNORE, 15, 15]]
    assert VOC.colors[15] == (192, 128, 128) and VOC.colors[7] == (128, 128, 128) and VOC.colors[20] == (0, 64, 128)


def test_voc_trees_without_lists_take_the_masks_there_are(voc, draw):
    root = voc({"a": [[0, 15]]})
    draw(root / "JPEGImages" / "boxes_only.jpg")
    assert listing(read(root)) == [("JPEGImages/a.jpg", "SegmentationClass/a.png", "")]


def test_voc_lists_that_name_what_is_not_there(voc):
    root = voc({"a": [[0, 15]], "b": [[0, 15]]}, {"train": ["a", "gone"]})
    catalog = read(root)
    assert [r.to_dict() for r in catalog.repairs] == [
        {
            "path": "JPEGImages/gone.jpg",
            "where": "ImageSets/Segmentation/train.txt, line 2",
            "kind": "missing",
            "message": "is listed but does not exist",
            "action": "dropped",
        }
    ]
    assert len(catalog) == 1
    (root / "SegmentationClass" / "a.png").unlink()
    with pytest.raises(DataError, match=r"1 image has no mask: JPEGImages/a.jpg"):
        read(root)


def test_other_trees_laid_out_like_voc_have_their_own_classes(voc):
    assert read(voc({"a": [[0, 2]]}, palette=[(0, 0, 0), (1, 2, 3), (9, 9, 0)])).categories.names == ("0", "2")


def test_a_tree_with_boxes_and_masks_gives_what_is_wanted(make_voc, voc, make_masks):
    from tests.annotated import voc_object

    root = make_voc({"a": [voc_object("cat", (1, 1, 20, 20))]})
    make_masks({"a": np.eye(48, 64)}, images="JPEGImages/{}.jpg", mask="SegmentationClass/{}.png", root=root)
    assert read(root).annotation == "boxes"
    assert read(root, annotations=("boxes", "masks")).annotation == "boxes"
    catalog = read(root, annotations=("masks", "boxes"))
    assert catalog.annotation == "masks" and catalog.masks[0] == "SegmentationClass/a.png"


def test_settings_of_masks_are_for_masks(make_tree):
    root = make_tree({"a": 1, "b": 1})
    with pytest.raises(DataError) as caught:
        read(root, ignore=[3])
    assert said(caught) == (
        f"{root} is read as an image folder; classes and ignored pixel values are for mask folders.\n"
        "Leave out --classes and --ignore, or use images with masks."
    )


def test_camvid(real_data):
    catalog = read(real_data / "camvid")
    assert catalog.categories == Categories(CAMVID.names, tuple(range(11)), (11,))
    assert [len(catalog.split(name)) for name in ("train", "val")] == [367, 101]
    assert (catalog.sizes == (480, 360)).all()
    i = 5
    with Image.open(catalog.mask_paths(i)[0]) as image:
        want = np.asarray(image)
    ids = read_mask(catalog, i)
    assert ids.shape == (360, 480) and (ids == np.where(want == 11, IGNORE, want)).all()
    assert catalog.labels[i].tolist() == sorted({*np.unique(want).tolist()} - {11})
