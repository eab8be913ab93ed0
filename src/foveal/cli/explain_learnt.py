"""``foveal explain`` with --filters, --activations, --like or --map."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foveal.cli.terminal import Bar
    from foveal.inference.predictor import Predictor
    from foveal.runs.learnt.like import Likes

TOP = 5
"""Nearest images listed."""


@dataclass(frozen=True)
class Learnt:
    """What is asked for."""

    model: Path
    images: Sequence[str]
    filters: bool
    activations: str | None
    heads: str | None
    like: Path | None
    top: int | None
    map: Path | None

    @property
    def option(self) -> str:
        """The one option.

        Raises:
            ConfigError: There are several.
        """
        from foveal.errors import ConfigError

        asked: dict[str, object] = {
            "--filters": self.filters,
            "--activations": self.activations,
            "--heads": self.heads,
            "--like": self.like,
            "--map": self.map,
        }
        named = [name for name, value in asked.items() if value]
        if len(named) > 1:
            raise ConfigError(f"{' and '.join(named)} are different questions.", "Ask one at a time.")
        return named[0]

    def check(self, others: Iterable[str]) -> None:
        """Refuse options of ``foveal explain`` that do not concern the question.

        Raises:
            ConfigError: One is given, or images that are not needed, or none where some are.
        """
        from foveal.errors import ConfigError

        option, refused = self.option, list(others)
        if self.top is not None and option != "--like":
            refused.append("--top")
        if refused:
            raise ConfigError(f"{refused[0]} does not concern {option}.", "Leave it out.")
        if option == "--like" and not self.images:
            raise ConfigError("No image is named.", "Name images: foveal explain MODEL --like DATA photo.jpg")
        if option in ("--activations", "--heads", "--map") and self.images:
            raise ConfigError(f"{option} takes no further images, but {self.images[0]} is named.", "Leave it out.")


def show_learnt(asked: Learnt, *, save: Path | None, seed: int, json: bool, skip_bad: bool, device: str) -> None:
    """Do what is asked and print it."""
    from foveal.cli.terminal import Bar
    from foveal.inference.load import load

    option = asked.option
    with Bar(shown=not json) as bar:
        bar("loading the model", 0, None)
        with load(asked.model, device=device) as predictor:
            tell = {
                "--filters": _filters,
                "--activations": _activations,
                "--heads": _heads,
                "--like": _like,
                "--map": _map,
            }[option]
            tell(predictor, asked, _Screen(bar, save, seed, json, skip_bad))


@dataclass(frozen=True)
class _Screen:
    """How it is shown."""

    bar: "Bar"
    save: Path | None
    seed: int
    json: bool
    skip_bad: bool

    def folder(self, model: Path) -> Path:
        """Where it is written; what was asked for must take files before the work is done."""
        from foveal.artifact.atomic import make_room
        from foveal.runs.learnt.output import folder_for

        if self.save is not None:
            make_room(self.save)
        return folder_for(model, self.save)

    def notes(self, notes: Sequence[str]) -> None:
        from foveal.cli.screens import print_notes

        print_notes(list(notes))

    def document(self, values: dict[str, object], model: Path) -> None:
        from foveal.cli.screens import print_json

        print_json({"model": str(model), **values})

    def lines(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values below each other."""
        from rich.console import Console
        from rich.text import Text

        console = Console(soft_wrap=True)
        wide = max(len(name) for name, _ in rows) + 2
        for name, value in rows:
            console.print(Text(f"  {name:<{wide}}{value}"))


def _filters(predictor: "Predictor", asked: Learnt, screen: _Screen) -> None:
    from foveal.inference.files import find_images
    from foveal.runs.learnt.filters import draw_filters, images_at_hand
    from foveal.runs.learnt.network import network_of
    from foveal.runs.learnt.output import write_png

    network_of(predictor, "--filters")
    if asked.images:
        paths, note = find_images(asked.images).paths, ""
    else:
        paths, note = images_at_hand(asked.model)
    folder = screen.folder(asked.model)
    sheet = draw_filters(predictor, paths, progress=screen.bar)
    saved = write_png(folder / "filters.png", sheet.pixels)
    screen.notes([*([note] if note else []), *sheet.notes])
    if screen.json:
        return screen.document({"saved": str(saved), **sheet.to_dict()}, asked.model)
    return screen.lines([("kernels", f"{len(sheet.filters)}, strongest first"), ("saved", str(saved))])


def _activations(predictor: "Predictor", asked: Learnt, screen: _Screen) -> None:
    from foveal.cli.terminal import print_table
    from foveal.runs.learnt.activations import draw_activations
    from foveal.runs.learnt.output import save_page, write_png

    assert asked.activations is not None, "asked for"
    folder, image = screen.folder(asked.model), Path(asked.activations)
    screen.bar("looking at the image", 0, None)
    sheet = draw_activations(predictor, image, name=image.name)
    grid = write_png(folder / "activations.png", sheet.pixels)
    page = save_page(folder / "activations.html", sheet.page)
    document: dict[str, Any] = sheet.to_dict()
    if screen.json:
        return screen.document(
            {"path": asked.activations, "sheet": str(grid), "page": str(page), **document}, asked.model
        )
    from rich.console import Console

    rows = [_stage_row(stage) for stage in document["stages"]]
    titles = ("stage", "channels", "grid", "step", "sees", "half of its influence")
    print_table(Console(soft_wrap=True), titles, rows, left=(0,))
    return screen.lines([("image", str(grid)), ("page", str(page))])


def _heads(predictor: "Predictor", asked: Learnt, screen: _Screen) -> None:
    from rich.console import Console

    from foveal.cli.terminal import print_table
    from foveal.explain.learnt.heads_sheet import titles
    from foveal.runs.learnt.heads import draw_heads
    from foveal.runs.learnt.output import write_png

    assert asked.heads is not None, "asked for"
    screen.bar("looking at the image", 0, None)
    folder = screen.folder(asked.model)
    sheet = draw_heads(predictor, Path(asked.heads), seed=screen.seed)
    saved = write_png(folder / "heads.png", sheet.pixels)
    if screen.json:
        return screen.document({"path": asked.heads, "saved": str(saved), **sheet.to_dict()}, asked.model)
    rows = [
        (
            title,
            "" if one.peak is None else "{}, {}".format(*one.peak),
            "" if one.box_of_half is None else "{}, {} to {}, {}".format(*one.box_of_half),
        )
        for one, title in zip(sheet.evidence, titles(sheet.evidence), strict=True)
    ]
    print_table(Console(soft_wrap=True), ("map", "peak", "half lies within"), rows, left=(0,))
    return screen.lines([("saved", str(saved))])


def _stage_row(stage: dict[str, Any]) -> tuple[str, ...]:
    sizes = ["{} x {}".format(*pair) for pair in (stage["grid"], stage["sees_px"], stage["half_of_influence_px"])]
    return str(stage["stage"]), str(stage["channels"]), sizes[0], f"{stage['step_px']:.3g} px", sizes[1], sizes[2]


def _like(predictor: "Predictor", asked: Learnt, screen: _Screen) -> None:
    import numpy as np

    from foveal.artifact.atomic import make_room
    from foveal.inference.files import find_images
    from foveal.inference.names import OutputNames, plan_names
    from foveal.runs.learnt.like import find_alike
    from foveal.runs.learnt.output import write_png

    assert asked.like is not None, "asked for"
    found, save = find_images(asked.images, skip_closed=screen.skip_bad), screen.save
    if save is not None:
        make_room(save)
    likes = find_alike(
        predictor,
        asked.like,
        [found.source(path) for path in found.paths],
        top=TOP if asked.top is None else asked.top,
        skip_bad=screen.skip_bad,
        progress=screen.bar,
    )
    document: dict[str, Any] = likes.to_dict()
    if save is not None:
        names = OutputNames(save, plan_names(found.paths, found.names), ".png", once=frozenset(found.piped))
        for one, values in zip(likes.images, document["images"], strict=True):
            file = names.folder / f"{names.take(found.paths[one.place])}.like.png"
            values["saved"] = str(write_png(file, np.asarray(one.draw())))
    screen.notes([*found.left.notes(), *likes.notes])
    if screen.json:
        return screen.document({"data": str(asked.like), **document}, asked.model)
    return print_likes(likes, screen)


def print_likes(likes: "Likes", screen: _Screen) -> None:
    """A row for each of the nearest images."""
    from rich.console import Console

    from foveal.cli.terminal import print_table

    rows = [
        (near.name if place == 0 else "", str(one.path), f"{one.likeness:.3f}", ", ".join(one.labels))
        for near in likes.images
        for place, one in enumerate(near.alike)
    ]
    print_table(Console(soft_wrap=True), ("image", "nearest", "likeness", "class"), rows, left=(0, 1, 3))
    what = {"train": "training images"}.get(likes.split, "images")
    screen.lines(
        [
            ("among", f"{likes.among:,} {what}"),
            *([("drawings", str(screen.save))] if screen.save is not None else []),
        ]
    )


def _map(predictor: "Predictor", asked: Learnt, screen: _Screen) -> None:
    from foveal.runs.learnt.data_map import draw_map
    from foveal.runs.learnt.output import name_of, save_page

    assert asked.map is not None, "asked for"
    folder = screen.folder(asked.model)
    sheet = draw_map(predictor, asked.map, model=name_of(asked.model), seed=screen.seed, progress=screen.bar)
    page = save_page(folder / "map.html", sheet.page)
    screen.notes(sheet.notes)
    if screen.json:
        return screen.document({"page": str(page), **sheet.to_dict()}, asked.model)
    return screen.lines(
        [
            ("images", f"{sheet.images:,}"),
            ("marked", f"{sheet.mistakes:,}"),
            ("PCA holds", f"{sheet.explained:.0%} of the variance"),
            ("page", str(page)),
        ]
    )
