"""Annotations and masks written by hand."""

import numpy as np
from PIL import Image

SIZE = (64, 48)
"""Width and height of every image."""
XML = """<annotation>
	<folder>VOC2007</folder>
	<filename>{name}.jpg</filename>
	<source><database>The Database</database><annotation>PASCAL VOC2007</annotation></source>
	<owner><flickrid>f</flickrid><name>n</name></owner>
	<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>
	<segmented>1</segmented>
{objects}
</annotation>
"""
OBJECT = """	<object>
		<name>{name}</name>
		<pose>{pose}</pose>
		<truncated>{truncated}</truncated>
		<difficult>{difficult}</difficult>
		<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox>
{more}	</object>"""


def voc_object(name, box, *, pose="Unspecified", truncated=0, difficult=0, more=""):
    """One ``object`` element."""
    return OBJECT.format(name=name, box=box, pose=pose, truncated=truncated, difficult=difficult, more=more)


GOOD = [10, 10, 20, 20]


def clean_document():
    """Two images with a box each."""
    return {
        "images": [{"id": i, "file_name": f"{i}.jpg", "width": 64, "height": 48} for i in range(2)],
        "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": list(GOOD)} for i in range(2)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }


def plant(**changes):
    """A second box in the first image."""

    def change(document):
        document["annotations"].append({"id": 9, "image_id": 0, "category_id": 1, "bbox": [30, 30, 5, 5], **changes})

    return change


IN_0 = "images/0.jpg"
WHERE = "annotations/instances.json, annotation 9"

TWO = [[0, 0, 1, 1], [0, 1, 1, 1]]
ONE = [[1, 1, 1, 1], [1, 1, 1, 1]]
RED_BLUE = np.array([[[255, 0, 0], [255, 0, 0]], [[0, 0, 255], [0, 0, 255]]], np.uint8)


def said(caught):
    return str(caught.value)


def write_files(root, files):
    """Write a data set: texts, bytes, and for None images of ``SIZE``, each of its own content."""
    for seed, (name, content) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
    return root
