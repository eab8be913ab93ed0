"""JSON documents and their values, whatever stands where something else was expected."""

import json
import math
from pathlib import Path
from typing import Any

from foveal.errors import DataError

MAX_SHOWN = 60
"""Characters of a value that a message shows."""


def load_json(path: Path) -> object:
    """The content of a JSON file in UTF-8, UTF-16 or UTF-32.

    Raises:
        DataError: It cannot be read, or is not JSON; the message names the line.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).",
            "Correct or replace the file.",
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text.", "Save it as UTF-8, or replace the file.") from None
    except RecursionError:
        raise DataError(f"{path}: the JSON is nested too deeply.", "Replace the file.") from None
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}).", "Correct or replace the file.") from None


def mapping(value: object) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def number(value: object, name: str) -> float:
    """A finite number, also one written as text.

    Raises:
        ValueError: It is none; the message says so.
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
        if math.isfinite(found):
            return found
    raise ValueError(f"{name} is {'missing' if value is None else shown(value) + ', not a number'}")


def whole_size(width: object, height: object) -> tuple[int, int] | None:
    """Width and height in pixels; None where they are not given as positive numbers."""
    try:
        size = int(number(width, "width")), int(number(height, "height"))
    except ValueError:
        return None
    return size if min(size) > 0 and max(size) < 2**31 else None


def is_true(value: object) -> bool:
    """Whether a flag is set: true, a number but 0, or a word for it."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes")
    return isinstance(value, int | float) and bool(value)


def shown(value: object) -> str:
    """A value as JSON, short enough for a message."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (TypeError, ValueError):
        text = type(value).__name__
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
