"""Clocks that a test moves."""

import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest


def set_clock(patch: pytest.MonkeyPatch, module: ModuleType, **clocks: Callable[[], float]) -> None:
    """Let one module read other clocks.

    ``time`` itself stays as it is: other threads, such as the event loop of a server that another test began, would
    work out from a false time that they may sleep for hours.
    """
    patch.setattr(module, "time", SimpleNamespace(**{**vars(time), **clocks}))
