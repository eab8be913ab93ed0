"""Durations as people write them."""

import re

from foveal.errors import ConfigError

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Seconds in ``90``, ``90s``, ``5m`` or ``1.5h``.

    Raises:
        ConfigError: Not a duration.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigError(f"--time {text}: not a duration.", "Write it like 90s, 5m or 1.5h.")
    return float(match[1]) * UNITS_S[match[2] or "s"]
