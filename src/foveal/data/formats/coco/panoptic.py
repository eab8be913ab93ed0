"""COCO panoptic: segments in PNG files, read as objects with masks.

A pixel's colour is its segment's id, R + 256 G + 65536 B; 0 is no segment. ``segments_info`` gives the class of each.

Shapes: H W of the PNG.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.data.formats import layout
from foveal.data.formats.coco.columns import Columns, Fault
from foveal.data.formats.coco.told import Told
from foveal.data.formats.resolver import Resolver
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.ops.masks import box_of
from foveal.ops.threads import in_threads
from foveal.types.rle import Rle

PNG = frozenset({".png"})
SEGMENT_KEYS = frozenset({"id", "category_id", "area", "bbox", "iscrowd"})


class PanopticColumns(Columns):
    """Takes the annotations of a panoptic file: one per image, with all its segments.

    Args:
        path: The file; its PNG files are in a folder of its name.
        root: Folder that names are relative to.
        title: The file, in messages.
        told: Collects values of another form.

    Attributes:
        segments: Number of segments that were read.
        locate: Finds the PNG files.
    """

    def __init__(self, path: Path, root: Path, title: str, told: Told) -> None:
        super().__init__(title, told)
        self.path, self.segments = path, 0
        beside = layout.relative(path.parent, root)
        folders = [f"{beside}/{path.stem}", path.stem, beside, ""]
        self.locate = Resolver(root, folders, suffixes=PNG)

    def take(self, items: list[Any]) -> None:
        """Take the next images' segments."""
        first = self.count
        located = [self._named(item) for item in items]  # not in threads, which the resolver is not for
        for at, (item, name, ids) in enumerate(in_threads(self._read, zip(items, located, strict=True)), first):
            place = f"annotations[{at}]"
            if not isinstance(item, dict):
                self.faults.append(Fault(at, "", None, None, f"{place} is not a JSON object", "dropped"))
                continue
            infos = item.get("segments_info")
            infos = [info for info in infos if isinstance(info, dict)] if isinstance(infos, list) else []
            image = item.get("image_id")
            if isinstance(ids, str):
                category = infos[0].get("category_id") if infos else None
                message = f"its PNG file {item.get('file_name')!r} {ids}"
                self.faults.append(Fault(at, place, image, category, message, "dropped"))
                continue
            records = []
            for info in infos:
                if (record := _record(ids, info, image)) is not None:
                    records.append(record)
                    continue
                message = f"its segment {info.get('id')!r} has no pixels in {name}"
                self.faults.append(Fault(at, place, image, info.get("category_id"), message, "dropped"))
            if records:
                self.count, before = at, len(self.at)
                super().take(records)
                self.at[before:] = [np.full(len(part), at) for part in self.at[before:]]
                self.segments += len(records)
        self.count = first + len(items)

    def check(self) -> None:
        """Check that any segment was read.

        Raises:
            DataError: None was, and there are faults; the message has the first.
        """
        if self.faults and not self.segments:
            raise DataError(
                f"{self.path}: not one of its segments can be read. The first: {self.faults[0].message}"
                f" ({self.faults[0].place}).",
                f"Put its PNG files into the folder {self.path.stem}, beside the file or beside the images.",
            )

    def _named(self, item: Any) -> str | None:
        """The PNG file of an annotation; None: there is none."""
        written = item.get("file_name") if isinstance(item, dict) else None
        return self.locate(written) if isinstance(written, str) and layout.is_file_name(written) else None

    def _read(self, pair: tuple[Any, str | None]) -> tuple[Any, str | None, NDArray[np.int32] | str]:
        """An annotation, the name of its PNG file, and (H, W) segment ids or why there are none."""
        item, name = pair
        if name is None:
            return item, name, "does not exist"
        try:
            with Image.open(self.locate.root / name) as image:
                pixels = np.asarray(image.convert("RGB"), np.int32)
        except (OSError, SyntaxError, ValueError) as error:
            return item, name, f"cannot be read ({error})"
        return item, name, pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]


def panoptic_notes(columns: Sequence[PanopticColumns]) -> list[str]:
    """What was made of the segments of some files, and which PNG files have other names."""
    if not columns:
        return []
    first, *rest = [own.locate for own in columns]
    segments = plural(sum(own.segments for own in columns), "PNG segment")
    return [f"{segments} read as objects with masks, those of stuff, too.", *first.notes(*rest)]


def _record(ids: NDArray[np.int32], info: dict[str, Any], image: Any) -> dict[str, Any] | None:
    """A segment as an annotation of an object; None: it has no pixels."""
    key = info.get("id")
    mask = Rle.of(ids == key) if isinstance(key, int) else None
    if mask is None or not mask.area:
        return None
    x1, y1, x2, y2 = box_of(mask).tolist()
    return {
        "image_id": image,
        "category_id": info.get("category_id"),
        "bbox": info.get("bbox") or [x1, y1, x2 - x1, y2 - y1],
        "area": info.get("area", mask.area),
        "iscrowd": info.get("iscrowd", 0),
        "segmentation": mask.to_coco(),
        **{k: v for k, v in info.items() if k not in SEGMENT_KEYS},
    }
