"""Which of the regions' attributes is the class: VIA leaves that to the user."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from foveal.data.formats.listings.documents import is_true
from foveal.data.formats.listings.listing import FLAG_WORDS
from foveal.data.notes import listed

TITLES = ("class", "classname", "label", "category", "name", "type", "object", "objectname", "species", "tag")
"""Names of attributes that are usually the class, likeliest first, in lower case without blanks and underscores."""
ONLY = "object"
"""The class of regions that have no attributes."""


def class_attribute(regions: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The attribute that is the class, and a note.

    Args:
        regions: The attributes of all regions.

    Returns:
        The attribute; empty: regions have none, and all are of the class ``ONLY``.
    """
    counts = Counter(name for region in regions for name, value in region.items() if value not in ("", None, {}))
    names = [name for name in counts if name.lower() not in FLAG_WORDS]
    if not names:
        return "", f"Regions have no attributes; all are of one class, '{ONLY}'." if regions else ""
    usual = [name for title in TITLES for name in names if name.lower().replace("_", "").replace(" ", "") == title]
    best = (usual or sorted(names, key=lambda name: (-counts[name], name)))[0]
    rest = [name for name in names if name != best]
    return best, f"The class is the regions' attribute {best!r}; other attributes: {listed(rest)}." if rest else ""


def class_of(attributes: Mapping[str, Any], name: str) -> object:
    """A region's class; of a list of checkboxes the only one that is set."""
    if not name:
        return ONLY
    value = attributes.get(name)
    if isinstance(value, dict):
        chosen = [title for title, given in value.items() if is_true(given)]
        return chosen[0] if len(chosen) == 1 else chosen
    return value
