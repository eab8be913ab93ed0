"""Generated images and data sets: coloured shapes that a small network learns in seconds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 230)}
CLASS_NAMES = ("ground", *COLOURS)
"""Of pixels, by their value in a mask."""
UNKNOWN = 9
"""The pixel value of masks that is to be ignored."""
VOC = (
    "<annotation><filename>{name}</filename><size><width>{w}</width><height>{h}</height><depth>3</depth></size>"
    "{objects}</annotation>"
)
OBJECT = (
    "<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{0}</xmin><ymin>{1}</ymin>"
    "<xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"
)


def write_squares(folder: Path, *, per_class: int = 12, size: int = 32, seed: int = 0, classes: int = 3) -> Path:
    """An image folder that a small network learns at once: noise with a bright square whose colour is the class."""
    generator = np.random.default_rng(seed)
    for label in range(classes):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for i in range(per_class):
            image = generator.integers(0, 90, (size, size, 3), dtype=np.uint8)
            top, left = generator.integers(0, size - 12, 2)
            image[top : top + 12, left : left + 12, label % 3] = 230
            Image.fromarray(image).save(place / f"{i:03d}.png")
    return folder


def write_voc(folder: Path, *, train: int = 24, val: int = 8, seed: int = 0) -> Path:
    """Noise with one to three coloured squares per image; the last training image has none."""
    generator = np.random.default_rng(seed)
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for i in range(train + val):
        image = generator.integers(0, 90, (72, 96, 3), dtype=np.uint8)
        objects, cells = [], generator.permutation(6)[: 0 if i == train - 1 else int(generator.integers(1, 4))]
        for cell in cells:
            side = int(generator.integers(16, 24))
            x, y = (cell % 3) * 32 + int(generator.integers(0, 8)), (cell // 3) * 36 + int(generator.integers(0, 12))
            name = ("red", "blue")[int(generator.integers(2))]
            image[y : y + side, x : x + side] = COLOURS[name]
            objects.append(OBJECT.format(x + 1, y + 1, x + side, y + side, name=name))  # VOC counts from 1, ends inside
        Image.fromarray(image).save(folder / "JPEGImages" / f"{i:03d}.png")
        text = VOC.format(name=f"{i:03d}.png", w=96, h=72, objects="".join(objects))
        (folder / "Annotations" / f"{i:03d}.xml").write_text(text)
    names = [f"{i:03d}" for i in range(train + val)]
    (folder / "ImageSets/Main/train.txt").write_text("\n".join(names[:train]) + "\n")
    (folder / "ImageSets/Main/val.txt").write_text("\n".join(names[train:]) + "\n")
    return folder


def write_coco(folder: Path, *, train: int = 24, val: int = 8, seed: int = 0) -> Path:
    """Noise with one to three coloured triangles per image; one object has no polygon."""
    generator = np.random.default_rng(seed)
    ids = {name: i + 1 for i, name in enumerate(COLOURS)}
    number = 0
    for split, count in (("train", train), ("val", val)):
        (folder / split).mkdir(parents=True)
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for i in range(count):
            image = Image.fromarray(generator.integers(0, 90, (72, 96, 3), dtype=np.uint8))
            pen = ImageDraw.Draw(image)
            for cell in generator.permutation(6)[: int(generator.integers(1, 4))].tolist():
                side = int(generator.integers(18, 26))
                x, y = (cell % 3) * 32 + int(generator.integers(0, 6)), (cell // 3) * 36 + int(generator.integers(0, 9))
                name = ("red", "blue")[int(generator.integers(2))]
                points = [x, y, x + side, y, x, y + side]
                pen.polygon(points, fill=COLOURS[name])
                number += 1
                annotations.append(
                    {
                        "id": number,
                        "image_id": i,
                        "category_id": ids[name],
                        "bbox": [x, y, side, side],
                        "area": side * side / 2,
                        "iscrowd": 0,
                        **({} if number == 1 else {"segmentation": [points]}),
                    }
                )
            image.save(folder / split / f"{i:03d}.png")
            images.append({"id": i, "file_name": f"{i:03d}.png", "width": 96, "height": 72})
        categories = [{"id": i, "name": name} for name, i in ids.items()]
        document = {"images": images, "annotations": annotations, "categories": categories}
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"instances_{split}.json").write_text(json.dumps(document))
    return folder


def write_masks(folder: Path, *, train: int = 24, val: int = 8, seed: int = 0) -> Path:
    """Noise with coloured squares; a gray mask beside each; a strip on the left is to be ignored, and wrong."""
    generator = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        (folder / split).mkdir(parents=True)
        (folder / f"{split}annot").mkdir()
        for i in range(count):
            image = generator.integers(0, 90, (72, 96, 3), dtype=np.uint8)
            mask = np.zeros((72, 96), np.uint8)
            for cell in generator.permutation(6)[: int(generator.integers(2, 5))]:
                side = int(generator.integers(16, 26))
                x, y = (cell % 3) * 32 + int(generator.integers(0, 6)), (cell // 3) * 36 + int(generator.integers(0, 9))
                label = int(generator.integers(1, 3))
                image[y : y + side, x : x + side] = COLOURS[CLASS_NAMES[label]]
                mask[y : y + side, x : x + side] = label
            mask[:, :6] = UNKNOWN
            Image.fromarray(image).save(folder / split / f"{i:03d}.png")
            Image.fromarray(mask).save(folder / f"{split}annot" / f"{i:03d}.png")
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASS_NAMES))
    return folder


def write_few_images(real_data: Path, folder: Path, *, count: int, min_side_px: float) -> Path:
    """coco80's first images without a smaller object, as a COCO data set whose splits are the same."""
    document = json.loads((real_data / "coco80" / "annotations" / "instances.json").read_text())
    sides: dict[int, float] = {image["id"]: 1e9 for image in document["images"]}
    for a in document["annotations"]:
        sides[a["image_id"]] = min(sides[a["image_id"]], *a["bbox"][2:])
    ids = [i for i, side in sides.items() if min_side_px <= side < 1e9][:count]
    assert len(ids) == count
    (folder / "annotations").mkdir(parents=True)
    for split in ("train", "val"):
        part = {
            **document,
            "images": [image for image in document["images"] if image["id"] in ids],
            "annotations": [a for a in document["annotations"] if a["image_id"] in ids],
        }
        (folder / "annotations" / f"instances_{split}.json").write_text(json.dumps(part))
        (folder / split).mkdir()
        for name in (image["file_name"] for image in part["images"]):
            (folder / split / name).symlink_to(real_data / "coco80" / "images" / name)
    return folder


def photo(width: int = 96, height: int = 64, seed: int = 0) -> np.ndarray:
    """A smooth colourful image, as photographs are."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [np.sin(x * (5 + i) + seed) * np.cos(y * (7 - i)) for i in range(3)]
    return np.rint(127 + 110 * np.stack(waves, -1)).astype(np.uint8)


def exif(orientation: int) -> Image.Exif:
    """A block that says nothing but how the image lies."""
    block = Image.Exif()
    block[0x0112] = orientation
    return block
