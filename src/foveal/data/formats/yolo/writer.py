"""A Catalog as a YOLO data set: ``data.yaml``, images in ``images/<split>/``, one text file each in ``labels/``.

Lines are boxes, or polygons if every object of the data set has exactly one: tools misread files that mix them. Crowds,
difficult and ignored objects cannot be marked in YOLO, where every line is a positive: they are stored in the side-car
only.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.sidecar.writer import Aside
from foveal.data.formats.splits import split_name
from foveal.data.formats.yolo.label_files import IMAGES, label_file
from foveal.data.formats.yolo.layouts.yaml_file import OWN_KEYS, POLYGONS_TASK, YAML_NAMES
from foveal.data.formats.yolo.record import NAME, ORIENTED_FIELDS, object_of
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS, Flag

DECIMALS = 12
"""Decimals of relative coordinates: less than a millionth of a pixel for any image."""
MIN_NUMBERS = 6
"""Number of coordinates of the smallest polygon."""


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image; label files have the images' stems, so stems must differ."""
    folders = [SPLITS[0 if code == UNASSIGNED else code] for code in catalog.splits.tolist()]
    # Images called images/... would have their label file in a wrong folder.
    safe = ["/".join("images_" if p == IMAGES else p for p in name.split("/")[:-1]) for name in own]
    flat = [f"{folder}/{name.rpartition('/')[2]}" if folder else name for folder, name in zip(safe, own, strict=True)]
    return layout.unique([f"images/{f}/{name}" for f, name in zip(folders, flat, strict=True)], by_stem=True)


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write all files but the images.

    Args:
        catalog: With objects and sizes.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Takes what YOLO cannot store.
    """
    assert catalog.objects is not None and catalog.sizes is not None, "only data sets with objects are written"
    rows = [catalog.objects[i] for i in range(len(catalog))]
    polygons = all(_is_one_polygon(o) for row in rows for o in row if not o.flags & IGNORED_FLAGS)
    lengths: set[int] = set()
    for i, name in enumerate(names):
        size = (int(catalog.sizes[i][0]), int(catalog.sizes[i][1]))
        lines = []
        for at, item in enumerate(rows[i]):
            if item.flags & IGNORED_FLAGS:
                aside.whole(name, at, item, catalog.categories.names[item.label], _flags_text(item))
                continue
            line = _line(item, size, polygon=polygons)
            fields = line.split()
            back = object_of([float(text) for text in fields[1:]], item.label, size)
            aside.object(name, line, item, back)
            lines.append(line + "\n")
            lengths.add(len(fields))
        file = folder / label_file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines), "utf-8", newline="\n")
        aside.image(name, extras[i], {layout.NAME_KEY: layout.portable(name)})
        split = int(catalog.splits[i])
        aside.split(name, split, 0 if split == UNASSIGNED else split)
    about = json.loads(catalog.about) if catalog.about else {}
    more = about.get(NAME, {})
    more = (
        {k: v for k, v in more.items() if k not in OWN_KEYS and split_name(k) is None} if isinstance(more, dict) else {}
    )
    there = [split for split in SPLITS if any(name.startswith(f"images/{split}/") for name in names)]
    document = {
        **{split: f"images/{split}" for split in there},
        "names": dict(enumerate(catalog.categories.names)),
        # Else polygons of four points may be taken for oriented boxes.
        **({"task": POLYGONS_TASK} if lengths == {ORIENTED_FIELDS} else {}),
        **more,
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    (folder / YAML_NAMES[0]).write_text(text, "utf-8", newline="\n")
    aside.class_map(catalog.categories, Categories(catalog.categories.names))
    aside.data_set(about, {NAME: more} if more else {})


def _line(item: Object, size: tuple[int, int], *, polygon: bool) -> str:
    width, height = size
    if polygon:
        numbers = [value / size[at % 2] for at, value in enumerate(item.segmentation[0])]
    else:
        x1, y1, x2, y2 = item.box
        numbers = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    # Some trainers discard all labels of an image if one coordinate lies outside, by however little.
    return " ".join([str(item.label), *(_short(min(max(value, 0.0), 1.0)) for value in numbers)])


def _short(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _is_one_polygon(item: Object) -> bool:
    segmentation = item.segmentation
    if not (isinstance(segmentation, list) and len(segmentation) == 1 and isinstance(segmentation[0], list)):
        return False
    return len(segmentation[0]) >= MIN_NUMBERS and len(segmentation[0]) % 2 == 0


def _flags_text(item: Object) -> str:
    names = [str(flag.name).lower() for flag in Flag if item.flags & flag & IGNORED_FLAGS]
    return f"{' and '.join(names)} object"
