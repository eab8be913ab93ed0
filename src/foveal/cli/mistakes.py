"""What is wrong with the arguments of a command, and what to type instead."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from cyclopts import App
from cyclopts.argument import Argument
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from pydantic import ValidationError

from foveal.cli.help import EXAMPLES
from foveal.config.schema import RunConfig, in_words
from foveal.errors import ConfigError

SHORT_OPTIONS = {
    "train.epochs": "--epochs",
    "train.batch_size": "--batch-size",
    "train.time_s": "--time",
    "input.size": "--size",
    "optim.lr": "--lr",
    "data.workers": "--workers",
}
"""Short options of `foveal train`, by the setting that each gives."""
TOO_MANY = "It takes every value up to the next option: name DATA before it."


def explain(error: CycloptsError, app: App) -> tuple[str, str]:
    """What is wrong with the arguments and what to do: the command's own help, and an example of it."""
    command = " ".join(error.command_chain or ())
    hint = hint_for(command)
    match error:
        case UnknownOptionError():
            given = (error.token.keyword or error.token.value).partition("=")[0]
            known = [name for argument in error.argument_collection if not argument.children for name in argument.names]
            return _unknown("option", given, known), hint
        case UnknownCommandError(unused_tokens=[str(given), *_]) if given.startswith("-"):
            return _unknown("option", given, [*app.help_flags, *app.version_flags, "--help-all"]), hint
        case UnknownCommandError(unused_tokens=[str(given), *_]):
            group = app
            for name in error.command_chain or ():
                group = group[name]
            return _unknown("command", given, [name for name in group if not name.startswith("-")]), hint
        case UnusedCliTokensError(unused_tokens=[str(given), *_]):
            return f"`foveal {command}` has no use for {given}; a name with spaces needs quotes.", hint
        case MissingArgumentError(keyword=str(keyword)):
            return f"{keyword} needs a value{_expected(error.argument)}.", hint
        case MissingArgumentError() if error.argument is not None:
            name, what = error.argument.name, error.argument.parameter.help or ""
            if error.argument.index is not None:
                name = name.lstrip("-").upper()
            return f"`foveal {command}` needs {name}: {in_words(what)}", hint
        case CoercionError() if error.token is not None and error.token.keyword:
            return not_allowed(error.token.keyword, error.token.value, _expected(error.argument)), hint
    details = getattr(error.__cause__, "errors", None)
    if details is None:
        return " ".join(str(error).split()), hint
    first = details()[0]
    option = ".".join(part for part in first["loc"] if isinstance(part, str)).replace("_", "-")
    if option != ".".join(map(str, first["loc"])).replace("_", "-"):
        hint = TOO_MANY
    return not_allowed(f"--{option}", first["input"], f": {in_words(first['msg'])}"), hint


def check_values(command: str, values: Mapping[str, object]) -> None:
    """Check the bounds of settings that have a short option.

    Args:
        command: The command, for the hint.
        values: Nested sections of settings, each given by the option that ``SHORT_OPTIONS`` names.

    Raises:
        ConfigError: One is out of its bounds.
    """
    try:
        RunConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        option = SHORT_OPTIONS.get(key, f"--{key}")
        what = not_allowed(option, first["input"], f": {in_words(first['msg'])}")
        raise ConfigError(what, hint_for(command)) from None


def not_allowed(option: str, value: object, why: str) -> str:
    """An option with a value that it does not take."""
    return f"{option} {value} is not allowed{why}."


def hint_for(command: str) -> str:
    """The command's own help, and an example."""
    known = command if command in EXAMPLES else ""
    help_page = " ".join(["foveal", *([known] if known else []), "--help"])
    return f"See `{help_page}`; an example: {EXAMPLES[known][0]}"


def _expected(argument: Argument | None) -> str:
    """The values that an option takes, after a colon; empty if there is nothing to say."""
    if argument is None:
        return ""
    choices = argument.get_choices()
    if choices:
        return f": it takes {', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else f": {choices[0]}"
    names: dict[Any, str] = {int: "a whole number", float: "a number", bool: "no value, it is a flag"}
    kinds = (argument.hint, *get_args(argument.hint))
    return next((f": it takes {names[kind]}" for kind in kinds if kind in names), "")


def _unknown(what: str, given: str, known: Sequence[str]) -> str:
    """An unknown name and the nearest known one, within its section if the section exists."""
    section, dot, _ = given.rpartition(".")
    inside = [name for name in known if dot and name.startswith(section + dot)]
    keys = {name.removeprefix(section + dot): name for name in inside} or {name: name for name in known}
    bare = {key.lstrip("-"): name for key, name in keys.items()}
    asked = (given.removeprefix(section + dot) if inside else given).lstrip("-")
    holding = [key for key in bare if asked and asked in key]
    near = get_close_matches(asked, bare, n=1) or (holding if len(holding) == 1 else [])
    return f"Unknown {what}: {given}." + (f" Did you mean {bare[near[0]]}?" if near else "")
