"""The space that a user asked for: settings by name or pattern, a TOML file, or what is searched by default."""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

from foveal.config.concerns import check_concerned, flag, has_use
from foveal.config.schema import RunConfig, option_names
from foveal.data.notes import listed, plural
from foveal.errors import ConfigError
from foveal.runs.identity import flat
from foveal.tasks.table import STREAMS, TASKS, get_section
from foveal.tune.space.bounds import Bounds, bounds_of
from foveal.tune.space.dimension import Choice, Dimension, Range, Space, Value
from foveal.tune.space.usual import DEFAULT, OFF, PENALTY_ENDS, PRETRAINED_ONLY, WEIGHT_DECAY, usual

PATTERN = frozenset("*?[")
WORDS = ("low", "high", "log", "values")
EXAMPLE = 'For example: "optim.lr" = { low = 1e-5, high = 1e-2 }'
LENGTHS: Mapping[str, str] = {
    "train.epochs": "Use --epochs for all of them.",
    "train.time_s": "Use --time for all of it.",
}
"""Settings of a trial's length, which is the same for all, and what to use in their place."""
OTHER_IMAGES = ("task", "seed")
OF_IMAGES = "data."
"""Settings that change which images, or which labels, a trial is trained and evaluated on: these, and the section."""
SAME_IMAGES = ("data.sampling",)
"""Settings of that section that do not."""
NO_EFFECT = (
    "data.cache", "data.cache_dir", "data.workers", "train.checkpoint_steps", "train.eval_every", "runtime.device",
    "runtime.keep_pages", "runtime.tracker", "runtime.channels_last", "runtime.compile", "model.allow_download",
)  # fmt: skip
"""Settings that say how, not what, is computed."""


class Spaces:
    """Makes the space of a study.

    Args:
        task: Of the data set.
        config: The default, complete.
        lr: The task's own learning rate, whatever the default's is.
    """

    def __init__(self, task: str, config: RunConfig, *, lr: float) -> None:
        self.task, self.config, self.lr = task, config, lr
        self.values = flat(config.model_dump())
        self.known = [key for key in option_names() if self._concerns(key)]

    def default(self, given: Mapping[str, object]) -> Space:
        """What is searched where nothing is named; settings that the user gave stay as they are.

        Raises:
            ConfigError: All of them were given.
        """
        own = [f"{self.task}.{name}" for name in get_section(self.task).tuned]
        pretrained = bool(self.config.optim.freeze_norm)  # what is chosen where nothing else is asked for
        keys = [key for key in (*DEFAULT, *own) if key in self.known and key not in flat(given)]
        keys = [key for key in keys if pretrained or key not in PRETRAINED_ONLY]
        keys = [key for key in keys if not (key.startswith("augment.") and self.values[key] == OFF)]
        if not keys:
            raise ConfigError("Nothing is left to search: all usual settings are given.", "Name some with --tune.")
        return self.named(keys)

    def named(self, names: Sequence[str]) -> Space:
        """Settings by name or pattern, with their usual ranges.

        Raises:
            ConfigError: One is unknown, changes the split, or has no range.
        """
        found: dict[str, Dimension] = {}
        for name in names:
            key = name.strip().removeprefix("--").replace("-", "_")
            for one in self._matching(key) if PATTERN & set(key) else [self._checked(key, "--tune")]:
                found.setdefault(one, self._usual(one))
        if not found:
            raise ConfigError("No setting to search is named.", "Name some, such as optim.lr.")
        return Space(tuple(found.values()))

    def read(self, file: Path) -> Space:
        """A space file: ``[optim.lr]`` with ``low``, ``high`` and ``log``, or a list of values.

        Raises:
            ConfigError: It cannot be read, names an unknown setting, or a range is empty or out of bounds.
        """
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ConfigError(f"{file}: cannot be read ({error.strerror}).", "Check the path.") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{file}: not a text in UTF-8.", "Save it as UTF-8.") from None
        except ValueError as error:
            hint = "Strings need quotes." if str(error).startswith("Invalid value") else EXAMPLE
            raise ConfigError(f"{file}: not TOML ({error}).", hint) from None
        return self.given(values, where=str(file))

    def given(self, values: Mapping[str, object], *, where: str) -> Space:
        """The same from nested values.

        Raises:
            ConfigError: See ``read``.
        """
        found = dict[str, Dimension]()
        for key, value in _leaves(values, ""):
            if value == {} and key not in option_names():
                raise ConfigError(f"{where}: [{key}] is empty.", "Name a setting in it, or remove it.")
            if key in found:
                raise ConfigError(f"{where}: {key} is there twice.", "Remove one of them.")
            found[key] = self._ranged(self._checked(key, where), value, where)
        if not found:
            raise ConfigError(f"{where}: it names no setting.", EXAMPLE)
        return Space(tuple(found.values()))

    def _ranged(self, key: str, value: object, where: str) -> Dimension:
        bounds = bounds_of(key)
        assert bounds is not None, "checked"
        if isinstance(value, Mapping):
            _check_words(key, value, where)
        match value:
            case list(values):
                return _choice(key, values, bounds, where)
            case {"values": list(values)}:
                return _choice(key, values, bounds, where)
            case {"low": int() | float() as low, "high": int() | float() as high, **rest} if bounds.numeric:
                log = rest.get("log", low > 0 and high / low >= 100)
                return _range(Range(key, low, high, log=bool(log), whole=bounds.whole), bounds, where)
        raise ConfigError(
            f"{where}: {key} needs a list of values" + (", or low and high." if bounds.numeric else "."),
            f"It allows: {bounds.text}.",
        )

    def _usual(self, key: str) -> Dimension:
        bounds = bounds_of(key)
        assert bounds is not None, "checked"
        section, _, name = key.partition(".")
        own = get_section(self.task).tuned.get(name) if section == self.task else None
        if key == WEIGHT_DECAY and self.config.optim.has_penalty:
            own = PENALTY_ENDS
        found = usual(key, bounds, own, lr=self.lr)
        if found is None:
            values = "{ low = ..., high = ... }" if bounds.numeric else '["...", "..."]'
            raise ConfigError(
                f"--tune {flag(key)}: no usual range is known ({bounds.text}).",
                f'Give one in a file for --space: "{key}" = {values}',
            )
        return found

    def _checked(self, key: str, where: str) -> str:
        """A setting that can be searched.

        Raises:
            ConfigError: It cannot; the message says why.
        """
        if key not in option_names():
            _unknown(key, self.known, where, self.task)
        section, _, name = key.rpartition(".")
        if key in LENGTHS:
            raise ConfigError(f"{where}: trials are compared by epochs, so {key} cannot be searched.", LENGTHS[key])
        if key in NO_EFFECT:
            raise ConfigError(f"{where}: no result depends on {key}.", "Search other settings.")
        if changes_images(key):
            raise ConfigError(f"{where}: {key} would compare different images.", "Search other settings.")
        check_concerned({section: {name: "searched"}} if section else {name: "searched"}, self.task)
        if bounds_of(key) is None:
            raise ConfigError(f"{where}: {key} is neither a number nor a choice.", "Compare runs: foveal compare A B")
        return key

    def _matching(self, pattern: str) -> list[str]:
        found = [key for key in self.known if fnmatchcase(key, pattern)]
        if not found:
            known = listed([key for key in self.known if key.startswith(("optim.", "augment."))])
            raise ConfigError(f"--tune {pattern}: no setting that can be searched is called so.", f"Some are: {known}.")
        ranged = [key for key in found if self._has_range(key)]
        if not ranged:
            raise ConfigError(
                f"--tune {pattern}: none of the matching settings has a usual range.",
                f"Give ranges in a file for --space. {EXAMPLE}",
            )
        return ranged

    def _has_range(self, key: str) -> bool:
        bounds = bounds_of(key)
        return bounds is not None and usual(key, bounds, None, lr=self.lr) is not None

    def _concerns(self, key: str) -> bool:
        section = key.partition(".")[0]
        if (
            changes_images(key)
            or key in (*NO_EFFECT, *LENGTHS)
            or (section in (*TASKS, *STREAMS) and section != self.task)
        ):
            return False
        return has_use(key, self.task) and bounds_of(key) is not None


def changes_images(key: str) -> bool:
    """Whether a setting changes which images, or which labels, are trained and evaluated on."""
    return key in OTHER_IMAGES or (key.startswith(OF_IMAGES) and key not in (*SAME_IMAGES, *NO_EFFECT))


def _leaves(values: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    """Dotted keys, and a list or a table of ends for each."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value and not set(value) & set(WORDS):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check_words(key: str, value: Mapping[str, object], where: str) -> None:
    """Check the table of a setting: a range or a choice, of which each word is of its kind.

    Raises:
        ConfigError: It is not.
    """
    ends = [word for word in value if word != "values"]
    hint = "A range has low, high and perhaps log; a choice is a list of values."
    if unknown := [word for word in value if word not in WORDS]:
        raise ConfigError(f"{where}: {key} has no use for {unknown[0]!r}.", hint)
    if "values" in value and ends:
        raise ConfigError(f"{where}: {key} has both values and {ends[0]}.", hint)
    for word in ("low", "high"):
        if word in value and (isinstance(value[word], bool) or not isinstance(value[word], int | float)):
            raise ConfigError(f"{where}: {key}: {word} = {value[word]!r} is no number.", "Write it without quotes.")
    if not isinstance(value.get("log", True), bool):
        raise ConfigError(
            f"{where}: {key}: log = {value['log']!r} is neither true nor false.", "Write log = true or log = false."
        )


def _choice(key: str, values: Sequence[object], bounds: Bounds, where: str) -> Choice:
    known: list[Value] = []
    for value in values:
        if not isinstance(value, bool | int | float | str) or not bounds.allows(value):
            raise ConfigError(f"{where}: {key} = {value!r} is not allowed.", f"It allows: {bounds.text}.")
        known.append(float(value) if bounds.numeric and not bounds.whole else value)
    if len(set(known)) < 2:
        what = f"{where}: {key} has {plural(len(set(known)), 'value')}, so there is nothing to search."
        raise ConfigError(what, "Name two or more.")
    return Choice(key, tuple(dict.fromkeys(known)))


def _range(found: Range, bounds: Bounds, where: str) -> Range:
    if not math.isfinite(found.high - found.low):
        raise ConfigError(f"{where}: {found.key} from {found.low:g} to {found.high:g} has no end.", "Name numbers.")
    if found.low >= found.high:
        raise ConfigError(
            f"{where}: {found.key} from {found.low:g} to {found.high:g} is empty.", "low must be below high."
        )
    for end in (found.low, found.high):
        if not bounds.holds(end):
            raise ConfigError(f"{where}: {found.key} = {end:g} is out of bounds.", f"It allows: {bounds.text}.")
        if bounds.whole and end != int(end):
            raise ConfigError(f"{where}: {found.key} = {end:g} is no whole number.", "It takes whole numbers alone.")
    if found.log and found.low <= 0:
        raise ConfigError(
            f"{where}: {found.key} has no logarithm at {found.low:g}.", "Use log = false, or a low above 0."
        )
    return found


def _unknown(key: str, known: Sequence[str], where: str, task: str) -> NoReturn:
    section, _, name = key.rpartition(".")
    if section in (*TASKS, *STREAMS) and section != task:
        raise ConfigError(
            f"{where}: unknown key {key!r}, and the task is {task}, which has no use for settings of {section}.",
            "Leave it out.",
        )
    near = [one for one in known if one.endswith(f".{key}")]
    if beside := [one.rpartition(".")[2] for one in known if one.startswith(f"{section}.")]:
        near = [f"{section}.{one}" for one in get_close_matches(name, beside, n=1, cutoff=0.5)]
    near = near or ([] if beside else get_close_matches(key, known, n=1, cutoff=0.5))
    raise ConfigError(
        f"{where}: unknown key {key!r}.",
        f"Did you mean {near[0]!r}?" if near else "`foveal train --help-all` lists all keys.",
    )
