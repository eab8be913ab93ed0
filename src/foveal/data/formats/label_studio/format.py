"""Label Studio as a format among others."""

from foveal.data.formats.label_studio import reader
from foveal.data.formats.label_studio.record import LABEL_KEYS, NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree

TASK = frozenset({f"[].{key}[]" for key in ("annotations", "completions", "predictions")})
MIN = frozenset({"[].annotator", "[].annotation_id", "[].lead_time"})


def find(tree: Tree) -> Evidence | None:
    """JSON lists of tasks, with their results or in the short form."""
    found = sample(tree, _fits)
    return None if found is None else found.evidence("Label Studio's tasks")


def _fits(keys: frozenset[str]) -> bool:
    full = "[].data" in keys and bool(TASK & keys)
    ends = {key.rpartition(".")[2] for key in keys if key.startswith("[].")}
    short = ends & ({*LABEL_KEYS, "original_width"} - {"labels"})
    return full or bool(short) or len(MIN & keys) > 1


FORMAT = Format(NAME, "Label Studio", find, reader.read)
