"""Pages of help: usage, a few words, options in columns, examples; of many settings only those most used."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from cyclopts import App
from cyclopts.help import create_parameter_help_panel
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel

HELP, HELP_ALL = ("--help", "-h"), "--help-all"
EXAMPLES: Mapping[str, Sequence[str]] = {
    "": ("foveal train photos/", "foveal train --help"),
    "train": (
        "foveal train photos/ --time 10m --open",
        "foveal train --resume runs/photos",
    ),
    "evaluate": ("foveal evaluate runs/photos test-photos/",),
    "compare": (
        "foveal compare runs/small runs/large",
        "foveal compare runs/a-1,runs/a-2,runs/a-3 runs/b-1,runs/b-2,runs/b-3",
        "foveal compare a.onnx b.onnx --data photos/ --split test",
    ),
    "tune": (
        "foveal tune photos/ --time 2h",
        "foveal tune photos/ --tune optim.lr,augment.* --trials 30 --workers 2",
        "foveal tune --resume tune/photos",
        "foveal tune photos/ --find batch",
        "foveal tune photos/ --advise --time 30m",
    ),
    "predict": (
        "foveal predict runs/photos photo.jpg",
        "foveal predict runs/photos album/ --csv labels.csv",
        "foveal predict runs/photos clip.mp4 --save out.mp4",
        "foveal predict runs/photos archive/ --out labels.parquet",
    ),
    "generate": ('foveal generate runs/shakespeare --prompt "ROMEO:" --temperature 0.8',),
    "export": ("foveal export runs/photos", "foveal export runs/photos --int8", "foveal export runs/photos --evidence"),
    "parity": ("foveal parity runs/photos photos/",),
    "serve": ("foveal serve runs/photos", "foveal serve flowers=runs/photos cells.onnx --port 8080"),
    "models": ("foveal models 'resnet*'", "foveal models show vgg16 --size 224"),
    "models show": ("foveal models show alexnet", "foveal models show conv:N=2,M=3,act=maxout --size 64"),
    "explain": (
        "foveal explain runs/photos photo.jpg --save why/",
        "foveal explain runs/cells cells.jpg --object all",
        "foveal explain runs/photos --map photos/",
        "foveal explain runs/photos --evaluate test-photos/",
    ),
    "demo": ("foveal demo",),
    "scratch": ("foveal scratch train", "foveal scratch show convolution"),
    "scratch train": ("foveal scratch train", "foveal scratch train fashion-mnist --epochs 5"),
    "scratch show": ("foveal scratch show convolution --step 1", "foveal scratch show edges --image photo.jpg"),
    "--install-completion": ("foveal --install-completion --shell zsh",),
    "data": ("foveal data inspect photos/",),
    "data inspect": ("foveal data inspect photos/",),
    "data check": ("foveal data check photos/",),
    "data convert": (
        "foveal data convert boxes/ boxes-yolo/ --to yolo",
        "foveal data convert boxes/ crops/ --crops --crop-margin 0.1",
        "foveal data convert hub/ pets/ --to image_folder",
    ),
    "data preview": ("foveal data preview photos/ --out preview.png",),
}
"""Examples of each command."""
MOST_USED = {
    "Data and run": ("--data", "--task", "--out", "--config", "--resume", "--skip-bad", "--folds", "--seeds"),
    "Length and speed": ("--epochs", "--time", "--batch-size", "--lr", "--device", "--workers"),
    "Model": ("--backbone", "--model.weights", "--size", "--seed"),
    "Output": ("--json", "--quiet", "--open"),
}
"""What `foveal train --help` lists; what is in no group comes last."""
SHORT = {
    "--seed": "Seed of all random numbers; default: 0",
    "--shell": "zsh, bash, fish or powershell; default: the one you are in",
    "--output": "File to write; default: where the shell looks for completions",
    "--model.weights": "auto, none, or weights to start from: a run or a file",
}
METAVARS = {
    "STR": "TEXT",
    "INT": "N",
    "FLOAT": "X",
    "INT...": "N...",
    "FLOAT...": "X...",
    "STR...": "TEXT...",
    "INT|CHOICE": "N|backbone",
}
ALL_SETTINGS = "All settings"
LONGEST_CHOICES = 22
WIDEST_NAME = 30
NARROW = 60
"""Screens below this many characters have descriptions under the options, not beside them."""


class Page:
    """What a page shows: words, and panels of commands or options.

    For a group of commands this is a ``cyclopts.help.HelpFormatter`` that keeps what it is given. For one command the
    panels are made here: cyclopts would read the docstrings of all settings' sources again, which takes a second.
    """

    def __init__(self, app: App, tokens: Sequence[str]) -> None:
        self.description = ""
        self.panels: list[HelpPanel] = []
        self.chain, apps, _ = app.parse_commands(list(tokens))
        command = apps[-1]
        if command.default_command is None:
            app.help_formatter = self
            app.help_print(list(self.chain))
        else:
            self.description = (command.help or "").partition("\n\nArgs:")[0]
            with app.app_stack(apps):
                options = command.assemble_argument_collection(parse_docstring=False).filter_by(show=True)
            for group in options.groups:
                self.panels.append(create_parameter_help_panel(group, options.filter_by(group=group), "plaintext"))

    def __call__(self, console: Console, options: object, panel: "HelpPanel") -> None:  # noqa: ARG002
        """Keep a panel."""
        self.panels.append(panel)

    def render_usage(self, console: Console, options: object, usage: object) -> None:
        """``print_page`` has its own."""

    def render_description(self, console: Console, options: object, description: object) -> None:  # noqa: ARG002
        """Keep the description."""
        self.description = plain(description)


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether help is asked for, or needed: a group of commands is named and none of them."""
    before = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    if any(argument in (*HELP, HELP_ALL) for argument in before):
        return True
    return tuple(arguments) in ((), ("data",))


def print_page(app: App, arguments: Sequence[str]) -> None:
    """The page of the command that the arguments name."""
    console, show_all = Console(), HELP_ALL in arguments
    page = Page(app, [argument for argument in arguments if argument not in (*HELP, HELP_ALL)])
    command = " ".join(page.chain)
    panels = [panel for panel in page.panels if panel.entries]
    entries = [entry for panel in panels for entry in panel.entries]
    console.print(Text(usage(command, entries), "bold"), soft_wrap=True)
    console.print()
    for paragraph in page.description.strip().splitlines():
        console.print(Text("\n".join(wrap(paragraph, console.width))), soft_wrap=True)
    groups = list(grouped(panels, command, show_all=show_all, task=value_of("--task", arguments)))
    width = min(max(len(name) for _, lines in groups for name, _ in lines), WIDEST_NAME)
    for title, lines in groups:
        console.print()
        print_group(console, title, lines, width=width)
    console.print()
    console.print(Text("Examples" if len(EXAMPLES[command]) > 1 else "Example", "bold cyan"))
    for example in EXAMPLES[command]:
        console.print(Text(f"  {example}"), soft_wrap=True)


def usage(command: str, entries: Iterable["HelpEntry"]) -> str:
    """For example ``Usage: foveal predict MODEL IMAGES... [OPTIONS]``."""
    words = ["Usage: foveal", *([command] if command else [])]
    entries = list(entries)
    if not any(entry.metavar or entry.positional_label for entry in entries):
        return " ".join([*words, "COMMAND"]) if command in ("", "data") else " ".join([*words, "[OPTIONS]"])
    for entry in entries:
        if entry.positional_label:
            name = entry.positional_label + ("..." if str(entry.type).startswith("list") else "")
            words.append(name if entry.required else f"[{name}]")
    return " ".join([*words, "[OPTIONS]"])


def grouped(
    panels: Sequence["HelpPanel"], command: str, *, show_all: bool, task: str | None
) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Titles, and the labels and texts under each."""
    entries = {key_of(entry): entry for panel in panels for entry in panel.entries}
    if command != "train":
        own_panels = [panel for panel in panels if panel.title != ALL_SETTINGS]
        for panel in own_panels:
            title = "Options" if panel.title == "Parameters" else str(panel.title)
            lines = [
                (label(entry), text_of(entry) if plain(entry.description).strip() else SHORT.get(key_of(entry), ""))
                for entry in panel.entries
            ]
            if panel is own_panels[-1] and command:
                lines.append(("--help", "Show this page"))
                if len(own_panels) < len(panels):
                    lines.append((HELP_ALL, "The default's settings too: those of `foveal train`"))
            yield title, lines
        if show_all and len(own_panels) < len(panels):
            settings = [key_of(entry) for panel in panels if panel.title == ALL_SETTINGS for entry in panel.entries]
            yield from sections(settings, entries, task)
        return
    own = [key_of(entry) for panel in panels if panel.title != ALL_SETTINGS for entry in panel.entries]
    listed = {name for group in MOST_USED.values() for name in group}
    for title, names in MOST_USED.items():
        shown = [name for name in names if name in entries]
        if title == "Output":
            shown += [name for name in own if name not in listed and name.startswith("--") and name not in HELP]
        lines = [(label(entries[name]), short_text(entries[name])) for name in shown]
        if title == "Output" and not show_all:
            lines.append((HELP_ALL, "All settings, by section; with --task, of one task"))
        yield title, lines
    if show_all:
        yield from sections([name for name in entries if name not in own], entries, task)


def sections(
    names: Sequence[str], entries: Mapping[str, "HelpEntry"], task: str | None
) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Every setting, by section; of the tasks' sections only one if the task is known."""
    from foveal.config.concerns import has_use
    from foveal.config.schema import RunConfig
    from foveal.tasks.table import STREAMS, TASKS

    tasks = (*TASKS, *STREAMS)
    for section, field in RunConfig.model_fields.items():
        inside = [name for name in names if name.startswith(f"--{section}.")]
        if task in tasks and section not in tasks:
            inside = [name for name in inside if has_use(name.removeprefix("--").replace("-", "_"), task)]
        if not inside or (task in tasks and section in tasks and section != task):
            continue
        yield f"{section}: {field.description}", [(label(entries[name]), text_of(entries[name])) for name in inside]


def print_group(console: Console, title: str, lines: Sequence[tuple[str, str]], *, width: int) -> None:
    """A title, then each option beside its text, or above it where the screen is narrow."""
    console.print(Text("\n".join(wrap(title, console.width)), "bold cyan"), soft_wrap=True)
    beside = console.width >= NARROW
    indent = width + 4 if beside else 6
    for name, text in lines:
        first, *others = wrap(text, console.width - indent) or [""]
        if beside and len(name) <= width:
            console.print(Text.assemble("  ", (f"{name:<{width}}", "bold"), f"  {first}"), soft_wrap=True)
        else:
            console.print(Text(f"  {name}", "bold"), soft_wrap=True)
            others = [first, *others]
        for line in others:
            console.print(Text(" " * indent + line), soft_wrap=True)


def key_of(entry: "HelpEntry") -> str:
    """The option's long name."""
    return next(iter(entry.positive_names), entry.positional_label or "")


def label(entry: "HelpEntry") -> str:
    """The option and its value as one types them; a flag that is on has its ``no-`` in brackets."""
    name = key_of(entry)
    if entry.positional_label:
        return entry.positional_label
    off = next((n for n in entry.negative_names if "empty-" not in n), "")
    if off and entry.default in (None, "True"):
        head, dot, tail = name.rpartition(".") if "." in name else ("--", "", name.removeprefix("--"))
        name = f"{head}{dot}[no-]{tail}"
    names = ", ".join([name, *entry.positive_shorts])
    if entry.metavar == "CHOICE" and _are_short(entry):
        return f"{names} {'|'.join(entry.choices or ())}"
    metavar = entry.metavar or ""
    value = METAVARS.get(metavar, metavar).replace("CHOICE", "NAME")
    return f"{names} {value}" if value else names


def text_of(entry: "HelpEntry") -> str:
    """What an option does, which values it takes, and its default."""
    text = plain(entry.description).strip().rstrip(".")
    if entry.metavar in ("CHOICE", "CHOICE...") and entry.choices and not _are_short(entry):
        text += f" ({', '.join(entry.choices)})"
    if entry.default not in (None, "True") and "default:" not in text:
        text += f"; default: {entry.default}"
    return text


def short_text(entry: "HelpEntry") -> str:
    """The same on the short page; of a choice without an option of its own only the choices."""
    if entry.choices and not _are_short(entry):
        return f"{', '.join(choice for choice in entry.choices if choice != entry.default)}; default: {entry.default}"
    return SHORT.get(key_of(entry)) or text_of(entry)


def _are_short(entry: "HelpEntry") -> bool:
    return len("|".join(entry.choices or ())) <= LONGEST_CHOICES


def plain(renderable: Any) -> str:
    """The text of anything that rich prints, in one line per paragraph."""
    console = Console(width=10_000, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def value_of(option: str, arguments: Sequence[str]) -> str | None:
    """The value given to an option."""
    for i, argument in enumerate(arguments):
        if argument == option and i + 1 < len(arguments):
            return arguments[i + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
