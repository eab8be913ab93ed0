"""What ``foveal tune --advise`` does and prints."""

import shlex
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import DASH, print_indented, print_json
from foveal.cli.terminal import Bar, print_table
from foveal.cli.tuning.find import in_words
from foveal.config.duration import parse_duration
from foveal.data.notes import plural
from foveal.engine.logs.log import duration

if TYPE_CHECKING:
    from foveal.tune.advice.advice import Advice
    from foveal.tune.advice.ranking import Gain


def advise(
    data: str,
    *,
    recipe: str | None,
    settings: Sequence[Mapping[str, object]],
    time: str | None = None,
    seeds: int | None = None,
    out: Path | None = None,
    resume: Path | None = None,
    json: bool = False,
) -> None:
    """Find out what would help most, and print it.

    Args:
        data: As for ``foveal train``; not needed to resume.
        recipe: As for ``foveal train``.
        settings: What the user gave, nested.
        time: Time limit as text; None: none.
        seeds: Runs per part and per change; None: the default.
        out: The folder.
        resume: A folder to go on with.
        json: Whether to print one JSON document and nothing else.
    """
    from foveal.engine.clock import OWN_PROCESS, process_began
    from foveal.process import INTERRUPTS
    from foveal.tune.advice.advise import advise as run
    from foveal.tune.advice.advise import free_folder_of_advice
    from foveal.tune.advice.plan import PLAN

    folder = resume or out or (free_folder_of_advice(data) if data else None)
    try:
        with Bar(shown=not json) as bar:
            done = run(
                data,
                recipe=recipe,
                settings=settings,
                time_s=None if time is None else parse_duration(time),
                seeds=seeds,
                out=None if resume is not None else folder,
                resume=resume,
                progress=bar,
                began=process_began() if OWN_PROCESS.get() else None,
            )
    except KeyboardInterrupt:
        INTERRUPTS.end()
        begun = folder is not None and (folder / PLAN).exists()
        hint = f"Go on with: foveal tune --advise --resume {shlex.quote(str(folder))}" if begun else ""
        raise KeyboardInterrupt(hint) from None
    if json:
        print_json(done.to_dict())
    else:
        advice_screen(Console(), done)


def advice_screen(console: Console, done: "Advice") -> None:
    """The learning curve with its back-test, the changes with their ranks, and what to run."""
    metric = str(done.facts.get("metric", "score")).replace("_", " ")
    console.print(Text(f"foveal tune {done.plan.config.data.path} --advise", "bold"), soft_wrap=True)
    facts = f"{done.facts['task']}, {metric}, {plural(len(done.runs), 'run')}, on {done.facts['device']}"
    print_indented(console, Text(facts, "dim"))
    console.print()
    curve = done.curve
    rows = [
        (f"{curve.images[part]:,.0f}", in_words(mean(values), ".3f"), in_words(spread(values), ".3f"), str(len(values)))
        for part, values in curve.values.items()
    ]
    print_table(console, ("images", metric, "sd", "seeds"), rows)
    console.print()
    for text in curve_in_words(done):
        print_indented(console, Text(text))
    if done.gains:
        console.print()
        changes = [
            (
                gain.title,
                f"{gain.gain:+.3f}",
                f"{gain.low:+.3f} to {gain.high:+.3f}",
                f"{gain.minutes:+.1f}",
                f"{gain.per_minute:+.4f}" if gain.decision == "better" else DASH,
                rank_of(gain, done.gains),
                gain.decision,
            )
            for gain in done.gains
        ]
        titles = ("one change", metric, "95% interval", "minutes", "per minute", "rank", "")
        print_table(console, titles, changes, left=(0, 6))
    for name, error in done.failed.items():
        print_indented(console, Text(f"{name} failed: {error}", "red"))
    console.print()
    for note in done.notes:
        print_indented(console, Text(note, "dim"))
    budget = "" if done.plan.time_s is None else f" of {duration(done.plan.time_s)}"
    print_indented(console, Text(f"{duration(done.spent_s)}{budget}; every run is in {done.folder}", "dim"))
    if done.gains and not done.command:
        print_indented(console, Text("no change is seen to help: keep the settings"))
    if done.command:
        console.print(Text(f"\n  Next: {done.command}", "dim"), soft_wrap=True)


def curve_in_words(done: "Advice") -> list[str]:
    """The back-test, and what more images would give if it holds."""
    curve, back = done.curve, done.curve.back_test
    if back is None or curve.found is None:
        return []
    between = f"{back.value:.3f} ({back.low:.3f} to {back.high:.3f})"
    test = f"back-test: up to half of the images predict {between} for all; found {curve.found:.3f}"
    if not curve.holds:
        return [f"{test}, outside: the curve does not tell what more images would give"]
    words = [f"{test}, inside"]
    for one in curve.further:
        gain = one.value - (curve.found if curve.fitted is None else curve.fitted)
        between = f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
        words.append(f"{one.images:,.0f} images would give about {between}, {gain:+.3f} along the curve")
    return words


def rank_of(gain: "Gain", gains: "Sequence[Gain]") -> str:
    """A rank, with a word where others share it."""
    if gain.decision != "better":
        return DASH
    tied = sum(other.rank == gain.rank and other.decision == "better" for other in gains) > 1
    return f"{gain.rank} (tie)" if tied else str(gain.rank)


def mean(values: Sequence[float]) -> float:
    """Of scores."""
    return sum(values) / len(values)


def spread(values: Sequence[float]) -> float:
    """Their standard deviation; NaN for one."""
    middle = mean(values)
    return (sum((value - middle) ** 2 for value in values) / (len(values) - 1)) ** 0.5 if len(values) > 1 else nan
