"""A small valid data set of each family of layouts, as its tools write it; one function per family.

Each is given an empty folder and a generator of random numbers that chooses among the family's spellings.
"""

import base64
import csv
import io
import json
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

SIDE = 8
CLASSES = ("cat", "dog", "bird")
SPLITS = (("train", "val"), ("train", "valid", "test"), ("training", "testing"), ("Train", "Test"))
Box = tuple[int, int, int, int]


@lru_cache(maxsize=64)
def picture(number: int, suffix: str = ".jpg") -> bytes:
    """An image of 8 x 8 pixels of its own content, in the format of its suffix."""
    pixels = np.random.default_rng(number).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG" if suffix == ".png" else "JPEG")
    return buffer.getvalue()


@lru_cache(maxsize=64)
def mask(number: int, values: Sequence[int] = (0, 1, 2)) -> bytes:
    """A mask with blocks of these pixel values; with colours where they are beyond 255."""
    pixels = np.array(values)[(np.arange(SIDE * SIDE) // 12 + number) % len(values)].reshape(SIDE, SIDE)
    if pixels.max() > 255:
        pixels = np.stack([pixels >> 16, pixels >> 8, pixels], -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def put(file: Path, content: bytes | str | object) -> None:
    """Write bytes, text, or a JSON document."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def put_table(file: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    put(file, text.getvalue())


def box_of(number: int) -> Box:
    """x, y, width, height."""
    return number % 3, number % 2, 4, 3


def corners(number: int) -> Box:
    """x1, y1, x2, y2."""
    x, y, width, height = box_of(number)
    return x, y, x + width, y + height


def ring(number: int) -> list[list[int]]:
    """Points around a box."""
    x1, y1, x2, y2 = corners(number)
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def homes(rng: Random, *, none: bool = True) -> list[str]:
    """Folders of splits with a slash, or one that is empty."""
    chosen = rng.choice([*SPLITS, (), ()] if none else SPLITS)
    return [f"{name}/" for name in chosen] or [""]


def image_folder(root: Path, rng: Random) -> None:
    """Class folders, alone or in folders of splits."""
    number = 0
    for home in homes(rng):
        for name in CLASSES[: rng.choice((2, 3))]:
            for _ in range(2):
                put(root / home / name / f"{number}.jpg", picture(number))
                number += 1


def table(root: Path, rng: Random) -> None:
    """A table of paths and labels, perhaps with splits; one or several labels."""
    number, rows = 0, [["path", "label", "split"]]
    for split in rng.choice(SPLITS):
        for name in CLASSES:
            put(root / "images" / f"{number}.jpg", picture(number))
            rows.append([f"{number}.jpg", f"{name}|dog" if number % 3 == 2 and rng.random() < 0.3 else name, split])
            number += 1
    put_table(root / rng.choice(("labels.csv", "train.csv")), rows)


def one_hot(root: Path, rng: Random) -> None:
    """Roboflow's _classes.csv in each split."""
    for home in homes(rng):
        rows: list[list[object]] = [["filename", *(f" {name}" for name in CLASSES)]]
        for number in range(3):
            put(root / home / f"{number}.jpg", picture(number + len(home)))
            rows.append([f"{number}.jpg", *(f" {int(k == number)}" for k in range(len(CLASSES)))])
        put_table(root / home / "_classes.csv", rows)


def coco_document(names: Sequence[str], rng: Random) -> dict[str, object]:
    """A document of COCO's; boxes, polygons, keypoints or RLE."""
    kind = rng.choice(("boxes", "polygons", "keypoints", "runs"))
    rows: list[dict[str, object]] = []
    for number in range(2 * len(names)):
        row = {"id": number + 1, "image_id": number // 2, "category_id": number % 3 + 1, "bbox": box_of(number)}
        more: dict[str, object] = {"iscrowd": 0, "area": 12}
        if kind == "polygons":
            more["segmentation"] = [[value for point in ring(number) for value in point]]
        elif kind == "keypoints":
            more |= {"keypoints": [1, 1, 2, 3, 3, 1], "num_keypoints": 2}
        elif kind == "runs":
            more["segmentation"] = {"size": [SIDE, SIDE], "counts": [10, 5, 49]}
        rows.append({**row, **more})
    return {
        "info": {"year": 2024},
        "images": [{"id": i, "file_name": name, "width": SIDE, "height": SIDE} for i, name in enumerate(names)],
        "annotations": rows,
        "categories": [{"id": k + 1, "name": name, "supercategory": "animal"} for k, name in enumerate(CLASSES)],
    }


def coco(root: Path, rng: Random) -> None:
    """COCO's own layout, Roboflow's, or a file beside the images."""
    layout = rng.choice(("own", "roboflow", "beside"))
    for at, home in enumerate(homes(rng, none=layout == "beside")):
        folder = f"images/{home}" if layout == "own" else home
        names = [f"{at}{number}.jpg" for number in range(2)]
        for number, name in enumerate(names):
            put(root / folder / name, picture(9 * at + number))
        file = {"own": f"annotations/instances_{home[:-1]}.json", "roboflow": f"{home}_annotations.coco.json"}
        put(root / file.get(layout, f"{home}labels.json"), coco_document(names, rng))


def panoptic(root: Path, rng: Random) -> None:
    """COCO panoptic: a document and masks whose colours are segments' numbers."""
    put(root / "val2017" / "1.jpg", picture(1))
    put(root / "annotations" / "panoptic_val2017" / "1.png", mask(1, (0x010000, 0x020000)))
    segments = [{"id": k + 1, "category_id": k + 1, "bbox": box_of(k), "area": 9, "iscrowd": 0} for k in range(2)]
    document = coco_document(["1.jpg"], rng)
    document["annotations"] = [{"image_id": 0, "file_name": "1.png", "segments_info": segments}]
    put(root / "annotations" / "panoptic_val2017.json", document)


def voc_page(name: str, number: int) -> str:
    """An XML file as labelImg and Roboflow write it."""
    x1, y1, x2, y2 = corners(number)
    return f"""<annotation><folder>x</folder><filename>{name}</filename><path>C:\\images\\{name}</path>
<size><width>{SIDE}</width><height>{SIDE}</height><depth>3</depth></size><segmented>0</segmented>
<object><name>{CLASSES[number % 3]}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
<bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object></annotation>
"""


def voc(root: Path, rng: Random) -> None:
    """The devkit's tree, or XML files beside the images."""
    if rng.random() < 0.5:
        for number in range(4):
            put(root / "JPEGImages" / f"{number}.jpg", picture(number))
            put(root / "Annotations" / f"{number}.xml", voc_page(f"{number}.jpg", number))
        for split, lines in (("train", "0\n1\n"), ("val", "2\n3\n")):
            put(root / "ImageSets" / "Main" / f"{split}.txt", lines)
        return
    for home in homes(rng):
        for number in range(2):
            put(root / home / f"{number}.jpg", picture(number + len(home)))
            put(root / home / f"{number}.xml", voc_page(f"{number}.jpg", number))


def yolo_lines(rng: Random) -> str:
    """Boxes, polygons, poses or oriented boxes."""
    kind = rng.choice(("boxes", "boxes", "polygons", "pose", "obb"))
    tail = {"boxes": "", "polygons": None, "pose": " 0.5 0.5 2 0.6 0.6 1", "obb": None}[kind]
    if tail is None:
        return "0 0.1 0.1 0.6 0.1 0.6 0.6 0.1 0.6\n1 0.2 0.2 0.7 0.2 0.7 0.7 0.2 0.7\n"
    return f"0 0.5 0.5 0.25 0.5{tail}\n1 0.4 0.4 0.3 0.2{tail}\n"


def yolo(root: Path, rng: Random) -> None:
    """Ultralytics' layout, images above or below the splits."""
    above, splits, lines = rng.random() < 0.5, homes(rng, none=False), yolo_lines(rng)
    folders = {home[:-1]: f"images/{home[:-1]}" if above else f"{home}images" for home in splits}
    for at, folder in enumerate(folders.values()):
        for number in range(2):
            put(root / folder / f"{number}.jpg", picture(9 * at + number))
            put(root / folder.replace("images", "labels") / f"{number}.txt", lines)
    names = rng.choice(("[cat, dog]", "{0: cat, 1: dog}"))
    keys = dict(zip(("train", "val", "test"), folders.values(), strict=False))
    text = "".join(f"{key}: {rng.choice(('', '../'))}{folder}\n" for key, folder in keys.items())
    put(root / "data.yaml", f"{text}nc: 2\nnames: {names}\n")


def darknet(root: Path, rng: Random) -> None:
    """CVAT's YOLO 1.1 and Darknet's obj.data, or labelImg's flat folder with classes.txt."""
    flat = rng.random() < 0.5
    home = "" if flat else "obj_train_data/"
    for number in range(3):
        put(root / home / f"{number}.jpg", picture(number))
        put(root / home / f"{number}.txt", "0 0.5 0.5 0.25 0.5\n1 0.4 0.4 0.3 0.2\n")
    if flat:
        put(root / "classes.txt", "cat\ndog\n")
        return
    put(root / "obj.names", "cat\ndog\n")
    put(root / "obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n")
    put(root / "train.txt", "".join(f"data/obj_train_data/{number}.jpg\n" for number in range(3)))


def mask_folder(root: Path, rng: Random) -> None:
    """Images and masks in two folders, perhaps per split, with or without a table of classes."""
    images, masks = rng.choice((("images", "masks"), ("img_dir", "ann_dir"), ("image", "label"), ("Images", "gt")))
    for at, home in enumerate(homes(rng)):
        for number in range(2):
            put(root / images / home / f"{number}.jpg", picture(9 * at + number))
            put(root / masks / home / f"{number}.png", mask(number))
    if rng.random() < 0.5:
        put(root / "classes.txt", "cat\ndog\nbird\n")


def masks_beside(root: Path, rng: Random) -> None:
    """Masks called after their images: SegNet, DeepGlobe, ISIC, Roboflow, Cityscapes, Oxford Pets."""
    kind = rng.choice(("segnet", "deepglobe", "isic", "roboflow", "cityscapes", "pets"))
    for number in range(3):
        pixels, labels = picture(number), mask(number)
        if kind == "segnet":
            put(root / "train" / f"{number}.png", picture(number, ".png"))
            put(root / "trainannot" / f"{number}.png", labels)
        elif kind == "deepglobe":
            put(root / "train" / f"{number}_sat.jpg", pixels)
            put(root / "train" / f"{number}_mask.png", mask(number, (0x00FFFF, 0xFFFF00)))
            put(root / "class_dict.csv", "name,r,g,b\nurban,0,255,255\nfarm,255,255,0\n")
        elif kind == "isic":
            put(root / "ISIC_Training_Input" / f"ISIC_{number}.jpg", pixels)
            put(root / "ISIC_Training_GroundTruth" / f"ISIC_{number}_segmentation.png", mask(number, (0, 255)))
        elif kind == "roboflow":
            put(root / "train" / f"{number}_jpg.rf.a{number}.jpg", pixels)
            put(root / "train" / f"{number}_jpg.rf.a{number}_mask.png", labels)
            put(root / "train" / "_classes.csv", "Pixel Value, Class\n0, background\n1, cat\n2, dog\n")
        elif kind == "cityscapes":
            stem = f"aachen_00000{number}_000019"
            put(root / "leftImg8bit/train/aachen" / f"{stem}_leftImg8bit.png", picture(number, ".png"))
            put(root / "gtFine/train/aachen" / f"{stem}_gtFine_labelIds.png", mask(number, (7, 11, 26)))
        else:
            put(root / "images" / f"Cat_{number}.jpg", pixels)
            put(root / "annotations/trimaps" / f"Cat_{number}.png", mask(number, (1, 2, 3)))
            put(root / "annotations" / "list.txt", "#Image CLASS-ID\nCat_0 1 1 1\nCat_1 2 1 2\nCat_2 1 1 1\n")


def labelme(root: Path, rng: Random) -> None:
    """A JSON file beside each image, as LabelMe writes it."""
    for at, home in enumerate(homes(rng)):
        for number in range(2):
            put(root / home / f"{number}.jpg", picture(9 * at + number))
            kind = rng.choice(("polygon", "rectangle"))
            points = ring(number) if kind == "polygon" else [ring(number)[0], ring(number)[2]]
            shape = {"label": CLASSES[number], "points": points, "group_id": None, "shape_type": kind, "flags": {}}
            document = {"version": "5.0.1", "flags": {}, "shapes": [shape], "imagePath": f"{number}.jpg"}
            size = {"imageData": None, "imageHeight": SIDE, "imageWidth": SIDE}
            put(root / home / f"{number}.json", {**document, **size})


def via(root: Path, rng: Random) -> None:
    """VGG Image Annotator, version 2: regions as a list or as an object, a project or an export."""
    regions = rng.choice(("list", "object"))
    document = {}
    for number in range(3):
        put(root / "train" / f"{number}.jpg", picture(number))
        x, y, width, height = box_of(number)
        polygon = {"name": "polygon", "all_points_x": [p[0] for p in ring(number)]}
        polygon["all_points_y"] = [p[1] for p in ring(number)]
        rectangle = {"name": "rect", "x": x, "y": y, "width": width, "height": height}
        shape = rng.choice((polygon, rectangle))
        region = {"shape_attributes": shape, "region_attributes": {"class": CLASSES[number]}}
        size = len(picture(number))
        document[f"{number}.jpg{size}"] = {
            "filename": f"{number}.jpg",
            "size": size,
            "regions": [region] if regions == "list" else {"0": region},
            "file_attributes": {},
        }
    project = {"_via_settings": {}, "_via_img_metadata": document, "_via_attributes": {"region": {}}}
    put(root / "train" / "via_region_data.json", rng.choice((document, project)))


def cvat(root: Path, rng: Random) -> None:
    """CVAT for images 1.1."""
    pages = []
    for number in range(3):
        put(root / "images" / f"{number}.jpg", picture(number))
        x1, y1, x2, y2 = corners(number)
        points = ";".join(f"{x},{y}" for x, y in ring(number))
        shape = rng.choice((f'box xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}"', f'polygon points="{points}"'))
        pages.append(
            f'<image id="{number}" name="{number}.jpg" subset="train" width="{SIDE}" height="{SIDE}"><{shape}'
            f' label="{CLASSES[number]}" occluded="0" z_order="0"></{shape.split()[0]}></image>'
        )
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    meta = f"<meta><job><id>1</id><labels>{labels}</labels></job></meta>"
    put(root / "annotations.xml", f"<annotations><version>1.1</version>{meta}{''.join(pages)}</annotations>")


def label_studio(root: Path, rng: Random) -> None:
    """Label Studio's JSON export, full or minimal."""
    tasks: list[dict[str, object]] = []
    small = rng.random() < 0.5
    for number in range(3):
        put(root / "images" / f"{number}.jpg", picture(number))
        x, y, width, height = (100 * value / SIDE for value in box_of(number))
        box = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [CLASSES[number]]}
        if small:
            where = {"original_width": SIDE, "original_height": SIDE}
            tasks.append({"id": number, "image": f"/data/upload/1/ab12cd34-{number}.jpg", "label": [{**box, **where}]})
            continue
        result = {"original_width": SIDE, "original_height": SIDE, "type": "rectanglelabels", "value": box}
        result |= {"from_name": "label", "to_name": "image", "id": "x"}
        data = {"image": f"/data/local-files/?d=images/{number}.jpg"}
        tasks.append({"id": number, "annotations": [{"id": 1, "result": [result]}], "data": data})
    put(root / "project-1.json", tasks)


def createml(root: Path, rng: Random) -> None:
    """Apple's CreateML: centres of boxes in pixels."""
    for home in homes(rng):
        rows = []
        for number in range(3):
            put(root / home / f"{number}.jpg", picture(number + len(home)))
            x, y, width, height = box_of(number)
            place = {"x": x + width / 2, "y": y + height / 2, "width": width, "height": height}
            rows.append({"image": f"{number}.jpg", "annotations": [{"label": CLASSES[number], "coordinates": place}]})
        put(root / home / "_annotations.createml.json", rows)


def kitti(root: Path, rng: Random) -> None:
    """KITTI's object benchmark: fifteen columns."""
    images, labels = rng.choice((("image_2", "label_2"), ("training/image_2", "training/label_2")))
    for number in range(3):
        put(root / images / f"{number:06d}.png", picture(number, ".png"))
        box = " ".join(f"{value}.00" for value in corners(number))
        line = f"{('Car', 'Pedestrian')[number % 2]} 0.00 0 -1.57 {box} 1.5 1.6 3.7 1.0 1.7 9.0 -1.6\n"
        put(root / labels / f"{number:06d}.txt", f"{line}DontCare -1 -1 -10 0 0 2 2 -1 -1 -1 -1000 -1000 -1000 -10\n")


def bdd100k(root: Path, rng: Random) -> None:
    """BDD100K's detection labels, one file per split."""
    for split in ("train", "val"):
        rows = []
        for number in range(2):
            put(root / "images" / "100k" / split / f"{number}{split}.jpg", picture(number + len(split)))
            x1, y1, x2, y2 = corners(number)
            shape = {"category": CLASSES[number], "id": f"{number}", "box2d": {"x1": x1, "y1": y1, "x2": x2, "y2": y2}}
            attributes = {"weather": "clear", "timeofday": "daytime"}
            rows.append({"name": f"{number}{split}.jpg", "attributes": attributes, "labels": [shape]})
        name = rng.choice((f"labels/det_20/det_{split}.json", f"labels/bdd100k_labels_images_{split}.json"))
        put(root / name, rows)


def box_table(root: Path, rng: Random) -> None:
    """Boxes as CSV: TensorFlow's and Roboflow's, RetinaNet's without a header, Open Images'."""
    kind = rng.choice(("tensorflow", "retinanet", "open_images"))
    for home in homes(rng):
        rows: list[list[object]] = []
        for number in range(3):
            put(root / home / f"{number}.jpg", picture(number + len(home)))
            x1, y1, x2, y2 = corners(number)
            if kind == "tensorflow":
                rows.append([f"{number}.jpg", SIDE, SIDE, CLASSES[number], x1, y1, x2, y2])
            elif kind == "retinanet":
                rows.append([f"{home}{number}.jpg", x1, y1, x2, y2, CLASSES[number]])
            else:
                sides = [x1 / SIDE, x2 / SIDE, y1 / SIDE, y2 / SIDE]
                rows.append([f"{number}", "xclick", f"/m/0{number}", 1, *sides, 0, 0, 0, 0, 0])
        if kind == "tensorflow":
            header = ["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
            put_table(root / home / "_annotations.csv", [header, *rows])
        elif kind == "retinanet":
            put_table(root / f"{home[:-1] or 'annotations'}.csv", rows)
            put_table(root / "classes.csv", [[name, k] for k, name in enumerate(CLASSES)])
        else:
            header = ["ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"]
            flags = ["IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"]
            put_table(root / f"{home[:-1] or 'train'}-annotations-bbox.csv", [header + flags, *rows])
            put_table(root / "class-descriptions-boxable.csv", [[f"/m/0{k}", n] for k, n in enumerate(CLASSES)])


def hugging_face(root: Path, rng: Random) -> None:
    """The image folder of `datasets`: metadata.jsonl or metadata.csv in each split, labels or objects."""
    kind = rng.choice(("labels", "objects", "csv"))
    for home in homes(rng):
        rows: list[dict[str, object]] = []
        for number in range(3):
            put(root / home / f"{number}.jpg", picture(number + len(home)))
            own = {"objects": {"bbox": [box_of(number)], "categories": [number % 2]}}
            rows.append({"file_name": f"{number}.jpg", **(own if kind == "objects" else {"label": CLASSES[number]})})
        if kind == "csv":
            put_table(root / home / "metadata.csv", [list(rows[0]), *(list(row.values()) for row in rows)])
        else:
            put(root / home / "metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def supervisely(root: Path, rng: Random) -> None:
    """Supervisely: meta.json, and a JSON file for each image in ann beside img; boxes, polygons or bitmaps."""
    file = io.BytesIO()
    Image.fromarray(np.array([[255, 0], [255, 255]], np.uint8)).save(file, "PNG")
    bitmap = {"data": base64.b64encode(zlib.compress(file.getvalue())).decode(), "origin": [1, 2]}
    put(root / "meta.json", {"classes": [{"title": name, "shape": "any", "color": "#123456"} for name in CLASSES]})
    for home in homes(rng, none=False):
        for number in range(2):
            put(root / home / "img" / f"{number}.jpg", picture(number + len(home)))
            points = {"exterior": ring(number), "interior": []}
            kind = rng.choice(("rectangle", "polygon", "bitmap"))
            if kind == "rectangle":
                points["exterior"] = [ring(number)[0], ring(number)[2]]
            thing = {"id": number, "classTitle": CLASSES[number], "geometryType": kind, "tags": []}
            thing |= {"bitmap": bitmap} if kind == "bitmap" else {"points": points}
            page = {"description": "", "tags": [], "size": {"height": SIDE, "width": SIDE}, "objects": [thing]}
            put(root / home / "ann" / f"{number}.jpg.json", page)


def datumaro(root: Path, rng: Random) -> None:
    """Datumaro's JSON, one for each split."""
    labels = {"label": {"labels": [{"name": name, "parent": "", "attributes": []} for name in CLASSES]}}
    for home in homes(rng, none=False):
        found = []
        for number in range(2):
            put(root / "images" / home / f"{number}.jpg", picture(number + len(home)))
            thing: dict[str, object] = {"id": number, "attributes": {}, "group": 0, "label_id": number, "z_order": 0}
            points = [value for point in ring(number) for value in point]
            box = {"type": "bbox", "bbox": box_of(number)}
            thing |= rng.choice((box, {"type": "polygon", "points": points}, {"type": "label"}))
            image = {"path": f"{number}.jpg", "size": [SIDE, SIDE]}
            found.append({"id": f"{number}", "annotations": [thing], "attr": {"frame": number}, "image": image})
        put(root / "annotations" / f"{home[:-1]}.json", {"info": {}, "categories": labels, "items": found})


def fiftyone(root: Path, rng: Random) -> None:
    """FiftyOne's exports: samples.json, or labels.json with boxes or labels by name."""
    kind = rng.choice(("samples", "boxes", "labels"))
    samples, labels = [], {}
    for number in range(3):
        put(root / "data" / f"{number}.jpg", picture(number))
        box = [value / SIDE for value in box_of(number)]
        one = {"_cls": "Detection", "label": CLASSES[number], "bounding_box": box}
        truth = {"_cls": "Detections", "detections": [one]}
        samples.append({"filepath": f"data/{number}.jpg", "tags": ["train"], "ground_truth": truth})
        labels[f"{number}"] = [{"label": number, "bounding_box": box}] if kind == "boxes" else number
    if kind == "samples":
        put(root / "metadata.json", {"name": "x", "media_type": "image", "sample_fields": []})
        put(root / "samples.json", {"samples": samples})
    else:
        put(root / "labels.json", {"classes": list(CLASSES), "labels": labels})


def oidv4(root: Path, rng: Random) -> None:
    """OIDv4 ToolKit: folders of classes with images and Label."""
    for home in homes(rng):
        for number, name in enumerate(("Apple", "Traffic light")):
            put(root / home / name / f"{number}.jpg", picture(number + len(home)))
            put(root / home / name / "Label" / f"{number}.txt", f"{name} {' '.join(map(str, corners(number)))}\n")


def automl(root: Path, rng: Random) -> None:
    """Google AutoML's table without a header: two corners or four, or labels."""
    kind = rng.choice(("two", "four", "labels"))
    rows: list[list[object]] = []
    for number in range(4):
        put(root / "images" / f"{number}.jpg", picture(number))
        x1, y1, x2, y2 = (value / SIDE for value in corners(number))
        box = {"two": [x1, y1, "", "", x2, y2, "", ""], "four": [x1, y1, x2, y1, x2, y2, x1, y2], "labels": []}
        rows.append([("TRAIN", "VALIDATION")[number % 2], f"gs://x/{number}.jpg", CLASSES[number // 2], *box[kind]])
    put_table(root / "import.csv", rows)


def official_splits(root: Path, rng: Random) -> None:
    """Class folders with splits in text files: CUB-200's, Food-101's, Tiny ImageNet's."""
    kind = rng.choice(("cub", "food", "tiny"))
    names = [f"{name}/{number}{name}.jpg" for name in CLASSES for number in range(3)]
    home = "train" if kind == "tiny" else "images"
    for at, name in enumerate(names):
        put(root / home / name, picture(at))
    if kind == "cub":
        put(root / "images.txt", "".join(f"{at} {name}\n" for at, name in enumerate(names)))
        put(root / "train_test_split.txt", "".join(f"{at} {int(at % 3 > 0)}\n" for at in range(len(names))))
    elif kind == "food":
        for split, own in (("train", (0, 1)), ("test", (2,))):
            lines = [name[: -len(".jpg")] for at, name in enumerate(names) if at % 3 in own]
            put(root / "meta" / f"{split}.txt", "".join(f"{line}\n" for line in lines))
    else:
        for number in range(2):
            put(root / "val/images" / f"v{number}.jpg", picture(20 + number))
        put(root / "val/val_annotations.txt", "".join(f"v{n}.jpg\t{CLASSES[n]}\t0\t0\t7\t7\n" for n in range(2)))


FAMILIES: dict[str, Callable[[Path, Random], None]] = {
    one.__name__: one
    for one in (
        image_folder,
        table,
        one_hot,
        coco,
        panoptic,
        voc,
        yolo,
        darknet,
        mask_folder,
        masks_beside,
        labelme,
        via,
        cvat,
        label_studio,
        createml,
        kitti,
        bdd100k,
        box_table,
        hugging_face,
        supervisely,
        datumaro,
        fiftyone,
        oidv4,
        automl,
        official_splits,
    )
}
"""By name; a new family is a function above and a line here."""
