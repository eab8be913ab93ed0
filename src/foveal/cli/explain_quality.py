"""``foveal explain --evaluate``: the options that go with it, and its screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foveal.explain.case import Effort
    from foveal.explain.quality.measured import Measured
    from foveal.explain.quality.sanity import Check
    from foveal.runs.explain.quality import QualityRun

TITLES = {
    "grid_energy": "grid game, energy",
    "grid_pointing": "grid game, pointing",
    "pointing": "pointing",
    "energy_in_box": "energy in box",
    "energy_in_mask": "energy in mask",
    "own_object": "own object before its neighbour",
    "insertion_blur": "insertion, blurred",
    "deletion_blur": "deletion, blurred",
    "insertion_mean": "insertion, mean colour",
    "deletion_mean": "deletion, mean colour",
}
LESS_IS_BETTER = ("deletion_blur", "deletion_mean")


def evaluate_explanations(
    model: Path,
    data: Path,
    *,
    given: "Sequence[str]",
    split: str | None,
    count: int | None,
    method: str,
    effort: "Effort",
    threshold: float | None,
    json: bool,
    device: Literal["auto", "cpu", "cuda", "tensorrt"],
) -> int:
    """Measure the explanations of a model and print them.

    Args:
        model: As for ``foveal explain``.
        data: A labelled data set.
        given: What is given and has no use here, by name; refused.
        split: Of the data set.
        count: Images; None: the usual number.
        method: As for ``foveal explain``.
        effort: Seed and budget.
        threshold: As for ``foveal explain``.
        json: Print one JSON document instead.
        device: Where the model runs.

    Returns:
        The exit code: 1 where the sanity check fails.
    """
    from foveal.cli.screens import print_json, print_notes
    from foveal.cli.terminal import Bar
    from foveal.errors import ConfigError
    from foveal.inference.load import load
    from foveal.runs.explain.quality import COUNT, explain_quality
    from foveal.types.selection import Selection

    if given:
        raise ConfigError(
            f"{given[0]} has no use with --evaluate: what is explained is what the data set has.",
            "Leave it out, or explain images without --evaluate.",
        )
    with Bar(shown=not json) as bar:
        bar("loading the model", 0, None)
        with load(model, device=device) as opened:
            done = explain_quality(
                opened.select(Selection(threshold=threshold)),
                data,
                split=split,
                count=COUNT if count is None else count,
                method=method,
                effort=effort,
                progress=bar,
            )
    print_notes(done.notes)
    if json:
        print_json({"model": str(model), "data": str(data), **done.to_dict()})
    else:
        print_quality(done)
    return 1 if done.quality.passed is False else 0


def print_quality(done: "QualityRun") -> None:
    """A row for each measure with its interval, and what knows nothing of the model beside it; then the checks."""
    from rich.console import Console
    from rich.text import Text

    from foveal.cli.terminal import print_table
    from foveal.data.notes import plural

    console, quality = Console(soft_wrap=True), done.quality
    where = f"the {done.split} split" if done.split else "all images"
    rows = [row_of(TITLES.get(name, name), name, one) for name, one in quality.measures.items()]
    print_table(console, ("measure", "value", "95% interval", "without the model", "gain"), rows, left=(0,))
    console.print()
    checks = [check_row(part, check) for part, check in quality.sanity.items()]
    if checks:
        titles = ("weights shuffled", "like the model's maps", "in the right image", "chance", "")
        print_table(console, titles, checks, left=(0,))
        console.print()
    lines = {
        "method": done.method,
        "images": f"{quality.images} of {done.read} that were read, from {where}: those on which the model is right",
    }
    if quality.mosaics:
        lines["mosaics"] = f"{quality.mosaics} of four images in {'full' if quality.full else 'half'} size"
    for name, text in lines.items():
        console.print(Text(f"  {name:<8}  {text}", "dim"))
    if quality.none:
        console.print(
            Text(f"  {plural(quality.none, 'map')} of the grid game without evidence, counted as 0.", "yellow")
        )
    for why in dict.fromkeys(quality.left_out.values()):
        names = [TITLES.get(name, name) for name, reason in quality.left_out.items() if reason == why]
        console.print(Text(f"  left out: {', '.join(names)}. {why}", "yellow"))
    if quality.passed is False:
        text = "The sanity check failed: the maps hardly depend on what the model has learnt. Do not rely on them."
        console.print(Text(f"  {text}", "bold red"))
    elif quality.passed:
        console.print(Text("  The sanity check passed: without the learnt weights the maps are others.", "green"))


def row_of(title: str, name: str, one: "Measured") -> tuple[str, ...]:
    """The cells of a measure."""
    beside = ", ".join(f"{word} {value:.3f}" for word, value in one.beside.items())
    gain = "" if one.gain is None else f"{one.gain.value:+.3f} ({one.gain.low:+.3f} to {one.gain.high:+.3f})"
    less = " (less is better)" if name in LESS_IS_BETTER else ""
    return title + less, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", beside, gain


def check_row(part: str, check: "Check") -> tuple[str, ...]:
    """The cells of a check."""
    alike, pointing = check.rank_correlation, check.game.get("grid_pointing")
    return (
        part.replace("random_", ""),
        f"{alike.value:.2f} ({alike.low:.2f} to {alike.high:.2f})",
        "" if pointing is None else f"{pointing.value:.2f} ({pointing.low:.2f} to {pointing.high:.2f})",
        "" if pointing is None else f"{pointing.beside['chance']:.2f}",
        "passed" if check.passed else "failed",
    )
