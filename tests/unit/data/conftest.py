"""Small images, trees of them and annotated data sets, made on the spot."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.annotated import SIZE, XML


@pytest.fixture
def make_image():
    """Write an image of random colours; the seed decides its content."""

    def make(path: Path, seed: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


@pytest.fixture
def make_tree(tmp_path, make_image):
    """Write images named by a mapping of folder to count, each with content of its own."""

    def make(counts: dict[str, int], root: Path | None = None) -> Path:
        root = root or tmp_path / "set"
        root.mkdir(parents=True, exist_ok=True)
        seed = 0
        for folder, count in counts.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                make_image(root / folder / f"{i:03d}.png", seed)
                seed += 1
        return root

    return make


@pytest.fixture
def draw():
    """Write an image of its own content; with an EXIF orientation where one is given."""

    def make(path: Path, seed: int = 0, size: tuple[int, int] = SIZE, orientation: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(pixels).save(path, exif=exif)
        return path

    return make


@pytest.fixture
def coco_document():
    """Three images, classes with odd ids, a crowd, polygons: a clean COCO document."""
    return {
        "info": {"year": 2024},
        "licenses": [{"id": 4, "name": "free"}],
        "images": [
            {"id": 17, "file_name": "b.jpg", "width": 64, "height": 48, "license": 4},
            {"id": 3, "file_name": "a.jpg", "width": 64, "height": 48},
            {"id": 0, "file_name": "c.jpg", "width": 64, "height": 48},
        ],
        "annotations": [
            {
                "id": 900,
                "image_id": 17,
                "category_id": 200,
                "bbox": [1.5, 2, 10, 20.25],
                "area": 77.5,
                "iscrowd": 0,
                "segmentation": [[1.5, 2, 11.5, 2, 11.5, 22.25]],
                "score_of_annotator": 0.9,
            },
            {"id": 5, "image_id": 3, "category_id": 0, "bbox": [0, 0, 64, 48], "area": 3072, "iscrowd": 0},
            {
                "id": 6,
                "image_id": 3,
                "category_id": 7,
                "bbox": [30, 10, 20, 20],
                "area": 12,
                "iscrowd": 1,
                "segmentation": {"size": [48, 64], "counts": [1000, 12, 2060]},
            },
        ],
        "categories": [
            {"id": 200, "name": "dog", "supercategory": "animal"},
            {"id": 0, "name": "cat", "supercategory": "animal"},
            {"id": 7, "name": "car"},
        ],
    }


@pytest.fixture
def make_coco(tmp_path, draw):
    """Write a document and its images."""

    def make(document: dict, root: Path | None = None, name: str = "annotations/instances.json") -> Path:
        root = root or tmp_path / "coco"
        for i, image in enumerate(document["images"]):
            if not list(root.rglob(image["file_name"])):
                draw(root / "images" / image["file_name"], i)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(document))
        return root

    return make


@pytest.fixture
def make_voc(tmp_path, draw):
    """Write a tree from a mapping of image to its objects and one of split to images."""

    def make(pages: dict, splits: dict | None = None, sizes: dict | None = None, *, images: bool = True) -> Path:
        root = tmp_path / "voc"
        (root / "Annotations").mkdir(parents=True, exist_ok=True)
        for i, (name, objects) in enumerate(pages.items()):
            text = XML.format(name=name, objects="\n".join(objects), size=(sizes or {}).get(name, SIZE))
            (root / "Annotations" / f"{name}.xml").write_text(text)
            if images and not (root / "JPEGImages" / f"{name}.jpg").exists():
                draw(root / "JPEGImages" / f"{name}.jpg", i)
        for split, names in (splits or {}).items():
            (root / "ImageSets" / "Main").mkdir(parents=True, exist_ok=True)
            (root / "ImageSets" / "Main" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
        return root

    return make


@pytest.fixture
def make_yolo(tmp_path, draw):
    """Write images, text files and a data.yaml from a mapping of split/image to lines."""

    def make(labels: dict, yaml: str = "train: images/train\nval: images/val\nnames: [cat, dog]\n") -> Path:
        root = tmp_path / "yolo"
        for i, (name, lines) in enumerate(labels.items()):
            draw(root / "images" / f"{name}.jpg", i)
            if lines is not None:
                file = root / "labels" / f"{name}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("".join(f"{line}\n" for line in lines))
        (root / "data.yaml").write_text(yaml)
        return root

    return make


@pytest.fixture
def make_masks(tmp_path, draw):
    """Write images and masks from a mapping of image to its mask: (H, W) codes, or (H, W, 3) colours.

    ``mask`` is where the mask of an image goes, ``{}`` its name without folders and suffix.
    """

    def make(
        masks: dict, *, images: str = "images/{}.jpg", mask: str = "masks/{}.png", palette=None, root=None
    ) -> Path:
        root = root or tmp_path / "masks"
        for i, (name, codes) in enumerate(masks.items()):
            codes = np.asarray(codes)
            codes = codes.astype(np.uint16 if codes.max(initial=0) > 255 else np.uint8)
            draw(root / images.format(name), i, (codes.shape[1], codes.shape[0]))
            file = root / mask.format(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(codes)
            if palette is not None:
                image.putpalette([value for color in palette for value in color])
            image.save(file)
        return root

    return make
