"""Which class each code of a mask data set is: from a table, from what is known, from a model, or from the codes alone.

Shapes: K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.data.catalog.pixel_values import Color, Kind, code_text
from foveal.data.formats.mask_folder.class_table import ClassTable, NamedClass
from foveal.data.formats.mask_folder.known import Known
from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.masks import IGNORE, MAX_CLASSES

VOID = frozenset({"void", "unlabelled", "unlabeled", "ignore", "ignored"})
"""Class names, in small letters, of pixels that are no class at all."""
USUAL_IGNORE = IGNORE
"""The code that masks have, by custom, where nothing is known."""
BINARY = {0, 255}
"""Codes of masks that were saved to be looked at: black and white."""


@dataclass(frozen=True)
class Held:
    """What the masks of a data set hold.

    Attributes:
        kind: What their codes are.
        codes: All that occur, rising.
        palette: The colours of those that have any.
    """

    kind: Kind
    codes: tuple[int, ...]
    palette: Mapping[int, Color]


@dataclass
class Draft:
    """A class map in the making.

    Attributes:
        rows: Each class with its code.
        ignored: Codes that count nowhere.
        notes: What was decided.
        title: What messages call the source of the names; empty: there is none.
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
    """The class map, its ``source_ids`` the codes of the classes, and remarks on how it came about.

    Args:
        root: The data set, for messages.
        held: What the masks hold.
        table: The data set's own classes.
        known: A public data set that it is; counts only where there is no table and no model.
        ignore: Codes that count nowhere, as asked for.
        fixed: A model's class map, to be kept: codes are mapped by the table's names where there is one, else by the
            codes that the model was trained on.

    Raises:
        DataError: Colours that nothing names, one class only, or too many.
        CategoryError: A name that stands twice, two classes with one code, or a class that the model lacks.
    """
    ignored = set(ignore)
    if table is not None:
        draft = Draft(_coded(root, held, table), ignored, [], table.title)
    elif fixed is not None:
        codes = fixed.source_ids or tuple(range(len(fixed)))
        draft = Draft([(c, NamedClass(n)) for c, n in zip(codes, fixed.names, strict=True)], ignored, [])
    elif known is not None:
        colors = known.colors or (None,) * len(known.names)
        rows = [(c, NamedClass(n, color=colors[c])) for c, n in enumerate(known.names)]
        draft = Draft(rows, ignored | {known.ignored}, [])
        draft.notes = [
            f"These are {known.title}'s images and codes: its {len(known.names)} class names were taken, and"
            f" {known.ignored} counts nowhere. --classes (in training"
            " --data.classes) gives others."
        ]
    else:
        draft = _occurring(root, held, ignored)
    if fixed is not None:
        draft.ignored |= set(fixed.ignore_ids) - {code for code, _ in draft.rows}
    _leave_out(draft, held)
    return (_settled(root, held, draft) if fixed is None else _fitted(held, draft, fixed)), draft.notes


def _coded(root: Path, held: Held, table: ClassTable) -> list[tuple[int, NamedClass]]:
    """The classes of a table with the code that each has in the masks."""
    rows = table.rows
    if held.kind == "colour":
        without = [row.name for row in rows if row.color is None and row.id is None]
        if without:
            raise DataError(
                f"{root}: the masks are RGB, and {table.title} gives {without[0]!r} no colour.",
                "Give each class the colour that it has in the masks, such as `128 64 128 road`.",
            )
        return [(_packed(row.color) if row.color is not None else row.id or 0, row) for row in rows]
    if rows[0].id is not None:
        return [(row.id or 0, row) for row in rows]
    if len(rows) == len(BINARY) and set(held.codes) <= BINARY and max(BINARY) in held.codes:
        return list(zip(sorted(BINARY), rows, strict=True))
    return _by_palette(held, rows) or list(enumerate(rows))


def _by_palette(held: Held, rows: Sequence[NamedClass]) -> list[tuple[int, NamedClass]]:
    """Classes by the colours of palette entries, where the table names the colour of every entry in use."""
    entries = {color: code for code, color in held.palette.items() if code != USUAL_IGNORE}
    colors = {row.color for row in rows}
    if not entries or None in colors or not set(entries) <= colors:
        return []
    free, out = _free({*held.codes, *range(len(rows))}), []
    for at, row in enumerate(rows):
        if row.color in entries:
            code = entries[row.color]
        elif at not in held.codes:
            code = at
        else:
            code = free()
        out.append((code, row))
    return out


def _occurring(root: Path, held: Held, ignored: set[int]) -> Draft:
    """One class a code."""
    if held.kind == "colour":
        gray = all(code % 0x010101 == 0 for code in held.codes)
        one = " All of them are gray: masks of one channel would do without a table." if gray else ""
        raise DataError(
            f"{root}: the masks are RGB with {plural(len(held.codes), 'colour')}, and nothing says which is what.{one}",
            "Give a table of classes, --classes FILE (in training --data.classes): lines such as `128 64 128 road`, or"
            " CSV with the columns name,r,g,b; as classes.csv beside the data it is found.",
        )
    codes = [code for code in held.codes if code not in ignored]
    if len(codes) - (USUAL_IGNORE in codes) >= 2:
        codes = [code for code in codes if code != USUAL_IGNORE]
    rows = [(code, NamedClass(str(code))) for code in codes]
    note = (
        f"Nothing names the {plural(len(rows), 'class')}; each is called by its code."
        " --classes (in training --data.classes) gives names."
    )
    return Draft(rows, ignored, [note])


def _leave_out(draft: Draft, held: Held) -> None:
    """Move what counts nowhere from the classes to the codes ignored: what was asked for, void, and 255."""
    draft.rows = [(code, row) for code, row in draft.rows if code not in draft.ignored]
    void = (
        [(code, row.name) for code, row in draft.rows if row.name.strip("_ ").casefold() in VOID] if draft.title else []
    )
    if void:
        draft.ignored |= {code for code, _ in void}
        draft.rows = [(code, row) for code, row in draft.rows if code not in draft.ignored]
        said = listed([f"{name!r} ({code_text(code, held.kind)})" for code, name in void])
        draft.notes.append(f"By its name no class, and counts nowhere: {said}.")
    taken = {code for code, _ in draft.rows} | draft.ignored
    if held.kind != "colour" and USUAL_IGNORE in held.codes and USUAL_IGNORE not in taken:
        draft.ignored.add(USUAL_IGNORE)
        draft.notes.append(
            f"Pixels of code {USUAL_IGNORE} count nowhere, as is usual; --classes (in training --data.classes) may name"
            " it."
        )


def _settled(root: Path, held: Held, draft: Draft) -> Categories:
    """The data set's own class map."""
    rows, where = draft.rows, draft.title or str(root)
    if len(rows) < 2:
        only = f"only one class, {rows[0][1].name!r}" if rows else "no class"
        raise DataError(
            f"{where} has {only}; telling classes apart takes at least two.",
            f"Codes in the masks: {listed([code_text(code, held.kind) for code in held.codes]) or 'none'}.",
        )
    if len(rows) > MAX_CLASSES:
        raise DataError(
            f"{where} has {len(rows):,} classes; masks may have at most {MAX_CLASSES}.",
            "Take classes together, or leave codes out with --ignore (in training --data.ignore)."
            " Numbers of objects are no classes.",
        )
    try:
        return Categories(
            tuple(row.name for _, row in rows),
            tuple(code for code, _ in rows),
            tuple(sorted(draft.ignored)),
            _colors(held, rows),
        )
    except CategoryError as error:
        raise CategoryError(f"{where}: {error.what}", error.hint) from None


def _colors(held: Held, rows: Sequence[tuple[int, NamedClass]]) -> tuple[Color, ...]:
    """The table's or the palette's, filled up where some are missing; none where those there are, are all gray."""
    given: list[Color | None] = [
        row.color or (_unpacked(code) if held.kind == "colour" else held.palette.get(code)) for code, row in rows
    ]
    if not any(color is not None and len(set(color)) > 1 for color in given):
        return ()
    plain = Categories(tuple(row.name for _, row in rows))
    return tuple(plain.color(k) if color is None else color for k, color in enumerate(given))


def _fitted(held: Held, draft: Draft, fixed: Categories) -> Categories:
    """A model's class map with the codes that its classes have here."""
    codes: dict[int, int] = {}
    for code, row in draft.rows:
        if row.name in fixed:
            codes[fixed.index(row.name)] = code
        elif code in fixed.ignore_ids:
            draft.ignored.add(code)
        elif code in held.codes:
            fixed.index(row.name, where=draft.title)
    free = _free({*held.codes, *codes.values(), *fixed.source_ids, *fixed.ignore_ids, *draft.ignored})
    source = tuple(codes[k] if k in codes else free() for k in range(len(fixed)))
    ignored = draft.ignored | (set(fixed.ignore_ids) - set(source))
    same = source == (fixed.source_ids or tuple(range(len(fixed)))) and ignored == set(fixed.ignore_ids)
    return fixed if same else replace(fixed, source_ids=source, ignore_ids=tuple(sorted(ignored)))


def _free(taken: set[int]) -> Callable[[], int]:
    """Gives codes that nothing has, lowest first."""
    numbers = (code for code in range(len(taken) + 2 * MAX_CLASSES) if code not in taken)
    return lambda: next(numbers)


def _packed(color: Color) -> int:
    red, green, blue = color
    return red << 16 | green << 8 | blue


def _unpacked(code: int) -> Color:
    return code >> 16, code >> 8 & 0xFF, code & 0xFF
