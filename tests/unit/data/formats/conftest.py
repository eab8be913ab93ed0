"""Data sets of annotation tools, written on the spot."""

import json
from pathlib import Path

import pytest

from foveal.data.catalog.catalog import SPLITS, Catalog


@pytest.fixture
def lay(tmp_path, draw):
    """Write files into a new data set: images by suffix (64 x 48), text as it is, other values as JSON."""

    def make(files: dict[str, object], root: str = "set") -> Path:
        folder = tmp_path / root
        for seed, (name, content) in enumerate(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in (".jpg", ".png"):
                draw(path, seed)
            else:
                path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return folder

    return make


@pytest.fixture
def told():
    """What a catalog has, as plain values: name, split, and each object's class, box, flags and polygons."""

    def tell(catalog: Catalog) -> dict[str, tuple[str, list[tuple[str, tuple[float, ...], int]]]]:
        out = {}
        for i in range(len(catalog)):
            code = int(catalog.splits[i])
            rows = [(catalog.categories.names[o.label], o.box, o.flags) for o in catalog.objects[i]]
            out[catalog.names[i]] = ("" if code >= len(SPLITS) else SPLITS[code], rows)
        return out

    return tell
