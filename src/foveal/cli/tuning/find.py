"""What ``foveal tune --find`` does and prints."""

import shlex
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import DASH, print_indented, print_json
from foveal.cli.terminal import Bar, print_table
from foveal.config.duration import parse_duration
from foveal.data.notes import plural
from foveal.types.size import Size

if TYPE_CHECKING:
    from foveal.tune.finders.attempts import Attempt
    from foveal.tune.finders.find_batch import BatchFound
    from foveal.tune.finders.find_lr import RateFound
    from foveal.tune.finders.memory import Memory

LIMITS = {
    "machine": "of what this machine has free",
    "container": "of the container's limit",
    "data": "of this process's limit (ulimit -d)",
    "address space": "of this process's limit (ulimit -v)",
    "device": "of the GPU's memory",
}


def find(
    data: str,
    what: Literal["batch", "lr"],
    *,
    recipe: str | None,
    settings: Sequence[Mapping[str, object]],
    time: str | None = None,
    json: bool = False,
) -> int:
    """Find a batch size or a learning rate, and print it.

    Args:
        data: As for ``foveal train``.
        what: What to find.
        recipe: As for ``foveal train``.
        settings: What the user gave, nested.
        time: Time limit as text; None: none.
        json: Whether to print one JSON document and nothing else.

    Returns:
        The exit code: 1 where nothing was found.
    """
    time_s = None if time is None else parse_duration(time)
    console = Console()
    if what == "batch":
        from foveal.tune.finders.find_batch import find_batch

        with Bar(shown=not json) as bar:
            batch = find_batch(data, recipe=recipe, settings=settings, time_s=time_s, progress=bar)
        if json:
            print_json(batch.to_dict())
        else:
            batch_screen(console, batch)
        return 0 if batch.best is not None else 1
    from foveal.tune.finders.find_lr import find_lr

    with Bar(shown=not json) as bar:
        rate = find_lr(data, recipe=recipe, settings=settings, time_s=time_s, progress=bar)
    if json:
        print_json(rate.to_dict())
    else:
        rate_screen(console, rate)
    return 0


def batch_screen(console: Console, found: "BatchFound") -> None:
    """The tries, the choice, and what to run."""
    default, best = found.default, found.best
    device = default.device_name if default.device == "cuda" else f"CPU, {plural(default.threads, 'thread')}"
    size = Size.of(default.size).in_px
    words = f"{default.task}, {default.backbone}, {size}, {default.images:,} training images, on {device}"
    console.print(Text(f"foveal tune {shlex.quote(str(found.data))} --find batch", "bold"), soft_wrap=True)
    print_indented(console, Text(words, "dim"))
    console.print()
    titles = ("batch", "images/s", "s/step", "memory", "")
    print_table(console, titles, [row(one) for one in found.tries], left=(4,))
    console.print()
    if limit := limit_of(found.tries):
        print_indented(console, Text(f"memory: at most 90% {LIMITS[limit.of]}, {size_text(limit.limit_bytes)}", "dim"))
    for note in found.notes:
        print_indented(console, Text(note, "dim"))
    if best is None:
        text = "no batch size fits into memory; take a smaller input (--input.size) or network (--model.backbone)"
        print_indented(console, Text(text, "bold red"))
        return
    why = "the smallest that is within 5% of the fastest"
    print_indented(console, Text.assemble((f"batch size {best.batch_size}", "bold green"), f"  ({why})"))
    if best.batch_size == default.batch_size:
        print_indented(console, Text("that is the default: nothing needs to be set"))
    else:
        scale = f"{found.rule} of {best.batch_size}/{default.batch_size}" if found.rule == "square root" else "linear"
        text = f"  ({scale} from {default.lr:g}, for {default.optimizer})"
        print_indented(console, Text.assemble((f"learning rate {found.lr:g}", "bold green"), text))
    console.print(Text(f"\n  Next: {found.command}", "dim"), soft_wrap=True)


def rate_screen(console: Console, found: "RateFound") -> None:
    """What each seed tells, the suggestion with its range, and what to run."""
    facts, one = found.facts, found.suggestion
    console.print(Text(f"foveal tune {shlex.quote(str(found.data))} --find lr", "bold"), soft_wrap=True)
    words = (
        f"{facts['task']}, {facts['backbone']}, {Size.of(facts['size']).in_px}, {facts['images']:,} training images,"
        f" batches of {facts['batch_size']}, {facts['optimizer']}, on {facts['device_name']}"
    )
    print_indented(console, Text(words, "dim"))
    console.print()
    rows = [
        (
            str(sweep.seed),
            f"{len(sweep.rates)}",
            f"{sweep.rates[0]:.1e} to {sweep.rates[-1]:.1e}",
            in_words(reading.start, ".3f"),
            in_words(reading.lowest, ".3f"),
            in_words(reading.steepest, ".1e", undefined="flat"),
            in_words(reading.diverges, ".1e", undefined="nowhere"),
        )
        for sweep, reading in zip(found.sweeps, found.readings, strict=True)
    ]
    titles = ("seed", "steps", "rates", "loss at start", "lowest", "falls fastest at", "diverges at")
    print_table(console, titles, rows)
    console.print()
    for note in found.notes:
        print_indented(console, Text(note, "dim"))
    if isfinite(one.rate):
        text = f"  (range {one.low:.1e} to {one.high:.1e}, over seeds and both rules)"
        print_indented(console, Text.assemble((f"learning rate {one.rate:.2g}", "bold green"), text))
    lowered = "" if found.factor == 1 else f", lowered to {found.default * found.factor:.2g} by the fitted head"
    print_indented(console, Text(f"default {found.default:.2g}{lowered}: {found.decision}"))
    console.print(Text(f"\n  Next: {found.command}", "dim"), soft_wrap=True)


def in_words(value: float, digits: str, *, undefined: str = DASH) -> str:
    """A number, or a word where there is none."""
    return format(value, digits) if isfinite(value) else undefined


def row(one: "Attempt") -> tuple[str, ...]:
    """A line of the table of tries."""
    memory = one.fullest
    need = DASH if memory is None else size_text(memory.most_bytes)
    words = {
        "measured": "",
        "too_large": "leaves less than 10% free",
        "out_of_memory": "ran out of memory",
        "not_tried": "not tried: would leave less than 10% free",
        "no_time": "stopped: time is over",
    }[one.state]
    known = one.state in ("measured", "too_large")
    speed = f"{one.images_per_s:.1f}" if known else DASH
    return str(one.batch_size), speed, f"{one.step_s:.2f}" if known else DASH, need, words


def limit_of(tries: "Sequence[Attempt]") -> "Memory | None":
    """The memory that limits the batch."""
    return next((one.fullest for one in tries if one.fullest is not None), None)


def size_text(size: int) -> str:
    """For example ``1.4 GiB``."""
    return f"{size / 2**30:.1f} GiB"
