"""The class of each pixel value: from a table, a known data set, a model, or the values alone.

Shapes: K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.data.catalog.pixel_values import Color, Kind, value_text
from foveal.data.formats.mask_folder.class_table import ClassTable, NamedClass
from foveal.data.formats.mask_folder.gray import GRAY, has_colors, is_gray, packed, unpacked
from foveal.data.formats.mask_folder.known import Known
from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE, MAX_CLASSES

VOID = frozenset({"void", "unlabelled", "unlabeled", "ignore", "ignored"})
"""Class names, in lower case, of pixels without a class."""
USUAL_IGNORE = IGNORE
"""The customary pixel value of ignored pixels."""
BINARY = {0, 255}
"""Pixel values of binary masks saved as black and white."""
EQUAL_CHANNELS = "The masks are saved as RGB with three equal channels, and are read as gray."


@dataclass(frozen=True)
class Held:
    """Pixel values of a data set's masks.

    Attributes:
        kind: Kind of the values.
        values: All that occur, rising.
        palette: Their colours, if any.
    """

    kind: Kind
    values: tuple[int, ...]
    palette: Mapping[int, Color]


@dataclass
class ClassMapDraft:
    """A class map under construction.

    Attributes:
        rows: Each class with its pixel value.
        ignored: Ignored pixel values.
        notes: What was decided.
        title: The source of the names, for messages; empty: none.
    """

    rows: list[tuple[int, NamedClass]]
    ignored: set[int]
    notes: list[str]
    title: str = ""


def class_map(
    root: Path,
    held: Held,
    *,
    table: ClassTable | None,
    known: Known | None,
    ignore: Sequence[int],
    fixed: Categories | None,
) -> tuple[Categories, list[str]]:
    """The class map, its ``source_ids`` the pixel values of the classes, and notes on it.

    RGB masks whose channels are all equal are gray; their pixel values stay those of the files, 0xRRGGBB.

    Args:
        root: The data set, for messages.
        held: The pixel values of the masks.
        table: The data set's own classes.
        known: The public data set that it was recognised as; used only without a table and a model.
        ignore: Pixel values to ignore.
        fixed: A model's class map, to be kept: pixel values are mapped by the table's names where there is one, else
            by those that the model was trained on.

    Raises:
        DataError: Colours without names, only one class, or too many.
        CategoryError: A duplicate name, two classes with one pixel value, or a class that the model lacks.
    """
    if held.kind != "colour":
        return _class_map(root, held, table, known, ignore, None if fixed is None else unpacked(fixed))
    colored = (table is not None and any(row.color is not None for row in table.rows)) or (
        fixed is not None and has_colors(fixed)
    )
    if colored or not is_gray(held.values):
        return _class_map(root, held, table, known, ignore, fixed)
    gray = Held("gray", tuple(value // GRAY for value in held.values), {})
    own, notes = _class_map(root, gray, table, known, ignore, None if fixed is None else unpacked(fixed))
    return packed(own), [EQUAL_CHANNELS, *notes]


def _class_map(
    root: Path,
    held: Held,
    table: ClassTable | None,
    known: Known | None,
    ignore: Sequence[int],
    fixed: Categories | None,
) -> tuple[Categories, list[str]]:
    ignored = set(ignore)
    if table is not None:
        draft = ClassMapDraft(_coded(root, held, table), ignored, [], table.title)
    elif fixed is not None:
        values = fixed.source_ids or tuple(range(len(fixed)))
        draft = ClassMapDraft([(c, NamedClass(n)) for c, n in zip(values, fixed.names, strict=True)], ignored, [])
    elif known is not None:
        colors = known.colors or (None,) * len(known.names)
        rows = [(v, NamedClass(n, color=c)) for v, n, c in zip(known.values, known.names, colors, strict=True)]
        draft = ClassMapDraft(rows, ignored | {*known.ignored}, [])
        one = len(known.ignored) == 1
        draft.notes = [
            f"Recognised as {known.title}: its {len(known.names)} class names are used, and"
            f" {str(known.ignored[0]) if one else f'{len(known.ignored)} other pixel values'}"
            f" {'is' if one else 'are'} ignored. Use --classes (in training --data.classes) to change this."
        ]
    else:
        draft = _occurring(root, held, ignored)
    if fixed is not None:
        draft.ignored |= set(fixed.ignore_ids) - {value for value, _ in draft.rows}
    _leave_out(draft, held)
    return (_settled(root, held, draft) if fixed is None else _fitted(held, draft, fixed)), draft.notes


def _coded(root: Path, held: Held, table: ClassTable) -> list[tuple[int, NamedClass]]:
    """The classes of a table with the pixel value that each has in the masks."""
    rows = table.rows
    if held.kind == "colour":
        without = [row.name for row in rows if row.color is None and row.id is None]
        if without:
            raise DataError(
                f"{root}: the masks are RGB, and {table.title} has no colour for {without[0]!r}.",
                "Give each class its colour in the masks, such as `128 64 128 road`.",
            )
        return [(_packed(row.color) if row.color is not None else row.id or 0, row) for row in rows]
    if rows[0].id is not None:
        return [(row.id or 0, row) for row in rows]
    if len(rows) == len(BINARY) and set(held.values) <= BINARY and max(BINARY) in held.values:
        return list(zip(sorted(BINARY), rows, strict=True))
    return _by_palette(held, rows) or list(enumerate(rows))


def _by_palette(held: Held, rows: Sequence[NamedClass]) -> list[tuple[int, NamedClass]]:
    """Classes by palette colours, where the table has the colour of every entry that occurs."""
    entries = {color: value for value, color in held.palette.items() if value != USUAL_IGNORE}
    colors = {row.color for row in rows}
    if not entries or None in colors or not set(entries) <= colors:
        return []
    free, out = _free({*held.values, *range(len(rows))}), []
    for at, row in enumerate(rows):
        if row.color in entries:
            value = entries[row.color]
        elif at not in held.values:
            value = at
        else:
            value = free()
        out.append((value, row))
    return out


def _occurring(root: Path, held: Held, ignored: set[int]) -> ClassMapDraft:
    """One class per pixel value."""
    if held.kind == "colour":
        raise DataError(
            f"{root}: the masks are RGB with {plural(len(held.values), 'colour')} but without class names.",
            "Give a table of classes, --classes FILE (in training --data.classes): lines such as `128 64 128 road`, or"
            " CSV with the columns name,r,g,b; a classes.csv in the data set is found by itself.",
        )
    values = [value for value in held.values if value not in ignored]
    if len(values) - (USUAL_IGNORE in values) >= 2:
        values = [value for value in values if value != USUAL_IGNORE]
    rows = [(value, NamedClass(str(value))) for value in values]
    note = (
        f"No names for {plural(len(rows), 'class')}; each is named by its pixel value."
        " Set names with --classes (in training --data.classes)."
    )
    return ClassMapDraft(rows, ignored, [note])


def _leave_out(draft: ClassMapDraft, held: Held) -> None:
    """Move the ``ignore`` values, void classes and 255 from the classes to the ignored pixel values."""
    draft.rows = [(value, row) for value, row in draft.rows if value not in draft.ignored]
    rows = draft.rows if draft.title else []
    void = [(value, row.name) for value, row in rows if row.name.strip("_ ").casefold() in VOID]
    if void:
        draft.ignored |= {value for value, _ in void}
        draft.rows = [(value, row) for value, row in draft.rows if value not in draft.ignored]
        shown = listed([f"{name!r} ({value_text(value, held.kind)})" for value, name in void])
        draft.notes.append(f"Ignored because of the name: {shown}.")
    taken = {value for value, _ in draft.rows} | draft.ignored
    if held.kind != "colour" and USUAL_IGNORE in held.values and USUAL_IGNORE not in taken:
        draft.ignored.add(USUAL_IGNORE)
        draft.notes.append(
            f"The pixel value {USUAL_IGNORE} is ignored by convention; --classes (in training --data.classes) can name"
            " it."
        )


def _settled(root: Path, held: Held, draft: ClassMapDraft) -> Categories:
    """The data set's own class map."""
    rows, where = draft.rows, draft.title or str(root)
    if len(rows) < 2:
        only = f"only one class, {rows[0][1].name!r}" if rows else "no class"
        raise DataError(
            f"{where} has {only}; segmentation needs at least two.",
            f"Pixel values in the masks: {listed([value_text(value, held.kind) for value in held.values]) or 'none'}.",
        )
    if len(rows) > MAX_CLASSES:
        raise DataError(
            f"{where} has {len(rows):,} classes; masks may have at most {MAX_CLASSES}.",
            "Merge classes, or ignore pixel values with --ignore (in training --data.ignore)."
            " Object numbers are not classes.",
        )
    try:
        return Categories(
            tuple(row.name for _, row in rows),
            tuple(value for value, _ in rows),
            tuple(sorted(draft.ignored)),
            _colors(held, rows),
        )
    except CategoryError as error:
        raise CategoryError(f"{where}: {error.what}", error.hint) from None


def _colors(held: Held, rows: Sequence[tuple[int, NamedClass]]) -> tuple[Color, ...]:
    """The table's or the palette's colours, completed where some are missing; none if all are gray."""
    given: list[Color | None] = [
        row.color or (_unpacked(value) if held.kind == "colour" else held.palette.get(value)) for value, row in rows
    ]
    if not any(color is not None and len(set(color)) > 1 for color in given):
        return ()
    plain = Categories(tuple(row.name for _, row in rows))
    return tuple(plain.color(k) if color is None else color for k, color in enumerate(given))


def _fitted(held: Held, draft: ClassMapDraft, fixed: Categories) -> Categories:
    """A model's class map with the pixel values of its classes in this data set."""
    values: dict[int, int] = {}
    for value, row in draft.rows:
        if row.name in fixed:
            values[fixed.index(row.name)] = value
        elif value in fixed.ignore_ids:
            draft.ignored.add(value)
        elif value in held.values:
            fixed.index(row.name, where=draft.title)
    free = _free({*held.values, *values.values(), *fixed.source_ids, *fixed.ignore_ids, *draft.ignored})
    source = tuple(values[k] if k in values else free() for k in range(len(fixed)))
    ignored = draft.ignored | (set(fixed.ignore_ids) - set(source))
    same = source == (fixed.source_ids or tuple(range(len(fixed)))) and ignored == set(fixed.ignore_ids)
    return fixed if same else replace(fixed, source_ids=source, ignore_ids=tuple(sorted(ignored)))


def _free(taken: set[int]) -> Callable[[], int]:
    """Returns unused pixel values, lowest first."""
    numbers = (value for value in range(len(taken) + 2 * MAX_CLASSES) if value not in taken)
    return lambda: next(numbers)


def _packed(color: Color) -> int:
    red, green, blue = color
    return red << 16 | green << 8 | blue


def _unpacked(value: int) -> Color:
    return value >> 16, value >> 8 & 0xFF, value & 0xFF
