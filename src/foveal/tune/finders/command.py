"""Settings as words of the command line. No torch."""

import shlex
from collections.abc import Mapping

from foveal.config.concerns import flag, flat
from foveal.types.size import Size

SHORT = {
    "input.size": "size",
    "model.backbone": "backbone",
    "train.epochs": "epochs",
    "train.batch_size": "batch-size",
    "optim.lr": "lr",
    "data.workers": "workers",
    "runtime.device": "device",
}
"""Settings with a short option of their own."""
SIZES = ("input.size", "input.eval_size")


def flags(settings: Mapping[str, object]) -> list[str]:
    """The options of ``foveal train`` that give these nested settings."""
    words: list[str] = []
    for key, given in flat(settings):
        value = str(Size.of(given)) if key in SIZES and isinstance(given, int | list | tuple) else given
        name = SHORT.get(key, flag(key))
        if isinstance(value, bool):
            section, _, last = name.rpartition(".")
            words.append(f"--{name}" if value else f"--{section}.no-{last}" if section else f"--no-{last}")
        elif isinstance(value, list | tuple):
            words += [f"--{name}", *map(str, value)]
        elif value is not None:
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return words


def train_command(data: str, *, recipe: str | None, settings: Mapping[str, object], found: Mapping[str, object]) -> str:
    """``foveal train`` with what the user gave and what was found.

    Args:
        data: The data set as the user named it.
        recipe: The recipe; None: none.
        settings: What the user gave, nested.
        found: What replaces or joins it, nested.
    """
    given = {key: value for key, value in flat(settings) if key != "data.path"}
    given |= dict(flat(found))
    words = ["foveal", "train", data, *(["--config", recipe] if recipe else []), *flags(given)]
    return shlex.join(words)
