"""Settings that differ between the sides of a comparison."""

from collections.abc import Iterable, Sequence

from foveal.report.wording import NOTHING, setting
from foveal.runs.identity import near
from foveal.runs.several.sides import Given

UNTOLD = ("data.workers", "data.cache", "data.cache_dir", "runtime.tracker")
"""Settings that no result depends on."""
SEEDS = ("seed", "data.split_seed", "data.fold")
"""Settings in which runs of one setting may differ."""


def different(sides: Sequence[Given]) -> list[tuple[str, list[str]]]:
    """Keys whose values differ, and each side's value in words; several seeds of one side are listed.

    The split and what was fitted for inference, such as a temperature, come last.
    """
    known = [side for side in sides if side.members[0].settings]
    keys = list(dict.fromkeys(key for side in known for key in side.members[0].settings if key not in UNTOLD))
    rows = [
        (key, [_value(side, key) for side in sides]) for key in keys if len({_value(side, key) for side in known}) > 1
    ]
    headers = [[member.kept.header for member in side.members] for side in sides]
    of_models = [("split", [_listed(str(one.get("split") or "all images") for one in own) for own in headers])]
    for part, missing in (("viewing", "one view"), ("decode", NOTHING)):
        for key in dict.fromkeys(key for own in headers for one in own for key in one.get(part, {})):
            words = [
                _listed(setting(one[part][key]) if key in one.get(part, {}) else missing for one in own)
                for own in headers
            ]
            of_models.append((f"inference: {key}", words))
    return [*rows, *((key, values) for key, values in of_models if len(set(values)) > 1)]


def _value(side: Given, key: str) -> str:
    if not side.members[0].settings:
        return "not known"
    return _listed(_shown(member.settings.get(key)) for member in side.members)


def _listed(words: Iterable[str]) -> str:
    """Each of them once."""
    return ", ".join(dict.fromkeys(words))


def _shown(value: object) -> str:
    return near(value) if isinstance(value, str) and value.startswith("/") else setting(value)
