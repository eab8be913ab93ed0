"""What the page of a comparison is given."""

from collections.abc import Iterator
from pathlib import Path

from foveal.artifact.atomic import write_atomic
from foveal.data.notes import plural
from foveal.engine.logs.log import duration
from foveal.metrics.contract import Lines
from foveal.report.comparison import (
    Change,
    ComparisonContent,
    FlipShown,
    FlipsShown,
    PairShown,
    SideShown,
    render_comparison,
)
from foveal.report.content import CaptionedImage, Key
from foveal.report.figures.files import write_figures
from foveal.report.figures.history import training_curves
from foveal.report.page import PAGE, why_no_page
from foveal.report.wording import heading
from foveal.runs.several.comparison import Comparison, Pair
from foveal.runs.several.drawn import pixels_of
from foveal.runs.several.flips import Flip, counts_of, flips_of, one_of
from foveal.runs.several.sides import Given, Member
from foveal.runs.several.wording import decision, evidence, is_known, letters
from foveal.types.arrays import RGB

SHOWN, SHOWN_OF_SEVERAL = 24, 8
"""Images per pair: of one pair, and of several."""
MOST_PAIRS = 6
"""Pairs whose images are shown."""


def write_page(done: Comparison, folder: Path) -> list[str]:
    """Write report.html, and the learning curves as PNG.

    Returns:
        A note where there is no page because a package is missing.

    Raises:
        RunError: They cannot be written.
    """
    if note := why_no_page():
        return [note]
    content = content_of(done)
    html = render_comparison(content)
    if content.curves:
        write_figures(folder / "figures", list(content.curves))
    write_atomic(folder / PAGE, html.encode("utf-8", "replace"))
    return []


def content_of(done: Comparison) -> ComparisonContent:
    """Everything on the page."""
    keys = letters(len(done.sides))
    columns = list(next(iter(done.per_class.values()), {}))[:3]
    most = SHOWN if len(done.pairs) == 1 else SHOWN_OF_SEVERAL
    output = done.sides[0].members[0].kept.output()
    return ComparisonContent(
        " vs ".join(Path(name.partition(",")[0]).name for name in done.names),
        done.sides[0].members[0].kept.header["task"],
        done.metric,
        len(done.common),
        [SideShown(key, side.name, len(side.members), facts(side)) for key, side in zip(keys, done.sides, strict=True)],
        [shown(done, pair) for pair in done.pairs],
        done.settings,
        columns,
        [(name, [row[column] for column in columns]) for name, row in done.per_class.items()],
        [flips(done, pair, most=most) for pair in done.pairs[:MOST_PAIRS]],
        [Key(*entry) for entry in output.key],
        curves(done),
        done.notes,
    )


def facts(side: Given) -> str:
    """How long its runs took, and the epoch that was kept."""
    first = side.members[0].facts
    seconds = sum(float(str(one.facts["seconds"])) for one in side.members if "seconds" in one.facts)
    parts = [f"trained for {duration(seconds)}"] if seconds else []
    if len(side.members) == 1 and "best_epoch" in first:
        parts.append(f"epoch {first['best_epoch']} of {first.get('epochs', '?')} kept")
    if side.folds:
        parts.append("every image predicted by a run that did not train on it")
    return ", ".join(parts)


def shown(done: Comparison, pair: Pair) -> PairShown:
    """A pair in words, and its metrics, the deciding one first."""
    keys = letters(len(done.sides))
    mine = [found for a, b, found in done.others if (a, b) == (pair.a, pair.b) and is_known(found)]
    changes = [
        Change(one.metric, one.a, one.b, one.difference, one.low, one.high, done.better[one.metric] == "less")
        for one in mine
    ]
    # The decision's own interval: an exact test may have widened it.
    own = pair.difference
    first = Change(own.metric, own.a, own.b, own.difference, own.low, own.high, done.better[own.metric] == "less")
    changes = [first, *(one for one in changes if one.name != own.metric)]
    words = decision(done, pair)
    return PairShown(keys[pair.a], keys[pair.b], words, "better" in words, evidence(done, pair), changes)


def flips(done: Comparison, pair: Pair, *, most: int) -> FlipsShown:
    """The images on which two sides differ most."""
    keys, (by_a, by_b) = letters(len(done.sides)), counts_of(done, pair)
    found = flips_of(done, pair, most=most)
    if not found:
        return FlipsShown(keys[pair.a], keys[pair.b], "Both predict every image equally well.", [])
    about = f"{keys[pair.a]} predicts {plural(by_a, 'image')} better, {keys[pair.b]} {plural(by_b, 'image')}."
    several_shown = by_a + by_b > len(found)
    about += f" The {len(found)} that differ most:" if several_shown else " The largest difference first:"
    several = [side for side in (pair.a, pair.b) if len(done.sides[side].members) > 1]
    if several:
        about += f" Of {' and '.join(keys[side] for side in several)} the prediction of the first run is shown."
    images = [FlipShown(flip.path, drawings(done, pair, flip), flip.truth, flip.by_a, flip.by_b) for flip in found]
    gone = sum(not image.drawings for image in images)
    if gone:
        about += f" {plural(gone, 'image')} cannot be shown: the file is gone, or has changed."
    return FlipsShown(keys[pair.a], keys[pair.b], about, images)


def drawings(done: Comparison, pair: Pair, flip: Flip) -> list[CaptionedImage]:
    """The image with each side's prediction, or once where nothing is drawn on it; none where it is gone."""
    kept = done.sides[pair.a].members[0].kept
    pixels = pixels_of(kept, done.common.places[pair.a][0][flip.position])
    if pixels is None:
        return []
    output, found = kept.output(), list[RGB]()
    for side in (pair.a, pair.b):
        truth, prediction = one_of(done, side, flip.position)
        found.append(output.draw_evaluated(pixels, truth, prediction))
    same = found[0].shape == found[1].shape and bool((found[0] == found[1]).all())
    return [CaptionedImage(one, "") for one in (found[:1] if same else found)]


def curves(done: Comparison) -> list[Lines]:
    """The learning curves of all sides, one over the other: the headline metric and the losses."""
    headline = done.sides[0].members[0].kept.output().goal.metric
    together: dict[str, dict[str, Lines]] = {}
    for name, member in _named(done):
        for panel in training_curves(member.history, headline):
            for curve, points in panel.curves.items():
                title = panel.title if curve in (panel.title, headline) else heading(curve)
                part = Lines(title, panel.x_title, panel.y_title, {name: points}, shares=panel.shares)
                together.setdefault(title, {})[name] = part
    found = []
    for title, parts in together.items():
        if title == "Learning rate" or len(parts) < 2:
            continue
        first = next(iter(parts.values()))
        lines = {name: part.curves[name] for name, part in parts.items()}
        shares = first.shares if len({part.shares for part in parts.values()}) == 1 else ""
        found.append(Lines(title, first.x_title, "", lines, shares=shares))
    return found


def _named(done: Comparison) -> Iterator[tuple[str, Member]]:
    """Every run with a learning curve: A, or A 1, A 2 ... of several."""
    for key, side in zip(letters(len(done.sides)), done.sides, strict=True):
        for number, member in enumerate(side.members, 1):
            if member.history:
                yield (key if len(side.members) == 1 else f"{key} {number}"), member
