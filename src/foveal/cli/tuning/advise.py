"""What ``foveal tune --advise`` does and prints."""

import shlex
from collections.abc import Mapping, Sequence
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
from foveal.report.page import PAGE
from foveal.report.wording import spoken

if TYPE_CHECKING:
    from foveal.tune.advice.advice import Advice


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
    quiet: bool = False,
) -> Path:
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
        quiet: Whether to print nothing.

    Returns:
        The folder.
    """
    from foveal.engine.clock import OWN_PROCESS, process_began
    from foveal.process import INTERRUPTS
    from foveal.tune.advice.advise import advise as run
    from foveal.tune.advice.advise import free_folder_of_advice
    from foveal.tune.advice.plan import PLAN

    folder = resume or out or (free_folder_of_advice(data) if data else None)
    try:
        with Bar(shown=not json and not quiet) as bar:
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
    elif not quiet:
        advice_screen(Console(), done)
    return done.folder


def advice_screen(console: Console, done: "Advice") -> None:
    """The learning curve with its back-test, the changes with their ranks, and what to run."""
    from foveal.tune.advice.wording import curve_in_words, mean, rank_of, spread

    metric = spoken(str(done.facts.get("metric", "score")))
    console.print(Text(f"foveal tune {shlex.quote(done.plan.config.data.path)} --advise", "bold"), soft_wrap=True)
    facts = f"{done.facts['task']}, {metric}, {plural(len(done.runs), 'run')}, on {done.facts['device']}"
    print_indented(console, Text(facts, "dim"))
    console.print()
    curve = done.curve
    rows = [
        (f"{curve.images[part]:,.0f}", in_words(mean(values), ".3f"), in_words(spread(values), ".3f"), str(len(values)))
        for part, values in curve.values.items()
    ]
    print_table(console, ("images", metric, "sd", "seeds"), rows)
    words = curve_in_words(done)
    if words:
        console.print()
    for text in words:
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
                rank_of(gain, done.gains, none=DASH),
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
    if (page := done.folder / PAGE).is_file():
        print_indented(console, Text(f"report  {page}"))
    if done.gains and not done.command:
        print_indented(console, Text("no change is seen to help: keep the settings"))
    if done.command:
        console.print(Text(f"\n  Next: {done.command}", "dim"), soft_wrap=True)
