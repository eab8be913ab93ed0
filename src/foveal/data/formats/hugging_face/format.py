"""Hugging Face's image folder as a format among others; Parquet and Arrow files are told apart from it."""

from foveal.data.formats.hugging_face import reader
from foveal.data.formats.hugging_face.boxes import NAME
from foveal.data.formats.hugging_face.metadata import METADATA, PARQUET, files_of, sample_of
from foveal.data.formats.hugging_face.rows import has_objects, label_key, path_key
from foveal.data.formats.hugging_face.stored import refusal
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed
from foveal.errors import MissingExtraError


def find(tree: Tree) -> Evidence | Doubt | None:
    """Files called metadata.jsonl or metadata.parquet whose rows name images."""
    names = files_of(tree)
    try:
        rows = [row for name in names for row in sample_of(tree.path(name))]
    except MissingExtraError as error:
        stored = [name for name in names if name.lower().endswith(PARQUET)]
        return Doubt(f"{tree.root}: to read {listed(stored)}, pyarrow is needed.", error.hint)
    if not names or not path_key(rows):
        return refusal(tree)
    label, boxes = label_key(rows), has_objects(rows)
    if not label and not boxes:
        keys = dict.fromkeys(key for row in rows for key in row)
        return Doubt(
            f"{tree.root}: {listed(names)} names images, but no labels and no boxes; its keys are {listed([*keys])}.",
            f"Add a key 'label' or 'objects' to {METADATA}.",
        )
    what = "objects with boxes" if boxes else "labels"
    seen = f"{listed(names)} {'names' if len(names) == 1 else 'name'} images and their {what}"
    where = tree.labels or tree.path(tree.file)
    return Evidence(
        where, seen, Sure.CERTAIN, ("boxes", "labels") if boxes and label else ("boxes",) if boxes else ("labels",)
    )


FORMAT = Format(NAME, "a Hugging Face image folder", find, reader.read)
