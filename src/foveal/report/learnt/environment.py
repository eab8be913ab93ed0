"""Templates of pages that are one file, in the report's colours."""

import re
from functools import cache
from typing import TYPE_CHECKING

from foveal.errors import MissingExtraError
from foveal.report.figures.palette import DARK, LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FLAG = re.compile(r"(--[a-z][\w.-]*\w)")


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
    made.filters["whole_flags"] = whole_flags
    return made


def whole_flags(text: str) -> "Markup":
    """A text whose flags, such as --lr, are not broken at their hyphens."""
    from markupsafe import Markup, escape

    whole = Markup('<span class="flag">{}</span>')
    return Markup().join(whole.format(part) if i % 2 else escape(part) for i, part in enumerate(FLAG.split(text)))
