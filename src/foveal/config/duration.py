"""Durations as people write them."""

import re

from foveal.errors import ConfigError

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600}


def parse_duration(text: str, *, option: str = "--time") -> float:
    """Seconds in ``90``, ``90s``, ``5m`` or ``1.5h``.

    Args:
        text: The duration.
        option: Where it was given, for the message.

    Raises:
        ConfigError: Not a duration.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigError(f"{option} {text}: not a duration.", "Write it like 90s, 5m or 1.5h.")
    return float(match[1]) * UNITS_S[match[2] or "s"]
