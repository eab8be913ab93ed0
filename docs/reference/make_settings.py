"""Write settings.md beside this file: every setting of a run, from RunConfig itself.

python docs/reference/make_settings.py
"""

from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from foveal.config.schema import RunConfig
from foveal.types.settings import Settings

PAGE = Path(__file__).with_name("settings.md")
HEAD = """# Settings

Every setting of a training run. Each can stand in a recipe and in a run's `config.toml` as `key` under `[section]`, on
the command line as `--section.key` with dashes for underscores, and in Python as
`foveal.train(..., settings={"section": {"key": value}})`. A switch is turned off with `--section.no-key`. An unknown
key or a value outside its bounds is an error that says what is allowed.

*from the data* means that Foveal chooses when the run starts
([how](../guide/training.md#what-foveal-chooses)) and writes the choice into `config.toml`.

These have short forms: `--workers` (`data.workers`), `--size` (`input.size`), `--backbone` (`model.backbone`), `--lr`
(`optim.lr`), `--epochs` and `--batch-size` (`train`), `--time` (`train.time_s`; takes `90s`, `5m`, `1h`) and `--device`
(`runtime.device`).

This page is written by `python docs/reference/make_settings.py`; a test fails when it is out of date.
"""
UNSET = {"train.time_s": "none", "train.checkpoint_steps": "about once a minute"}
"""What None means where it is not "from the data"."""
NAMES = {int: "whole number", float: "number", str: "text", bool: "true, false"}


def page() -> str:
    """The whole page."""
    loose = [(name, field) for name, field in RunConfig.model_fields.items() if not is_section(field)]
    parts = [HEAD, table("The run", "Keys outside any section.", "", loose)]
    for name, field in RunConfig.model_fields.items():
        if is_section(field):
            section: type[Settings] = field.annotation  # type: ignore[assignment]
            fields = list(section.model_fields.items())
            parts.append(table(f"[{name}]", field.description or "", f"{name}.", fields))
    return "\n".join(parts)


def table(title: str, words: str, prefix: str, fields: list[tuple[str, FieldInfo]]) -> str:
    """One section: a heading, a line, a row a key."""
    lines = [f"## {title}", "", words, "", "| key | allowed | default | what it does |", "|---|---|---|---|"]
    for name, field in fields:
        what = (field.description or "").replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{name}` | {allowed(field)} | {default(prefix + name, field.default)} | {what} |")
    return "\n".join([*lines, ""])


def is_section(field: FieldInfo) -> bool:
    """Whether a field is a section of its own."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, Settings)


def allowed(field: FieldInfo) -> str:
    """The values that a field takes."""
    return kinds(field.annotation, bounds(field.metadata))


def kinds(annotation: Any, limits: str) -> str:
    """A type in words; choices are listed."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if hasattr(annotation, "__metadata__"):
        return kinds(annotation.__origin__, bounds(annotation.__metadata__[0].metadata))
    if get_origin(annotation) is tuple:
        return f"list of: {kinds(get_args(annotation)[0], '')}"
    if get_args(annotation):
        return " or ".join(kinds(part, limits) for part in get_args(annotation) if part is not NoneType)
    return f"{NAMES[annotation]}{limits}"


def bounds(metadata: Any) -> str:
    """Bounds in words, such as ``, 0 to 1`` or ``, above 0, below 1``."""
    words = ""
    closed = False
    for bound in metadata:
        match bound:
            case annotated_types.Ge(ge):
                words, closed = f", {ge} or more", True
            case annotated_types.Gt(gt):
                words = f", above {gt}"
            case annotated_types.Le(le):
                words = words.replace(" or more", f" to {le:,}") if closed else f"{words}, at most {le:,}"
            case annotated_types.Lt(lt):
                words += f", below {'2^63' if lt == 2**63 else lt}"
    return words


def default(key: str, value: Any) -> str:
    """A default as TOML writes it."""
    if value is None:
        return f"*{UNSET.get(key, 'from the data')}*"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
