"""Templates of pages that are one file, in the report's colours."""

from functools import cache
from typing import TYPE_CHECKING

from foveal.errors import MissingExtraError
from foveal.report.figures.palette import DARK, LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> "Environment":
    """Where the templates are, each compiled once, and the colours that all of them use.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("write a page", "jinja2") from None
    made = Environment(
        loader=PackageLoader("foveal.report", "template"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals.update(light=LIGHT, dark=DARK)
    return made
