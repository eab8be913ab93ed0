"""What is beside images and masks and is not read."""

from foveal.data.formats.mask_folder.class_table import TABLES
from foveal.data.formats.mask_folder.layout import Layout

ANNOTATIONS = (
    ".json", ".jsonl", ".ndjson", ".xml", ".csv", ".tsv", ".txt", ".yaml", ".yml", ".mat", ".npy", ".npz", ".nii",
    ".gz", ".parquet", ".geojson", ".pkl", ".tfrecord",
)  # fmt: skip
"""Suffixes of files that may hold annotations."""
ABOUT = ("readme", "license", "licence", "copying", "changelog", "citation")
"""Beginnings of names of files that say something of the data set, not of its images."""


def unread(there: Layout) -> tuple[str, ...]:
    """Folders and files beside and among the images and masks that hold something else."""
    if there.voc:
        return ()
    tree = there.tree
    used = {name for one in there.folders for name in (one.images, one.masks)} | {name for _, name in there.left}
    homes = {above for name in used for above in _above(name)} | {""}
    found = []
    for home in sorted(homes):
        folder = tree.folder(home)
        if home not in used:
            found += [folder.inside(name) for name in folder.images]
        found += [folder.inside(name) for name in folder.others if _annotates(name)]
        for name in map(folder.inside, folder.folders):
            if name not in homes and name not in used and not any(name.startswith(f"{one}/") for one in used):
                found += [name] if any(one.images or one.others for one in tree.folders(name)) else []
    for home in sorted(used - homes):
        for folder in tree.folders(home):
            found += [folder.inside(name) for name in folder.others if _annotates(name)]
    return tuple(dict.fromkeys(found))


def _annotates(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(ANNOTATIONS) and not lower.startswith(ABOUT) and lower not in TABLES


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:k]) for k in range(len(parts))]
