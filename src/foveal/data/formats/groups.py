"""Groups: images that hang together, such as frames of one video or photos of one patient, named by a rule.

A rule is the name of a column (of a table, or of the further fields of COCO's images), the word ``folder``, or a
regular expression on an image's path.

Shapes: N images.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath
from unicodedata import normalize

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names
from foveal.data.formats.layout import portable
from foveal.data.notes import plural
from foveal.errors import DataError

FOLDER = "folder"
"""The rule that takes the folder that an image lies in."""
HOW = (
    "Name a column, 'folder' for the images' sub-folders, or a regular expression on their paths, such as"
    " '([^/_]+)_' for what stands before the first underscore."
)


def with_groups(catalog: Catalog, rule: str) -> Catalog:
    """The same images with their groups.

    Args:
        catalog: As read; with groups where the rule names a column of its table.
        rule: See above; empty: no groups.

    Raises:
        DataError: The rule gives some image no group, or all the same; the message counts and has an example.
    """
    if not rule:
        return catalog
    found = catalog.groups or Names.of(_groups(catalog, rule))
    counts = Counter(found[i] for i in range(len(found)))
    if len(counts) == 1:
        (only,) = counts
        raise DataError(
            f"{catalog.root}: the groups rule '{rule}' puts all {plural(len(catalog), 'image')} into one group,"
            f" {only!r}.",
            HOW,
        )
    note = f"{plural(len(catalog), 'image')} in {plural(len(counts), 'group')}"
    sizes = sorted(counts.values())
    note += f" of {sizes[0]:,} to {sizes[-1]:,} (groups '{rule}')." if sizes[-1] > 1 else f": '{rule}' groups nothing."
    return replace(catalog, groups=found, notes=(*catalog.notes, note))


def _groups(catalog: Catalog, rule: str) -> list[str]:
    if rule == FOLDER:
        return _folders(catalog)
    if re.fullmatch(r"\w+", rule) and catalog.extras is not None:
        fields = [_fields(catalog.extras[i]) for i in range(len(catalog))]
        if any(rule in one for one in fields):
            return _column(catalog, rule, fields)
    return _matches(catalog, rule)


def _fields(extras: str) -> dict[str, object]:
    """Further fields of an image, which its format keeps under the format's name."""
    sections = json.loads(extras or "{}").values()
    return {key: value for section in sections if isinstance(section, dict) for key, value in section.items()}


def _column(catalog: Catalog, rule: str, fields: list[dict[str, object]]) -> list[str]:
    empty = [i for i, one in enumerate(fields) if one.get(rule) in (None, "")]
    if empty:
        raise DataError(
            f"{catalog.root}: {len(empty):,} of {plural(len(catalog), 'image')} lack the field '{rule}' that names"
            f" their group, such as {catalog.names[empty[0]]!r}.",
            "Fill it in; an image that stands alone is a group of its own.",
        )
    return [str(one[rule]) for one in fields]


def _folders(catalog: Catalog) -> list[str]:
    """The folders without those of the layout: splits and, in an image folder, the classes."""
    names = [PurePosixPath(portable(catalog.names[i])).parts[:-1] for i in range(len(catalog))]
    if catalog.format == "image_folder":
        classes = set(catalog.categories.names)
        names = [parts[1:] if parts and normalize("NFC", parts[0]) in classes else parts for parts in names]
    alone = [i for i, parts in enumerate(names) if not parts]
    if alone:
        raise DataError(
            f"{catalog.root}: {len(alone):,} of {plural(len(catalog), 'image')} lie in no sub-folder that names their"
            f" group, such as {catalog.names[alone[0]]!r}.",
            HOW,
        )
    return ["/".join(parts) for parts in names]


def _matches(catalog: Catalog, rule: str) -> list[str]:
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise DataError(f"The groups rule '{rule}' is no regular expression ({error}).", HOW) from None
    found = [pattern.search(catalog.names[i]) for i in range(len(catalog))]
    missed = [i for i, match in enumerate(found) if match is None or not _name(match)]
    if missed:
        how_many = "none" if len(missed) == len(catalog) else f"only {len(catalog) - len(missed):,}"
        raise DataError(
            f"{catalog.root}: the groups rule '{rule}' matches {how_many} of {plural(len(catalog), 'image')}; not"
            f" {catalog.names[missed[0]]!r}.",
            HOW,
        )
    return [_name(match) for match in found]


def _name(match: "re.Match[str] | None") -> str:
    """The pattern's first group if it has one, else all that it matched."""
    assert match is not None, "only what matches"
    return (match[1] or "") if match.re.groups else match[0]
