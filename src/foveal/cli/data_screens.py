"""What ``foveal data`` prints."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from foveal.cli.terminal import print_table
from foveal.data.formats.convert import Conversion
from foveal.data.inspection.check import Problem
from foveal.data.inspection.inspect import Inspection, Spread
from foveal.data.inspection.masks import MaskCounts
from foveal.data.inspection.objects import ObjectCounts
from foveal.data.notes import plural
from foveal.engine.logs.log import RichLog

MAX_ROWS = 40
"""Rows of a table on screen; --json gives all."""


def inspection_screen(seen: Inspection, task: str) -> None:
    """Facts, a table of classes, notes and unusual files."""
    console = Console()
    RichLog(console).say(dict(_facts(seen, task)))
    title = "class" if seen.annotation == "labels" else "images with"
    _print_classes(console, seen.classes, list(seen.splits), title)
    if seen.objects is not None:
        _print_classes(console, seen.objects.classes, list(seen.splits), "objects of")
    if seen.masks is not None:
        _print_pixels(console, seen.masks, list(seen.splits))
    _rest(console, len(seen.classes))
    if seen.notes or seen.odd:
        console.print()
    for note in seen.notes:
        console.print(Text(f"note: {note}", "yellow"), soft_wrap=True)
    for path, reason in seen.odd[:MAX_ROWS]:
        console.print(Text(f"unusual: {path} {reason}", "yellow"), soft_wrap=True)
    _rest(console, len(seen.odd))


def conversion_screen(done: Conversion, notes: Sequence[str]) -> None:
    """What was written, and each field that the format cannot store."""
    console = Console()
    splits = _counts(done.splits)
    objects = f" with {plural(done.objects, 'object')}" if done.objects else ""
    line = f"Wrote {plural(done.images, 'image')}{objects} to {done.path}"
    console.print(Text(f"{line} ({done.format}{'; ' + splits if splits else ''})."), soft_wrap=True)
    for note in notes:
        console.print(Text(f"note: {note}", "yellow"), soft_wrap=True)
    if not done.kept:
        console.print("The format stores everything.", style="dim")
        return
    console.print("\nNot stored by the format:")
    rows = [(kept.field, f"{kept.count:,}", kept.where) for kept in done.kept]
    print_table(console, ("field", "count", "kept in"), rows, left=(0, 2))


def problems_screen(problems: Sequence[Problem], *, images: int | None) -> None:
    """A line per problem, and how many of each kind; ``images`` is None where none could be checked."""
    console = Console()
    if images is not None and not problems:
        console.print(f"[bold green]No problems[/]: {plural(images, 'image')} decoded and compared.", highlight=False)
        return
    for problem in problems[:MAX_ROWS]:
        path, where = problem.path or problem.where, problem.where if problem.path else ""
        tail = f" ({where + ': ' if where else ''}{problem.action})" if problem.action else ""
        line = Text.assemble(
            (problem.kind, "bold yellow"), f"  {path}" if path else "", (f"  {problem.message}{tail}", "dim")
        )
        console.print(line, soft_wrap=True)
    _rest(console, len(problems))
    kinds = Counter(problem.kind for problem in problems).most_common()
    console.print("\n" + ", ".join(f"{count} {kind}" for kind, count in kinds), highlight=False)


def _facts(seen: Inspection, task: str) -> list[tuple[str, str]]:
    labels = "several labels per image" if seen.multi_label else "one label per image"
    kind = labels if seen.annotation == "labels" else seen.annotation
    facts = [
        ("path", seen.path),
        ("format", seen.format.replace("_", " ") + (f": {seen.why}" if seen.why else "")),
        ("task", f"{task}, {kind}"),
        ("images", f"{seen.images:,}"),
        ("splits", _counts(seen.splits)),
        ("classes", f"{len(seen.classes):,}"),
    ]
    for name, spread in (("width", seen.width), ("height", seen.height)):
        if spread is not None:
            facts.append((name, _range(spread)))
    if seen.objects is not None:
        facts += _object_facts(seen.objects)
    if seen.masks is not None:
        facts.append(("ignored", f"{seen.masks.ignored:.2%} of all pixels"))
    facts = [*facts, ("files", _counts(seen.formats))]
    return facts if seen.levels is None else [*facts, ("levels", seen.levels.text)]


def _range(spread: Spread) -> str:
    if spread.min == spread.max:
        return f"{spread.min} px"
    return f"{spread.min} to {spread.max} px, median {spread.median}"


def _object_facts(objects: ObjectCounts) -> list[tuple[str, str]]:
    each = objects.per_image
    facts = [
        ("objects", f"{objects.count:,}"),
        ("per image", f"{each['min']:g} to {each['max']:g}, median {each['median']:g}"),
        ("empty images", f"{objects.empty:,}"),
        ("areas", f"{_counts(objects.sizes)} (COCO: small below 32² px, medium below 96² px)"),
    ]
    more = {"flags": objects.flags, "segmentations": objects.segmentations, "faults": objects.repairs}
    for name, counts in more.items():
        if counts:
            facts.append((name, _counts(counts)))
    return facts


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _print_classes(
    console: Console, classes: Mapping[str, Mapping[str, int]], splits: Sequence[str], title: str
) -> None:
    rows = [(name, *(f"{counts[split]:,}" for split in splits)) for name, counts in list(classes.items())[:MAX_ROWS]]
    console.print()
    print_table(console, (title, *splits), rows)


def _print_pixels(console: Console, masks: MaskCounts, splits: Sequence[str]) -> None:
    rows = [
        (name, *(f"{counts[split]:,}" for split in splits), f"{masks.shares[name]:.2%}", f"{masks.median_px[name]:,}")
        for name, counts in list(masks.pixels.items())[:MAX_ROWS]
    ]
    console.print()
    print_table(console, ("pixels of", *splits, "share", "median per image"), rows)


def _rest(console: Console, count: int) -> None:
    if count > MAX_ROWS:
        console.print(f"  ... and {count - MAX_ROWS:,} more; --json gives all", style="dim", highlight=False)
